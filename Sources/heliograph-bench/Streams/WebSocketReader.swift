// SPDX-License-Identifier: MIT

import Core

/// Reads a server's WebSocket frames (RFC 6455, section 5) and the messages of `heliograph.v1`.
struct WebSocketReader {
    private let tracksCursor: Bool
    private var fragments: [UInt8] = []

    /// Makes a reader for the first byte behind the handshake.
    ///
    /// - Parameter tracksCursor: Whether cursors are looked at.
    init(tracksCursor: Bool) {
        self.tracksCursor = tracksCursor
    }

    /// Reads the frame at `index` and moves `index` behind it.
    ///
    /// - Parameter cursor: Becomes the cursor of a message that is complete.
    /// - Returns: The item, or nil if the frame is not complete.
    /// - Throws: `StreamError` for what the protocol forbids a server.
    /// - Complexity: O(bytes read).
    mutating func next(
        in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int, cursor: inout StreamCursor
    ) throws(StreamError) -> StreamItem? {
        while bytes.count - index >= 2 {
            let first = bytes[index]
            guard let (start, length) = try payload(in: bytes, at: index) else { return nil }
            guard bytes.count - start >= length else { return nil }
            let payload = UnsafeBufferPointer(rebasing: bytes[start..<(start + length)])
            index = start + length
            if let item = try item(first: first, payload: payload, &cursor) { return item }
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
        first: UInt8, payload: UnsafeBufferPointer<UInt8>, _ cursor: inout StreamCursor
    ) throws(StreamError) -> StreamItem? {
        guard first & 0x70 == 0 else { throw .malformed("a frame with reserved bits") }
        let isFinal = first & 0x80 != 0
        switch first & 0x0F {
        case 0x1 where isFinal: return message(payload, &cursor)
        case 0x0, 0x1:
            fragments.append(contentsOf: payload)
            guard fragments.count <= Limits.benchMessageBytesMax else { throw .tooLong }
            guard isFinal else { return nil }
            defer { fragments = [] }
            let whole = fragments
            return whole.withUnsafeBufferPointer { message($0, &cursor) }
        case 0x8: return Self.close(payload)
        case 0x9: return .ping(Array(payload))
        case 0xA: return .other
        default: throw .malformed("a frame of an unknown kind")
        }
    }

    private func message(
        _ text: UnsafeBufferPointer<UInt8>, _ cursor: inout StreamCursor
    ) -> StreamItem {
        let key: StaticString = "\"cursor\":\""
        if tracksCursor, let place = ByteSearch.first(key, in: text) {
            let rest = text[(place + key.utf8CodeUnitCount)...]
            let value = rest.prefix { $0 != UInt8(ascii: "\"") }
            cursor = StreamCursor(UnsafeBufferPointer(rebasing: value))
        }
        // The type stands first, so that a change, the frequent one, is recognised at once.
        if ByteSearch.first("\"type\":\"change\"", in: text) == nil,
            ByteSearch.first("\"type\":\"ready\"", in: text) != nil
        {
            return .ready
        }
        // What has no type is a change that a server without this protocol relays.
        return ByteSearch.change(in: text) ?? .other
    }

    /// What a close frame's payload tells: a code (RFC 6455, section 5.5.1) and, in the words
    /// `return in 1234 ms`, when to come back.
    private static func close(_ payload: UnsafeBufferPointer<UInt8>) -> StreamItem {
        guard payload.count >= 2 else { return .close(code: 1005, returnMilliseconds: nil) }
        let words: StaticString = "return in "
        let milliseconds = ByteSearch.first(words, in: payload, from: 2).flatMap { place in
            var index = place + words.utf8CodeUnitCount
            return ByteSearch.number(in: payload, at: &index)
        }
        let code = Int(payload[0]) << 8 | Int(payload[1])
        return .close(code: code, returnMilliseconds: milliseconds.map { Int($0) })
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
