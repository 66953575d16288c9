// SPDX-License-Identifier: MIT

import Core
import Hub

/// What a stream is of.
package enum Channel: Hashable, Sendable {
    /// The monitored collections that pass a filter.
    case monitor(ChangeFilter)
    /// One collection, monitored or not; its events may carry what changed in it.
    case collection(CollectionPath, includesChanges: Bool = false)
    /// The broadcasts, all of them.
    case broadcasts
}
