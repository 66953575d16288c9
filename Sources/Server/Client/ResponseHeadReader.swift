// SPDX-License-Identifier: MIT

import Core
import Wire

/// Reads the head of an answer from bytes that arrive in pieces, for `heliograph watch`.
struct ResponseHeadReader {
    /// The head of an answer.
    struct Head {
        /// The status code.
        let status: Int
        /// The fields.
        let fields: HTTPFields
    }

    /// Why bytes are no answer.
    enum Failure: Error {
        /// Not HTTP/1.
        case malformed
    }

    private var bytes: [UInt8] = []

    /// Takes bytes; returns the head and what came behind it when the head is complete.
    ///
    /// - Throws: `Failure.malformed`.
    /// - Complexity: O(*n*).
    mutating func read(_ more: [UInt8]) throws(Failure) -> (head: Head, rest: [UInt8])? {
        bytes += more
        guard let end = endOfHead() else {
            if bytes.count > Limits.requestHeadBytesMax { throw .malformed }
            return nil
        }
        let text = String(decoding: bytes[..<end], as: UTF8.self)
        let lines = text.split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1.") else { throw .malformed }
        let parts = first.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[1].utf8.count == 3, let status = Int(parts[1]) else {
            throw .malformed
        }
        var fields = HTTPFields()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw .malformed }
            let value = line[line.index(after: colon)...].trimmingOptionalWhiteSpace()
            fields.append(String(line[..<colon]), String(value))
        }
        return (Head(status: status, fields: fields), Array(bytes[(end + 4)...]))
    }

    private func endOfHead() -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { place in
            bytes[place] == 13 && bytes[place + 1] == 10 && bytes[place + 2] == 13
                && bytes[place + 3] == 10
        }
    }
}
