// SPDX-License-Identifier: MIT

import Core

/// An address as clients are told apart by it, in one word.
///
/// IPv4 addresses are taken whole, of IPv6 addresses the first 64 bits: one customer of a provider
/// has at least the other 64 to choose from. Peers on a socket file are nobody.
struct AddressKey: Hashable, Sendable {
    /// The word; 0 for nobody.
    let bits: UInt64

    /// Reads a key back from its word.
    init(bits: UInt64) {
        self.bits = bits
    }

    /// Makes the key of a peer.
    init(_ peer: PeerAddress) {
        switch peer {
        case .ipv4(let number): bits = AddressKey.ipv4Mark | UInt64(number)
        // `::/64`, where the loopback address is, must not be nobody; nothing else is `0:0:0:1`.
        case .ipv6(let high, _): bits = high == 0 ? 1 : high
        case .unix: bits = 0
        }
    }

    /// Nobody: counted nowhere.
    static let none = AddressKey(bits: 0)

    /// What precedes an IPv4 address: a prefix of IPv6 that is reserved (RFC 4291, 4).
    private static let ipv4Mark: UInt64 = 0xFFFF << 32
}

extension AddressKey: CustomStringConvertible {
    /// The IPv4 address, the IPv6 network, or `unix`.
    var description: String {
        if bits == 0 { return "unix" }
        if bits >> 32 == AddressKey.ipv4Mark >> 32 {
            return PeerAddress.ipv4(UInt32(truncatingIfNeeded: bits)).description
        }
        return PeerAddress.ipv6(high: bits == 1 ? 0 : bits, low: 0).description + "/64"
    }
}
