// SPDX-License-Identifier: MIT

import Core

/// What a loop that has come to some revision lacks: the newest entry of each collection that
/// changed since, whatever number of commits that covers.
package struct News: Sendable {
    /// The entries of monitored collections, oldest change first.
    package let monitored: [Entry]
    /// The entries of the other collections, oldest change first.
    package let others: [Entry]
    /// The head that they lead to.
    package let head: Revision
}
