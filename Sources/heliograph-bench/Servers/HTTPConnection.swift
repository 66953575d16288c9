// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// One kept connection that sends a request and waits for its answer.
final class HTTPConnection {
    /// An answer, read to its end.
    struct Answer {
        /// The status code.
        let status: Int
        /// The head with its empty line, as it came.
        let head: [UInt8]
        /// The body.
        let body: [UInt8]
        /// When the last byte had arrived, in nanoseconds of `MonotonicClock`.
        let answeredNanoseconds: Int64

        /// The status code and how the body begins, in one line.
        var summary: String {
            let words = body.prefix(Limits.benchAnswerExcerptBytes)
                .split { $0 <= UInt8(ascii: " ") }.map { String(decoding: $0, as: UTF8.self) }
            return ([String(status)] + words).joined(separator: " ")
        }

        /// The value of a header field, named in lower case, or nil if there is none.
        ///
        /// - Throws: `StreamError` if the head is none.
        /// - Complexity: O(length of the head).
        func field(_ name: String) throws -> String? {
            try head.withUnsafeBufferPointer { try ResponseHead.parse($0) }?.head.value(of: name)
        }
    }

    private let url: ServiceURL
    private let authorization: String
    /// The socket, for waiting until an answer has come.
    let descriptor: Int32

    /// Connects.
    ///
    /// - Parameter credentials: User and password, separated by a colon.
    /// - Throws: `BenchFailure`.
    init(url: ServiceURL, credentials: String) throws {
        self.url = url
        authorization = "Basic " + Base64.encode(Array(credentials.utf8))
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        var isOn: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn,
            socklen_t(MemoryLayout<Int32>.size))
        var timeout = timeval(tv_sec: Limits.benchAnswerSecondsMax, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        guard url.socketAddress.withSocketAddress({ connect(descriptor, $0, $1) }) == 0 else {
            throw BenchFailure.systemCall("cannot connect to \(url)")
        }
    }

    deinit { close(descriptor) }

    /// Sends a request and waits for the answer.
    ///
    /// - Parameters:
    ///   - resource: The path below the base URL, beginning with a slash.
    ///   - fields: More lines of the head, each with its CRLF.
    /// - Throws: `BenchFailure`.
    /// - Complexity: O(size of body and answer).
    func request(
        _ method: String, _ resource: String, fields: String = "", body: [UInt8] = []
    ) throws -> Answer {
        try send(method, resource, fields: fields, body: body)
        return try answer()
    }

    /// Sends a request; `answer` is to follow.
    ///
    /// - Throws: `BenchFailure`.
    /// - Complexity: O(size of the body).
    func send(
        _ method: String, _ resource: String, fields: String = "", body: [UInt8] = []
    ) throws {
        var text = "\(method) \(url.target(resource)) HTTP/1.1\r\nHost: \(url.authority)\r\n"
        text += "Authorization: \(authorization)\r\nContent-Length: \(body.count)\r\n\(fields)"
        if !body.isEmpty { text += "Content-Type: application/json\r\n" }
        try FileDescriptor.writeAll(Array((text + "\r\n").utf8) + body, to: descriptor)
    }

    /// Waits for the answer to the request that was sent.
    ///
    /// - Throws: `BenchFailure`.
    /// - Complexity: O(size of the answer).
    func answer() throws -> Answer {
        var bytes: [UInt8] = []
        while true {
            if let (head, length) = try parseHead(bytes) {
                let body = try readBody(head, start: Array(bytes[length...]))
                return Answer(
                    status: head.status, head: Array(bytes[..<length]), body: body,
                    answeredNanoseconds: MonotonicClock.nowNanoseconds)
            }
            bytes += try receive()
        }
    }

    private func parseHead(_ bytes: [UInt8]) throws -> (head: ResponseHead, length: Int)? {
        do {
            return try bytes.withUnsafeBufferPointer { try ResponseHead.parse($0) }
        } catch {
            throw BenchFailure("\(url): \(error)")
        }
    }

    private func readBody(_ head: ResponseHead, start: [UInt8]) throws -> [UInt8] {
        guard head.status != 204, head.status != 304 else { return [] }
        var body = start
        if let length = head.contentLength {
            while body.count < length { body += try receive() }
            guard body.count == length else { throw BenchFailure("\(url): too long an answer") }
            return body
        }
        guard head.isChunked else { throw BenchFailure("\(url): an answer without length") }
        var chunks = ChunkedReader()
        var decoded: [UInt8] = []
        while true {
            do {
                try body.withUnsafeBufferPointer { try chunks.read($0, into: &decoded) }
            } catch {
                throw BenchFailure("\(url): \(error)")
            }
            if chunks.isAtEnd { return decoded }
            body = try receive()
        }
    }

    private func receive() throws -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor.readSome(from: descriptor)
        } catch {
            throw BenchFailure("\(url): \(error)")
        }
        guard !bytes.isEmpty else { throw BenchFailure("\(url): the server closed the connection") }
        return bytes
    }
}
