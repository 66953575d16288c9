// SPDX-License-Identifier: MIT

import Core
import Wire

/// A whole answer of a server.
struct HTTPAnswer {
    /// The status code.
    let status: Int
    /// The fields.
    let fields: HTTPFields
    /// The body without its transfer coding.
    let body: [UInt8]
}

/// Puts one answer together from bytes as they arrive (RFC 9112, section 6.3).
struct HTTPAnswerReader {
    private enum Body {
        case ended
        case length(Int)
        case chunked(ChunkReader)
        case untilEnd
    }

    private let isForHead: Bool
    private let bodyBytesMax: Int
    private var headReader = ResponseHeadReader()
    private var head: ResponseHeadReader.Head?
    private var kind = Body.ended
    private var content: [UInt8] = []

    /// Makes a reader of one answer.
    ///
    /// - Parameters:
    ///   - isForHead: Whether the request was `HEAD`, whose answer has no body.
    ///   - bodyBytesMax: What is longer is a failure.
    init(isForHead: Bool, bodyBytesMax: Int) {
        self.isForHead = isForHead
        self.bodyBytesMax = bodyBytesMax
    }

    /// Takes bytes and returns the answer when it is complete; none are the connection's end.
    ///
    /// - Throws: `ClientSocket.Failure` if it cannot be completed, or is none.
    /// - Complexity: O(*n*).
    mutating func read(_ bytes: [UInt8]) throws(ClientSocket.Failure) -> HTTPAnswer? {
        guard !bytes.isEmpty else { return try end() }
        var bytes = bytes
        while head == nil {
            guard let (found, rest) = try readHead(bytes) else { return nil }
            bytes = rest
            // Interim answers (RFC 9110, section 15.2) are followed by the final one.
            guard found.status >= 200 else {
                headReader = ResponseHeadReader()
                continue
            }
            kind = try body(of: found)
            head = found
        }
        return try readBody(bytes)
    }

    private mutating func readHead(
        _ bytes: [UInt8]
    ) throws(ClientSocket.Failure) -> (head: ResponseHeadReader.Head, rest: [UInt8])? {
        do {
            return try headReader.read(bytes)
        } catch {
            throw ClientSocket.Failure(description: "the server does not speak HTTP")
        }
    }

    private func body(of head: ResponseHeadReader.Head) throws(ClientSocket.Failure) -> Body {
        if isForHead || head.status == 204 || head.status == 304 { return .ended }
        if head.fields.tokens("Transfer-Encoding").contains("chunked") {
            return .chunked(ChunkReader())
        }
        guard let text = head.fields["Content-Length"] else { return .untilEnd }
        guard let length = DecimalNumber.parse(text.utf8, digitsMax: 18), length >= 0 else {
            throw ClientSocket.Failure(description: "the server's Content-Length is no number")
        }
        guard length <= bodyBytesMax else { throw tooLong }
        return .length(Int(length))
    }

    private mutating func readBody(
        _ bytes: [UInt8]
    ) throws(ClientSocket.Failure) -> HTTPAnswer? {
        switch kind {
        case .ended: return answer
        case .length(let length):
            content += bytes
            guard content.count <= length else { throw tooLong }
            return content.count == length ? answer : nil
        case .chunked(var reader):
            guard let more = reader.read(bytes) else {
                throw ClientSocket.Failure(description: "the server's answer is malformed")
            }
            content += more
            kind = .chunked(reader)
            guard content.count <= bodyBytesMax else { throw tooLong }
            return reader.isComplete ? answer : nil
        case .untilEnd:
            content += bytes
            guard content.count <= bodyBytesMax else { throw tooLong }
            return nil
        }
    }

    private func end() throws(ClientSocket.Failure) -> HTTPAnswer? {
        if case .untilEnd = kind { return answer }
        throw ClientSocket.Failure(description: "the server ended the connection")
    }

    private var answer: HTTPAnswer? {
        head.map { HTTPAnswer(status: $0.status, fields: $0.fields, body: content) }
    }

    private var tooLong: ClientSocket.Failure {
        ClientSocket.Failure(
            description: "the answer is longer than \(bodyBytesMax) bytes, or than it says")
    }
}
