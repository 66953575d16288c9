// SPDX-License-Identifier: MIT

import Core

/// Writes frames (RFC 6455, section 5), each a whole message with the shortest form of its
/// length. A server passes no mask, a client a new one for each frame.
package enum WebSocketFrameEncoder {
    /// The bytes of a text message. `utf8` must be UTF-8.
    ///
    /// - Complexity: O(*n*).
    package static func text(_ utf8: [UInt8], mask: WebSocketMask? = nil) -> [UInt8] {
        frame(.text, utf8, mask: mask)
    }

    /// The bytes of a binary message.
    ///
    /// - Complexity: O(*n*).
    package static func binary(_ bytes: [UInt8], mask: WebSocketMask? = nil) -> [UInt8] {
        frame(.binary, bytes, mask: mask)
    }

    /// The bytes of a ping with at most `Limits.controlFrameBytesMax` bytes of payload.
    package static func ping(_ payload: [UInt8] = [], mask: WebSocketMask? = nil) -> [UInt8] {
        frame(.ping, payload, mask: mask)
    }

    /// The bytes of a pong with the payload of the ping it answers.
    package static func pong(_ payload: [UInt8] = [], mask: WebSocketMask? = nil) -> [UInt8] {
        frame(.pong, payload, mask: mask)
    }

    /// The bytes of a close frame.
    ///
    /// - Parameters:
    ///   - code: The code; nil for a frame without one.
    ///   - reason: Text for people, cut between two characters where the frame is full.
    package static func close(
        _ code: WebSocketCloseCode?, reason: String = "", mask: WebSocketMask? = nil
    ) -> [UInt8] {
        guard let code else { return frame(.close, [], mask: mask) }
        precondition(code.isSendable, "a close code that may not be sent")
        var payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
        for scalar in reason.unicodeScalars {
            let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            guard payload.count + bytes.count <= Limits.controlFrameBytesMax else { break }
            payload.append(contentsOf: bytes)
        }
        return frame(.close, payload, mask: mask)
    }

    /// The bytes of one frame.
    ///
    /// - Parameters:
    ///   - isFinal: False if continuation frames follow; control frames are always whole.
    ///   - isCompressed: Whether the message that it begins is compressed (RFC 7692, section 6.1).
    /// - Complexity: O(*n*).
    package static func frame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true,
        isCompressed: Bool = false, mask: WebSocketMask? = nil
    ) -> [UInt8] {
        if opcode.isControl {
            precondition(isFinal, "a fragmented control frame")
            precondition(payload.count <= Limits.controlFrameBytesMax, "a long control frame")
        }
        var output: [UInt8] = []
        output.reserveCapacity(payload.count + 14)
        output.append((isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ...125: output.append(maskBit | UInt8(payload.count))
        case ...0xFFFF:
            output.append(maskBit | 126)
            appendBigEndian(UInt16(payload.count), to: &output)
        case _:
            output.append(maskBit | 127)
            appendBigEndian(UInt64(payload.count), to: &output)
        }
        guard var mask else {
            output.append(contentsOf: payload)
            return output
        }
        appendBigEndian(mask.littleEndian.byteSwapped, to: &output)
        let start = output.count
        output.append(contentsOf: payload)
        output.withUnsafeMutableBytes { buffer in
            mask.apply(to: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
        }
        return output
    }

    private static func appendBigEndian(
        _ value: some FixedWidthInteger, to output: inout [UInt8]
    ) {
        withUnsafeBytes(of: value.bigEndian) { output.append(contentsOf: $0) }
    }
}
