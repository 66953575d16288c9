// SPDX-License-Identifier: MIT

/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`, or a single one.
package struct AddressNetwork: Hashable, Sendable {
    /// The lowest address.
    private let base: PeerAddress
    /// How many bits all of them share.
    private let prefixBits: Int

    /// Reads an address, or an address, a slash and a number of bits; nil for anything else, and
    /// for an address with bits beyond that number, which is more likely a mistake than a network.
    ///
    /// - Complexity: O(length of `text`).
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = PeerAddress(numeric: parts[0]) else { return nil }
        let isMapped = parts[0].utf8.contains(UInt8(ascii: ":")) && address.isIPv4
        let bitsMax = address.isIPv4 && !isMapped ? 32 : 128
        var bits = bitsMax
        if parts.count == 2 {
            guard let first = parts[1].utf8.first, first != UInt8(ascii: "-"),
                let number = DecimalNumber.parse(parts[1].utf8, digitsMax: 3), number <= bitsMax
            else { return nil }
            bits = Int(number)
        }
        if isMapped { bits -= 96 }
        guard bits >= 0, address.keeping(bits: bits) == address else { return nil }
        base = address
        prefixBits = bits
    }

    /// Whether an address is one of the network's.
    package func contains(_ address: PeerAddress) -> Bool {
        address.keeping(bits: prefixBits) == base
    }
}

extension AddressNetwork: CustomStringConvertible {
    package var description: String { "\(base)/\(prefixBits)" }
}

extension PeerAddress {
    fileprivate var isIPv4: Bool {
        if case .ipv4 = self { true } else { false }
    }

    /// The address with all bits beyond the first ones cleared.
    fileprivate func keeping(bits: Int) -> PeerAddress {
        switch self {
        case .ipv4(let number): .ipv4(number & ~(UInt32.max >> UInt32(min(bits, 32))))
        case .ipv6(let high, let low):
            .ipv6(
                high: high & ~(UInt64.max >> UInt64(min(bits, 64))),
                low: low & ~(UInt64.max >> UInt64(max(bits - 64, 0))))
        case .unix: .unix
        }
    }
}

/// Whose word counts for where a request came from: the proxies in front of the server.
package struct TrustedProxies: Hashable, Sendable {
    private var networks: [AddressNetwork] = []
    private var includesUnix = false

    /// Trusts nobody.
    package init() {}

    /// Trusts the addresses and networks that `words` spell, and who comes through a socket file
    /// if one of them is `unix`; nil if a word is neither.
    ///
    /// - Complexity: O(length of the words).
    package init?(words: [String]) {
        for word in words {
            if word == "unix" {
                includesUnix = true
            } else {
                guard let network = AddressNetwork(parsing: word) else { return nil }
                networks.append(network)
            }
        }
    }

    /// Whether nobody is trusted.
    package var isEmpty: Bool { networks.isEmpty && !includesUnix }

    /// Whether a peer is one of them.
    ///
    /// - Complexity: O(number of networks), which is at most `Limits.trustedProxiesMax`.
    package func contains(_ peer: PeerAddress) -> Bool {
        peer == .unix ? includesUnix : networks.contains { $0.contains(peer) }
    }
}
