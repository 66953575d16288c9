// SPDX-License-Identifier: MIT

import Core

/// Reads a server's WebSocket frames (RFC 6455, section 5) and the messages of `heliograph.v1`.
struct WebSocketReader {
    private var fragments: [UInt8] = []

    /// Makes a reader for the first byte behind the handshake.
    init() {}

    /// Reads the frame at `index` and moves `index` behind it.
    ///
    /// - Returns: The item, or nil if the frame is not complete.
    /// - Throws: `StreamError` for what the protocol forbids a server.
    /// - Complexity: O(bytes read).
    mutating func next(
        in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int
    ) throws(StreamError) -> StreamItem? {
        while bytes.count - index >= 2 {
            let first = bytes[index]
            guard let (start, length) = try payload(in: bytes, at: index) else { return nil }
            guard bytes.count - start >= length else { return nil }
            let payload = UnsafeBufferPointer(rebasing: bytes[start..<(start + length)])
            index = start + length
            if let item = try item(first: first, payload: payload) { return item }
        }
        return nil
    }

    private func payload(
        in bytes: UnsafeBufferPointer<UInt8>, at index: Int
    ) throws(StreamError) -> (start: Int, length: Int)? {
        guard bytes[index + 1] & 0x80 == 0 else { throw .malformed("a masked frame") }
        let short = Int(bytes[index + 1])
        guard short > 125 else { return (index + 2, short) }
        let lengthBytes = short == 126 ? 2 : 8
        guard bytes.count - index >= 2 + lengthBytes else { return nil }
        var length: UInt64 = 0
        for byte in bytes[(index + 2)..<(index + 2 + lengthBytes)] {
            length = length << 8 | UInt64(byte)
        }
        guard length <= UInt64(Limits.benchMessageBytesMax) else { throw .tooLong }
        return (index + 2 + lengthBytes, Int(length))
    }

    /// The item that a frame completes; nil for a fragment that is not the last.
    private mutating func item(
        first: UInt8, payload: UnsafeBufferPointer<UInt8>
    ) throws(StreamError) -> StreamItem? {
        guard first & 0x70 == 0 else { throw .malformed("a frame with reserved bits") }
        let isFinal = first & 0x80 != 0
        switch first & 0x0F {
        case 0x1 where isFinal: return Self.message(payload)
        case 0x0, 0x1:
            fragments.append(contentsOf: payload)
            guard fragments.count <= Limits.benchMessageBytesMax else { throw .tooLong }
            guard isFinal else { return nil }
            defer { fragments = [] }
            return fragments.withUnsafeBufferPointer { Self.message($0) }
        case 0x8:
            let code = payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
            return .close(code: code)
        case 0x9: return .ping(Array(payload))
        case 0xA: return .other
        default: throw .malformed("a frame of an unknown kind")
        }
    }

    private static func message(_ text: UnsafeBufferPointer<UInt8>) -> StreamItem {
        if ByteSearch.first("\"type\":\"change\"", in: text) != nil {
            return ByteSearch.lastModified(in: text).map { .change($0) } ?? .other
        }
        return ByteSearch.first("\"type\":\"ready\"", in: text) != nil ? .ready : .other
    }
}

/// Writes the few frames that a client of this program sends (RFC 6455, section 5.2).
enum WebSocketWriter {
    /// The masked pong that answers a ping; `payload` is at most 125 bytes.
    ///
    /// - Complexity: O(*n*).
    static func pong(_ payload: [UInt8]) -> [UInt8] {
        precondition(payload.count <= Limits.controlFrameBytesMax)
        // A key of zeros is a key; there is no proxy here that an attacker could confuse.
        return [0x8A, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }
}
