// SPDX-License-Identifier: MIT

import Core
import Reactor

/// What the operator says of the connections that come in.
package struct EdgeConfiguration: Sendable, Equatable {
    /// Whose word counts for where a request came from.
    package var trustedProxies = TrustedProxies()
    /// Where connections begin with a proxy's header, by the places of the listeners.
    package var proxiedListeners: Set<ListenerID> = []

    /// Makes a configuration that trusts nobody.
    package init() {}
}
