// SPDX-License-Identifier: MIT
//
// The binary header that a proxy puts before the bytes of a connection it passes on: version 2 of
// the PROXY protocol (HAProxy's `doc/proxy-protocol.txt`, section 2.2).
//
//   12 bytes   signature
//    1 byte    version (2) and command: LOCAL, or PROXY
//    1 byte    family and transport of the addresses
//    2 bytes   how many bytes follow, highest first
//   …          source address, destination address, ports; then vectors of what else is known
//
// Only the source address is of interest here: the rest is skipped. What is no such header is
// found at its first wrong byte, and no more is kept of one than `Limits.proxyHeaderBytesMax`.

import Core

/// Reads the header that a proxy puts before the bytes of a connection.
package enum ProxyHeader {
    /// What the bytes so far come to.
    package enum Step: Equatable {
        /// The header is not complete; none of the bytes is consumed.
        case needMoreBytes
        /// The header.
        ///
        /// - Parameters:
        ///   - byteCount: How long it is; what follows belongs to the connection.
        ///   - source: Who connected to the proxy; nil if the header does not tell, so that the
        ///     connection counts as the proxy's own.
        case complete(byteCount: Int, source: PeerAddress?)
        /// The connection is not to be served.
        case failed(ProxyHeaderError)
    }

    private static let signature: StaticString = "\r\n\r\n\0\r\nQUIT\n"
    private static let opening: StaticString = "PROXY "
    private static let fixedBytes = 16

    /// Reads the header at the beginning of a connection.
    ///
    /// - Parameter bytes: All bytes of the connection so far.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard agrees(bytes, with: signature) else {
            guard agrees(bytes, with: opening) else { return .failed(.absent) }
            return bytes.count < opening.utf8CodeUnitCount
                ? .needMoreBytes : .failed(.version1)
        }
        guard bytes.count >= fixedBytes else { return .needMoreBytes }
        guard bytes[12] >> 4 == 2 else { return .failed(.unknownVersion) }
        guard let isLocal = isLocal(command: bytes[12] & 15) else {
            return .failed(.unknownCommand)
        }
        guard bytes[13] >> 4 <= 3, bytes[13] & 15 <= 2 else { return .failed(.unknownFamily) }
        let rest = Int(bytes[14]) << 8 | Int(bytes[15])
        let isKnown = !isLocal && bytes[13] & 15 != 0
        let addressBytes = isKnown ? addressBytes(family: bytes[13] >> 4) : 0
        guard rest >= addressBytes else { return .failed(.tooShort) }
        let byteCount = fixedBytes + rest
        guard byteCount <= Limits.proxyHeaderBytesMax else { return .failed(.tooLong) }
        guard bytes.count >= byteCount else { return .needMoreBytes }
        return .complete(
            byteCount: byteCount,
            source: isKnown ? source(in: bytes, family: bytes[13] >> 4) : nil)
    }

    /// Whether the bytes are the beginning of `text`, or begin with it.
    private static func agrees(_ bytes: UnsafeRawBufferPointer, with text: StaticString) -> Bool {
        text.withUTF8Buffer { zip(bytes, $0).allSatisfy { $0 == $1 } }
    }

    private static func isLocal(command: UInt8) -> Bool? {
        switch command {
        case 0: true
        case 1: false
        default: nil
        }
    }

    /// The bytes of both addresses and their ports: none, IPv4, IPv6, or Unix.
    private static func addressBytes(family: UInt8) -> Int { [0, 12, 36, 216][Int(family)] }

    private static func source(
        in bytes: UnsafeRawBufferPointer, family: UInt8
    ) -> PeerAddress? {
        switch family {
        case 1: .ipv4(UInt32(truncatingIfNeeded: number(in: bytes, fixedBytes..<(fixedBytes + 4))))
        case 2:
            PeerAddress(
                high: number(in: bytes, fixedBytes..<(fixedBytes + 8)),
                low: number(in: bytes, (fixedBytes + 8)..<(fixedBytes + 16)))
        // A process of the proxy's machine, not of this one.
        default: nil
        }
    }

    private static func number(
        in bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) -> UInt64 {
        bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Why bytes are no header of a proxy.
package enum ProxyHeaderError: Error, Equatable, CustomStringConvertible {
    /// They are something else.
    case absent
    /// They are a header in the text of version 1.
    case version1
    /// The signature is followed by another version than 2.
    case unknownVersion
    /// The command is neither LOCAL nor PROXY.
    case unknownCommand
    /// There is no such kind of address.
    case unknownFamily
    /// It has no room for the addresses that it announces.
    case tooShort
    /// It is longer than `Limits.proxyHeaderBytesMax`.
    case tooLong

    /// What is wrong, for the operator.
    package var description: String {
        switch self {
        case .absent: "no PROXY header"
        case .version1: "a PROXY header of version 1; version 2 is needed (send-proxy-v2)"
        case .unknownVersion: "a PROXY header of an unknown version"
        case .unknownCommand: "a PROXY header with an unknown command"
        case .unknownFamily: "a PROXY header with an unknown kind of address"
        case .tooShort: "a PROXY header that is shorter than its addresses"
        case .tooLong: "a PROXY header of more than \(Limits.proxyHeaderBytesMax) bytes"
        }
    }
}
