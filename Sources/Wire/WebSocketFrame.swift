// SPDX-License-Identifier: MIT

/// What a frame is (RFC 6455, section 5.2).
package enum WebSocketOpcode: UInt8, Sendable {
    /// More of the message that was begun.
    case continuation = 0x0
    /// A message of UTF-8, or its beginning.
    case text = 0x1
    /// A message of bytes, or its beginning.
    case binary = 0x2
    /// The end of the conversation.
    case close = 0x8
    /// A question that a pong answers.
    case ping = 0x9
    /// The answer to a ping, or a sign of life nobody asked for.
    case pong = 0xA

    /// Whether the frame steers the connection rather than carries a message (5.5).
    package var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Which side of a connection one is on: only clients mask (RFC 6455, section 5.1).
package enum WebSocketRole: Sendable {
    /// Expects masked frames, sends them bare.
    case server
    /// Expects bare frames, sends them masked.
    case client
}

/// Why a connection ends (RFC 6455, section 7.4).
package struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable {
    /// The number as sent.
    package let rawValue: UInt16

    /// Makes a code of its number.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The conversation is over.
    package static let normal = WebSocketCloseCode(rawValue: 1000)
    /// The server goes down, or the page is left.
    package static let goingAway = WebSocketCloseCode(rawValue: 1001)
    /// The peer broke the protocol.
    package static let protocolError = WebSocketCloseCode(rawValue: 1002)
    /// The peer sent a kind of message that is not accepted here.
    package static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    /// A text message was not UTF-8.
    package static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    /// The peer broke a rule of ours.
    package static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    /// A message was too big.
    package static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    /// Something went wrong on this side.
    package static let internalError = WebSocketCloseCode(rawValue: 1011)
    /// The service restarts (IANA registry).
    package static let serviceRestart = WebSocketCloseCode(rawValue: 1012)
    /// The service has no room now (IANA registry).
    package static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)

    /// Whether the code may stand in a close frame: 1004 to 1006 and 1015 are reserved, 1016 to
    /// 2999 not assigned, and others outside 1000 to 4999 mean nothing (7.4.1 and 7.4.2).
    package var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        case _: false
        }
    }
}

/// Why a peer's bytes end the connection.
package enum WebSocketError: Error, Equatable, CaseIterable, Sendable {
    /// A reserved bit was set, which no extension was agreed on for (5.2), or not for this frame.
    case reservedBit
    /// An opcode that means nothing (5.2).
    case reservedOpcode
    /// A client's frame without a mask (5.1).
    case unmaskedFrame
    /// A server's frame with a mask (5.1).
    case maskedFrame
    /// A control frame that is not whole or too long (5.5).
    case invalidControlFrame
    /// A length not in its shortest form, or with its top bit set (5.2).
    case invalidLength
    /// A continuation of nothing, or a new message before the end of the last (5.4).
    case invalidFragmentation
    /// A close frame with one byte, or a code that may not be sent (7.4).
    case invalidClose
    /// Text, or a close frame's reason, that is not UTF-8 (8.1).
    case invalidUTF8
    /// A message above the limit.
    case messageTooBig
    /// A compressed message that cannot be inflated (RFC 7692, 7.2.2).
    case invalidCompression

    /// The code to close with.
    package var closeCode: WebSocketCloseCode {
        switch self {
        case .reservedBit, .reservedOpcode, .unmaskedFrame, .maskedFrame, .invalidControlFrame,
            .invalidLength, .invalidFragmentation, .invalidClose:
            .protocolError
        case .invalidUTF8, .invalidCompression: .invalidPayload
        case .messageTooBig: .messageTooBig
        }
    }

    /// What is wrong, in a few words: the reason in the close frame.
    package var reason: String {
        switch self {
        case .reservedBit: "Reserved bit set"
        case .reservedOpcode: "Reserved opcode"
        case .unmaskedFrame: "Unmasked frame"
        case .maskedFrame: "Masked frame"
        case .invalidControlFrame: "Invalid control frame"
        case .invalidLength: "Invalid length"
        case .invalidFragmentation: "Invalid fragmentation"
        case .invalidClose: "Invalid close frame"
        case .invalidUTF8: "Invalid UTF-8"
        case .messageTooBig: "Message too big"
        case .invalidCompression: "Invalid compressed data"
        }
    }
}

/// The key that a client masks a frame with (RFC 6455, section 5.3). It must be unpredictable,
/// so its four bytes come from the caller's source of chance.
package struct WebSocketMask: Equatable, Sendable {
    /// The four bytes, the first in the lowest place.
    private(set) var littleEndian: UInt32

    /// Makes a key of random bits.
    package init(randomBits: UInt32) {
        littleEndian = randomBits
    }

    /// Makes a key of its four bytes.
    package init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        littleEndian =
            UInt32(first) | UInt32(second) << 8 | UInt32(third) << 16 | UInt32(fourth) << 24
    }

    /// Masks or unmasks `bytes` in place, eight at a time, and turns the key so that it fits the
    /// bytes that follow.
    ///
    /// - Complexity: O(*n*).
    mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
        let wide = UInt64(littleEndian) | UInt64(littleEndian) << 32
        var index = 0
        while index &+ 8 <= bytes.count {
            let word = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            bytes.storeBytes(of: (word ^ wide).littleEndian, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        var rest = wide
        while index < bytes.count {
            bytes[index] ^= UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            index &+= 1
        }
        let turn = UInt32(bytes.count & 3) * 8
        littleEndian = littleEndian >> turn | littleEndian << ((32 - turn) & 31)
    }
}
