// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import heliograph_bench

@Suite("A client of the bench that asks")
struct RequestTests {
    private func read(_ text: String, pieces: Int) throws -> (ends: [Int], status: Int) {
        let bytes = Array(text.utf8)
        var reader = AnswerReader()
        var ends: [Int] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let end = min(start + pieces, bytes.count)
            let isComplete = try Array(bytes[start..<end]).withUnsafeBufferPointer { buffer in
                try reader.receive(buffer)
            }
            if isComplete { ends.append(end) }
        }
        return (ends, reader.status)
    }

    @Test("sees the end of each answer", arguments: [1, 5, 1_000])
    func answers(pieces: Int) throws {
        let ok = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nCONTENT-length: 5\r\n\r\nhello"
        let result = try read(ok, pieces: pieces)
        #expect(result.ends == [ok.utf8.count])
        #expect(result.status == 200)
        let unchanged = "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"
        #expect(try read(unchanged, pieces: pieces).ends == [unchanged.utf8.count])
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        #expect(try read(chunks, pieces: pieces).ends == [chunks.utf8.count])
    }

    @Test("does not take more than an answer, or what is none")
    func refusals() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "HTTP/1.1 200 OK\r\n\r\nab",
            "SSH-2.0-x\r\n\r\n",
        ] {
            #expect(throws: StreamError.self) { try read(text, pieces: 1_000) }
        }
    }

    @Test("tells of a refusal the status and how the body begins, in one line")
    func refusal() {
        let answer = HTTPConnection.Answer(
            status: 501, head: [], body: Array("<p>\n  Not\tso.\n</p>\n".utf8),
            answeredNanoseconds: 0)
        #expect(answer.summary == "501 <p> Not so. </p>")
        let long = HTTPConnection.Answer(
            status: 400, head: [], body: Array(repeating: UInt8(ascii: "x"), count: 9_000),
            answeredNanoseconds: 0)
        #expect(long.summary.utf8.count == 4 + Limits.benchAnswerExcerptBytes)
        let empty = HTTPConnection.Answer(status: 404, head: [], body: [], answeredNanoseconds: 0)
        #expect(empty.summary == "404")
    }

    @Test("sees in a batch's answer whether each request was granted, whatever the records say")
    func batch() throws {
        func body(_ responses: [JSONValue]) -> [UInt8] {
            JSONWriter.bytes(["responses": .array(responses)])
        }
        let granted: JSONValue = ["status": 201, "body": ["data": ["id": "a"]]]
        let told: JSONValue = ["status": 200, "body": ["data": ["status": 5]]]
        let refused: JSONValue = ["status": 403, "body": ["code": 403]]
        try BatchLoader.check(body([granted, granted]), requests: 2)
        try BatchLoader.check(body([granted, told]), requests: 2)
        for (responses, count) in [([granted], 2), ([granted, refused], 2), ([told, refused], 2)] {
            #expect(throws: BenchFailure.self) {
                try BatchLoader.check(body(responses), requests: count)
            }
        }
        #expect(throws: BenchFailure.self) { try BatchLoader.check(Array("no".utf8), requests: 1) }
    }

    @Test("gives each request a length that fits its number, and hands its job over")
    func job() throws {
        let url = try #require(ServiceURL(parsing: "http://127.0.0.1:1/v1"))
        let job = RequestJob(
            url: url, connections: 3, method: "PUT", path: "/r\(RequestJob.numberMark)",
            body: "{\"n\":\"\(RequestJob.numberMark)\"}", statuses: [201])
        #expect(job.request.contains("PUT /v1/r{0000number} HTTP/1.1\r\n"))
        // {"n":"1234567890"}
        #expect(job.request.contains("\r\nContent-Length: 18\r\n"))
        let copy = try #require(RequestJob(json: job.json))
        #expect(copy.request == job.request)
        #expect(copy.statuses == [201])
        #expect(copy.url == url)
    }
}
