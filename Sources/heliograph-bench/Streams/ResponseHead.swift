// SPDX-License-Identifier: MIT

import Core

/// The status line and the header fields of an answer, as far as this program looks at them.
struct ResponseHead {
    /// The status code.
    let status: Int
    /// The first line, for messages.
    let statusLine: String
    private let fields: [(name: String, value: String)]

    /// Reads the head at the start of `bytes`.
    ///
    /// - Returns: The head and its length with the empty line, or nil if it is not complete.
    /// - Throws: `StreamError` if this is no HTTP/1.1 answer.
    /// - Complexity: O(length of the head).
    static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(StreamError) -> (head: ResponseHead, length: Int)? {
        guard let end = ByteSearch.first("\r\n\r\n", in: bytes) else {
            guard bytes.count <= Limits.benchResponseHeadBytesMax else { throw .tooLong }
            return nil
        }
        let text = String(decoding: bytes[..<end], as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."),
            let status = DecimalNumber.parse(words[1].utf8, digitsMax: 3)
        else { throw .malformed("no HTTP answer") }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...]
            let spaces = value.prefix { $0 == " " || $0 == "\t" }
            fields.append((line[..<colon].lowercased(), String(value.dropFirst(spaces.count))))
        }
        let head = ResponseHead(
            status: Int(status), statusLine: String(lines[0]), fields: fields)
        return (head, end + 4)
    }

    /// The value of a field, named in lower case, or nil if there is none.
    ///
    /// - Complexity: O(number of fields).
    func value(of name: String) -> String? {
        for field in fields where field.name == name { return field.value }
        return nil
    }

    /// Whether the body has the chunked coding.
    var isChunked: Bool { value(of: "transfer-encoding")?.lowercased() == "chunked" }

    /// The length that the head gives the body, or nil if it gives none.
    var contentLength: Int? {
        value(of: "content-length").flatMap { DecimalNumber.parse($0.utf8, digitsMax: 15) }
            .map { Int($0) }
    }
}
