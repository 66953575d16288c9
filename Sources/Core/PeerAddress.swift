// SPDX-License-Identifier: MIT

/// Who is at the other end of a connection, without the port.
package enum PeerAddress: Hashable, Sendable {
    /// An IPv4 address in host order: 127.0.0.1 is `0x7F000001`. Also for IPv4 over an IPv6 socket.
    case ipv4(UInt32)
    /// The 16 bytes of an IPv6 address as two numbers, first byte highest.
    case ipv6(high: UInt64, low: UInt64)
    /// A process of this machine, through a socket file.
    case unix

    /// Makes the address of an IPv6 socket's peer; IPv4-mapped ones (RFC 4291, 2.5.5.2) become
    /// IPv4 ones.
    package init(high: UInt64, low: UInt64) {
        self =
            high == 0 && low >> 32 == 0xFFFF
            ? .ipv4(UInt32(truncatingIfNeeded: low)) : .ipv6(high: high, low: low)
    }

    /// Reads a numeric address, without brackets, port or zone; nil for anything else.
    ///
    /// IPv4 is four decimal numbers without leading zeros, which some programs take for octal;
    /// IPv6 is any form of RFC 4291, section 2.2.
    ///
    /// - Complexity: O(length of `text`), which is at most 45 for an address.
    package init?(numeric text: some StringProtocol) {
        let bytes = text.utf8
        guard bytes.count <= Self.textBytesMax else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let (high, low) = IPv6Text.parse(Array(bytes)) else { return nil }
            self.init(high: high, low: low)
        } else {
            guard let number = IPv4Text.parse(Array(bytes)[...]) else { return nil }
            self = .ipv4(number)
        }
    }

    /// `xxxx:` six times and an IPv4 address.
    private static let textBytesMax = 45
}

extension PeerAddress: CustomStringConvertible {
    /// The numeric address (IPv6 as in RFC 5952), or `unix`.
    package var description: String {
        switch self {
        case .ipv4(let number):
            "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
        case .ipv6(let high, let low): IPv6Text.spell(high, low)
        case .unix: "unix"
        }
    }
}

/// IPv4 addresses as text.
private enum IPv4Text {
    static func parse(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            var number: UInt32 = 0
            for byte in part {
                let digit = byte &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                number = number * 10 + UInt32(digit)
            }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }
}

/// IPv6 addresses as text: eight groups of 16 bits, of which one run of zeros may be left out.
private enum IPv6Text {
    private static let colon = UInt8(ascii: ":")

    static func parse(_ text: [UInt8]) -> (high: UInt64, low: UInt64)? {
        guard let gap = text.indices.dropLast().first(where: { isGap(text, at: $0) }) else {
            guard let all = groups(text[...]), all.count == 8 else { return nil }
            return numbers(all)
        }
        // A second gap leaves an empty group in what is behind the first, which is refused there.
        let front = text[..<gap]
        guard !front.contains(UInt8(ascii: ".")), let before = groups(front),
            let after = groups(text[(gap + 2)...]), before.count + after.count < 8
        else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - before.count - after.count)
        return numbers(before + zeros + after)
    }

    private static func isGap(_ text: [UInt8], at place: Int) -> Bool {
        text[place] == colon && text[place + 1] == colon
    }

    /// The groups of a part without a gap; the last may be an IPv4 address, which makes two.
    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: colon, omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            if place == parts.count - 1, let number = IPv4Text.parse(part) {
                groups += [UInt16(number >> 16), UInt16(truncatingIfNeeded: number)]
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for byte in part {
                guard let digit = hexadecimalValue(byte) else { return nil }
                group = group << 4 | UInt16(digit)
            }
            groups.append(group)
        }
        return groups
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func numbers(_ groups: [UInt16]) -> (high: UInt64, low: UInt64) {
        func number(_ part: ArraySlice<UInt16>) -> UInt64 {
            part.reduce(0) { $0 << 16 | UInt64($1) }
        }
        return (number(groups[..<4]), number(groups[4...]))
    }

    /// The spelling of RFC 5952, section 4: lower case, the first of the longest runs of at least
    /// two zero groups left out.
    static func spell(_ high: UInt64, _ low: UInt64) -> String {
        let groups = [high, low].flatMap { number in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: number >> UInt64($0)) }
        }
        var gap = 0..<0
        var run = 0..<0
        for (place, group) in groups.enumerated() {
            run = group == 0 ? run.lowerBound..<(place + 1) : (place + 1)..<(place + 1)
            if run.count > gap.count { gap = run }
        }
        func spelled(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard gap.count > 1 else { return spelled(groups[...]) }
        return spelled(groups[..<gap.lowerBound]) + "::" + spelled(groups[gap.upperBound...])
    }
}
