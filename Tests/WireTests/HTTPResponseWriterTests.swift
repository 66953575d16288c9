// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

@Suite("An answer")
struct HTTPResponseWriterTests {
    private let date = HTTPDate.format(784_111_777)

    private func head(
        _ response: HTTPResponse, _ method: HTTPMethod = .get, version: HTTPVersion = .http11,
        keepsAlive: Bool = true
    ) -> String {
        String(
            decoding: HTTPResponseWriter.head(
                of: response, for: method, version: version, keepsAlive: keepsAlive, date: date),
            as: UTF8.self)
    }

    @Test("is written with its date and length")
    func simple() {
        let response = HTTPResponse(
            status: 200, fields: HTTPFields([("ETag", "\"5\"")]), body: Array("hello".utf8))
        let expected =
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"5\"\r\n"
            + "Content-Length: 5\r\n\r\n"
        #expect(head(response) == expected)
        #expect(head(response, .head) == expected)
    }

    @Test("tells the client what becomes of the connection")
    func connection() {
        let response = HTTPResponse(status: 200)
        #expect(!head(response).contains("Connection"))
        #expect(head(response, keepsAlive: false).contains("\r\nConnection: close\r\n"))
        #expect(head(response, version: .http10).contains("\r\nConnection: keep-alive\r\n"))
        #expect(
            head(response, version: .http10, keepsAlive: false)
                .contains("\r\nConnection: close\r\n"))
        #expect(head(response).hasPrefix("HTTP/1.1"))
        #expect(head(response, version: .http10).hasPrefix("HTTP/1.1"))
    }

    @Test("has no length where there is no body by definition", arguments: [100, 101, 204, 304])
    func withoutLength(status: Int) {
        let response = HTTPResponse(status: status, body: [1])
        #expect(!head(response).contains("Content-Length"))
        #expect(head(response).contains("Date: ") == (status >= 200))
        #expect(!HTTPResponseWriter.sendsBody(status: status, for: .get))
    }

    @Test("has a length of zero when the body is empty", arguments: [200, 201, 404, 503])
    func emptyBody(status: Int) {
        #expect(head(HTTPResponse(status: status)).contains("\r\nContent-Length: 0\r\n"))
    }

    @Test("keeps an upgrade's Connection and adds no other")
    func upgrade() {
        let fields = HTTPFields([("Upgrade", "websocket"), ("Connection", "Upgrade")])
        let text = head(HTTPResponse(status: 101, fields: fields), keepsAlive: false)
        #expect(
            text == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\n\r\n")
    }

    @Test("leaves out fields that the writer adds itself")
    func ownFields() {
        let fields = HTTPFields([
            ("date", "x"), ("Content-length", "9"), ("TRANSFER-ENCODING", "chunked"), ("A", "b"),
        ])
        let text = head(HTTPResponse(status: 200, fields: fields))
        #expect(
            text == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nA: b\r\n"
                + "Content-Length: 0\r\n\r\n")
    }

    @Test(
        "cannot be split by a value",
        arguments: ["a\r\nB: c", "a\nB: c", "a\rB: c", "a\0B: c", "\r\n\r\n<html>"])
    func splitting(value: String) {
        let text = head(HTTPResponse(status: 200, fields: HTTPFields([("Location", value)])))
        let bytes = Array(text.utf8)
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 5)
        #expect(bytes.count { $0 == UInt8(ascii: "\r") } == 5)
        #expect(!bytes.contains(0))
        #expect(
            text.utf8.count == head(HTTPResponse(status: 200)).utf8.count
                + "Location: \r\n".utf8.count + value.utf8.count)
    }

    @Test("cannot be split by a name", arguments: ["A\r\nB", "A:b", "A b", "", "é", "A\0"])
    func nameSplitting(name: String) {
        let text = head(HTTPResponse(status: 200, fields: HTTPFields([(name, "c")])))
        #expect(text == head(HTTPResponse(status: 200)))
    }

    @Test("carries a small body behind its head and shares a large one")
    func inlineBody() {
        func message(_ count: Int, _ method: HTTPMethod = .get, status: Int = 200) -> (Int, Int?) {
            let response = HTTPResponse(
                status: status, body: [UInt8](repeating: 7, count: count))
            let (bytes, body) = HTTPResponseWriter.message(
                of: response, for: method, version: .http11, keepsAlive: true, date: date)
            #expect(body == nil || body === response.body)
            return (bytes.count - head(response, method).utf8.count, body?.count)
        }
        let max = Limits.inlineBodyBytesMax
        #expect(message(0) == (0, nil))
        #expect(message(max - 1) == (max - 1, nil))
        #expect(message(max) == (max, nil))
        #expect(message(max + 1) == (0, max + 1))
        #expect(message(max, .head) == (0, nil))
        #expect(message(max + 1, .head) == (0, nil))
        #expect(message(5, status: 304) == (0, nil))
    }

    @Test("that streams ends with its connection")
    func stream() {
        let fields = HTTPFields([("Content-Type", EventStreamEncoder.mediaType)])
        let bytes = HTTPResponseWriter.streamHead(
            of: HTTPResponse(status: 200, fields: fields), version: .http11, date: date)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Content-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    }
}

@Suite("A request that is written")
struct HTTPRequestWriterTests {
    @Test("is read as it was meant")
    func roundTrip() {
        let head = HTTPRequestHead(
            method: .put, target: "/a?b", fields: HTTPFields([("Host", "h"), ("A", "b")]))
        let bytes = HTTPRequestWriter.message(of: HTTPRequest(head: head, body: Array("xy".utf8)))
        let framing = HTTPRequestFraming(
            body: .fixed(bytes: 2), expectsContinue: false, keepsAlive: true)
        #expect(
            parse([bytes]) == [
                .request(
                    line: "PUT /a?b http11", fields: ["Host: h", "A: b", "Content-Length: 2"],
                    framing, body: Array("xy".utf8))
            ])
    }

    @Test("cannot become two")
    func splitting() {
        let head = HTTPRequestHead(
            method: HTTPMethod("G\r\nT"), target: "/\r\nA: b", fields: HTTPFields([("Host", "h")]))
        #expect(
            HTTPRequestWriter.message(of: HTTPRequest(head: head))
                == Array("GT / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
    }
}
