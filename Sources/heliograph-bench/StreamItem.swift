// SPDX-License-Identifier: MIT

/// What a subscriber finds in its stream.
enum StreamItem: Equatable {
    /// An entry with this `last_modified`.
    case change(Int64)
    /// All that was owed has been sent.
    case ready
    /// A ping that wants its payload back (RFC 6455, section 5.5.2); WebSocket only.
    case ping([UInt8])
    /// The server ends the stream in an orderly way; WebSocket only.
    case close(code: Int)
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

    /// The integer behind the first `"last_modified":`, or nil.
    ///
    /// Reads no JSON: every entry has the member, and no text in front of it can contain the
    /// pattern, as its quotes would be escaped.
    ///
    /// - Complexity: O(*n*).
    static func lastModified(in bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        let key: StaticString = "\"last_modified\":"
        guard let start = first(key, in: bytes) else { return nil }
        var index = start + key.utf8CodeUnitCount
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, digits < 18, bytes[index] >= UInt8(ascii: "0"),
            bytes[index] <= UInt8(ascii: "9")
        {
            value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0"))
            digits += 1
            index += 1
        }
        return digits > 0 ? value : nil
    }
}
