// SPDX-License-Identifier: MIT

import Core

/// The bytes of a frame before its payload (RFC 6455, section 5.2).
struct WebSocketFrameHeader {
    /// What came of reading one.
    enum Result {
        /// The header goes on behind these bytes.
        case needMoreBytes
        /// A header that keeps the rules, and how many bytes it has.
        case header(WebSocketFrameHeader, byteCount: Int)
        /// A header that breaks one.
        case failed(WebSocketError)
    }

    /// Whether this is its message's last frame.
    let isFinal: Bool
    /// Whether the message that it begins is compressed: the bit RSV1 (RFC 7692, section 6).
    let isCompressed: Bool
    /// What the frame is.
    let opcode: WebSocketOpcode
    /// How many bytes of payload follow.
    let payloadBytes: Int
    /// The key of a masked frame.
    let mask: WebSocketMask?

    /// Reads the header at `start`. Each rule is checked as soon as its byte is there.
    ///
    /// - Parameter allowsCompression: Whether messages may be compressed; then that stands in their
    ///   first frame, and in no other (RFC 7692, section 6.1).
    static func read(
        _ bytes: UnsafeRawBufferPointer, at start: Int, role: WebSocketRole,
        allowsCompression: Bool
    ) -> Result {
        let available = bytes.count - start
        guard available >= 1 else { return .needMoreBytes }
        let first = bytes[start]
        let beginsMessage = first & 0x0F == 0x1 || first & 0x0F == 0x2
        let isCompressed = allowsCompression && beginsMessage && first & 0x40 != 0
        guard first & 0x30 == 0, isCompressed || first & 0x40 == 0 else {
            return .failed(.reservedBit)
        }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            return .failed(.reservedOpcode)
        }
        let isFinal = first & 0x80 != 0
        if opcode.isControl, !isFinal { return .failed(.invalidControlFrame) }
        guard available >= 2 else { return .needMoreBytes }
        let second = bytes[start + 1]
        let isMasked = second & 0x80 != 0
        switch role {
        case .server: if !isMasked { return .failed(.unmaskedFrame) }
        case .client: if isMasked { return .failed(.maskedFrame) }
        }
        let shortLength = Int(second & 0x7F)
        if opcode.isControl, shortLength > Limits.controlFrameBytesMax {
            return .failed(.invalidControlFrame)
        }
        let lengthBytes = shortLength == 127 ? 8 : shortLength == 126 ? 2 : 0
        guard available >= 2 + lengthBytes else { return .needMoreBytes }
        var length: UInt64 = 0
        for index in 0..<lengthBytes { length = length << 8 | UInt64(bytes[start + 2 + index]) }
        switch lengthBytes {
        case 2: if length < 126 { return .failed(.invalidLength) }
        case 8:
            guard length > 0xFFFF, length >> 63 == 0 else { return .failed(.invalidLength) }
        case _: length = UInt64(shortLength)
        }
        let byteCount = 2 + lengthBytes + (isMasked ? 4 : 0)
        guard available >= byteCount else { return .needMoreBytes }
        let key = start + 2 + lengthBytes
        let mask =
            isMasked
            ? WebSocketMask(bytes[key], bytes[key + 1], bytes[key + 2], bytes[key + 3]) : nil
        let header = WebSocketFrameHeader(
            isFinal: isFinal, isCompressed: isCompressed, opcode: opcode,
            payloadBytes: Int(length), mask: mask)
        return .header(header, byteCount: byteCount)
    }
}
