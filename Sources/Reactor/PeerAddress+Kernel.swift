// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

extension PeerAddress {
    /// Reads what the kernel said.
    init(_ peer: hg_peer) {
        switch peer.family {
        case AF_INET: self = .ipv4(peer.ipv4)
        case AF_INET6: self.init(high: peer.ipv6_high, low: peer.ipv6_low)
        default: self = .unix
        }
    }
}
