// SPDX-License-Identifier: MIT

import Core
import Reactor

/// What the operator says of the connections that come in.
package struct EdgeConfiguration: Sendable, Equatable {
    /// Whose word counts for where a request came from.
    package var trustedProxies = TrustedProxies()
    /// Where connections begin with a proxy's header, by the places of the listeners.
    package var proxiedListeners: Set<ListenerID> = []
    /// Connections of one address; 0 for any number. Many clients may share one: behind a
    /// provider's or an office's translation, or behind a proxy that is not named as trusted.
    package var connectionsPerAddressMax = 0
    /// Streams of one address; 0 for any number.
    package var streamsPerAddressMax = 0
    /// Memory above which new streams are refused; 0 for none, nil for what the control group says.
    package var memoryMegabytesMax: Int?
    /// A loop's lag above which it takes no new streams; 0 for any.
    package var loopLagMillisecondsMax = Limits.loopLagMillisecondsDefault

    /// Makes a configuration that trusts nobody.
    package init() {}
}
