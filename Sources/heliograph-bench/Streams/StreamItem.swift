// SPDX-License-Identifier: MIT

/// What a subscriber finds in its stream.
enum StreamItem: Equatable {
    /// A change of one of this program's collections.
    case change(ChangeID)
    /// A change of another collection.
    case foreignChange
    /// All that was owed has been sent.
    case ready
    /// How long to wait before coming back (WHATWG HTML, section 9.2.6).
    case retry(milliseconds: Int)
    /// A ping that wants its payload back (RFC 6455, section 5.5.2); WebSocket only.
    case ping([UInt8])
    /// The server ends the stream in an orderly way, and may tell when to come back; only over
    /// WebSocket.
    case close(code: Int, returnMilliseconds: Int?)
    /// Something that does not matter here: a heartbeat, a reset.
    case other
}

/// A stream that breaks the rules of its protocol.
enum StreamError: Error, CustomStringConvertible {
    /// The response is not what was asked for; the text is its first line.
    case refused(String)
    /// The handshake's answer does not fit the key (RFC 6455, section 4.1).
    case wrongAcceptKey
    /// A line, message or head longer than is sensible.
    case tooLong
    /// Bytes that the framing does not allow.
    case malformed(StaticString)

    var description: String {
        switch self {
        case .refused(let line): "the server answered '\(line)'"
        case .wrongAcceptKey: "the server's Sec-WebSocket-Accept is wrong"
        case .tooLong: "the server sent too long a message"
        case .malformed(let what): "the server sent \(what)"
        }
    }
}

/// Searches in bytes.
enum ByteSearch {
    /// Where `pattern` begins at or after `start`, or nil.
    ///
    /// - Complexity: O(*n*) for the short patterns with rare first bytes it is made for.
    static func first(
        _ pattern: StaticString, in bytes: UnsafeBufferPointer<UInt8>, from start: Int = 0
    ) -> Int? {
        let length = pattern.utf8CodeUnitCount
        var index = start
        while index + length <= bytes.count {
            if bytes[index] == pattern.utf8Start[0], matches(pattern, in: bytes, at: index) {
                return index
            }
            index += 1
        }
        return nil
    }

    /// Whether `pattern` stands at `index`.
    static func matches(
        _ pattern: StaticString, in bytes: UnsafeBufferPointer<UInt8>, at index: Int
    ) -> Bool {
        let length = pattern.utf8CodeUnitCount
        guard index + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[index + offset] != pattern.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The change that an entry tells: its timestamp, and its collection if that is one of ours.
    ///
    /// Reads no JSON: every entry has the members in this order, and no text in front of them can
    /// contain the patterns, as its quotes would be escaped.
    ///
    /// - Complexity: O(*n*).
    static func change(in bytes: UnsafeBufferPointer<UInt8>) -> StreamItem? {
        let key: StaticString = "\"last_modified\":"
        guard let start = first(key, in: bytes) else { return nil }
        var index = start + key.utf8CodeUnitCount
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        guard let timestamp = number(in: bytes, at: &index) else { return nil }
        let name: StaticString = "\"collection\":\"bench-"
        guard let place = first(name, in: bytes, from: index) else { return .foreignChange }
        index = place + name.utf8CodeUnitCount
        guard let collection = number(in: bytes, at: &index) else { return .foreignChange }
        return .change(ChangeID(collection: Int(collection), timestamp: timestamp))
    }

    /// The number spelled at `index`, which moves behind its digits; nil if there are none or more
    /// than 18.
    ///
    /// - Complexity: O(number of digits).
    static func number(
        in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int
    ) -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, bytes[index] >= UInt8(ascii: "0"),
            bytes[index] <= UInt8(ascii: "9")
        {
            guard digits < 18 else { return nil }
            value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0"))
            digits += 1
            index += 1
        }
        return digits > 0 ? value : nil
    }
}
