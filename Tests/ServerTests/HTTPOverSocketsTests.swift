// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Server

@Suite("A server, over a real socket")
struct HTTPOverSocketsTests {
    @Test("answers several requests sent at once in their order, on one connection")
    func pipelining() throws {
        let server = try TestServer()
        let connection = try server.connect()
        let one = "GET /v1/__lbheartbeat__ HTTP/1.1\r\nHost: t\r\n\r\n"
        let other = "GET /v1/nothing HTTP/1.1\r\nHost: t\r\n\r\n"
        let reading = "GET /v1/__heartbeat__ HTTP/1.1\r\nHost: t\r\n\r\n"
        try connection.send(one + reading + other + one)
        #expect(try connection.readAnswer().status == 200)
        #expect(try connection.readAnswer().json["storage"]?.bool == true)
        #expect(try connection.readAnswer().status == 404)
        #expect(try connection.readAnswer().status == 200)
    }

    @Test("takes a request byte by byte, with a body in chunks")
    func dripping() throws {
        let server = try TestServer()
        let connection = try server.connect()
        let text =
            "PUT /v1/buckets/dripped HTTP/1.1\r\nHost: t\r\nAuthorization: Basic YTpi\r\n"
            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\n{\"dat\r\n9\r\na\":{\"n\":1\r\n2\r\n}}\r\n0\r\n\r\n"
        for byte in text.utf8 { try connection.send([byte]) }
        let answer = try connection.readAnswer()
        #expect(answer.status == 201)
        #expect(answer.json["data"]?.object?["n"]?.integer == 1)
    }

    @Test(
        "refuses bytes that are no request in Kinto's format, and closes",
        arguments: [
            ("nonsense\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : t\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +1\r\n\r\n", 400),
            (
                "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n", 400
            ),
            ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n", 413),
            ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: t\r\n\r\n", 414),
            (
                "GET / HTTP/1.1\r\nHost: t\r\nX: " + String(repeating: "a", count: 70_000)
                    + "\r\n\r\n", 431
            ),
            ("POST / HTTP/1.1\r\nHost: t\r\nExpect: more\r\nContent-Length: 1\r\n\r\n", 417),
            ("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: br, chunked\r\n\r\n", 501),
            ("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: {}, chunked\r\n\r\n", 400),
        ])
    func malformed(text: String, status: Int) throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send(text)
        let answer = try connection.readAnswer()
        #expect(answer.status == status)
        #expect(answer.json["code"]?.integer == Int64(status))
        #expect(answer.fields["Connection"] == "close")
        #expect(try connection.readToEnd().isEmpty)
    }

    @Test("invites a client that waits to send its body")
    func expectContinue() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send(
            "PUT /v1/buckets/waited HTTP/1.1\r\nHost: t\r\nAuthorization: Basic YTpi\r\n"
                + "Content-Type: application/json\r\nExpect: 100-continue\r\n"
                + "Content-Length: 2\r\n\r\n")
        #expect(try connection.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        try connection.send("{}")
        #expect(try connection.readAnswer().status == 201)
    }

    @Test("takes a body as large as the limit and refuses one byte more before it is sent")
    func bodyLimit() throws {
        let server = try TestServer()
        let tooLarge = try server.connect()
        try tooLarge.send(
            "PUT /v1/buckets/x HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: "
                + "\(Limits.requestBodyBytesMax + 1)\r\n\r\n")
        #expect(try tooLarge.readAnswer().status == 413)
        let padding = String(repeating: " ", count: Limits.requestBodyBytesMax - 2)
        let largest = try server.request("PUT", "/v1/buckets/x", body: "{\(padding)}")
        #expect(largest.status == 201)
    }

    @Test("sends no body to HEAD, but its length, and keeps the connection in step")
    func head() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send("HEAD", "/v1/")
        let answer = try connection.readAnswer(hasBody: false)
        #expect(answer.status == 200)
        #expect((answer.fields["Content-Length"].flatMap { Int($0) } ?? 0) > 100)
        try connection.send("GET", "/v1/__lbheartbeat__")
        #expect(try connection.readAnswer().body == "{}")
    }

    @Test("still answers a client that has ended its own direction, then closes")
    func halfClose() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send("GET", "/v1/__heartbeat__")
        connection.finish()
        #expect(try connection.readAnswer().status == 200)
        #expect(try connection.readToEnd().isEmpty)
    }

    @Test("closes after HTTP/1.0 unless asked to stay")
    func http10() throws {
        let server = try TestServer()
        let closing = try server.connect()
        try closing.send("GET /v1/__lbheartbeat__ HTTP/1.0\r\n\r\n")
        #expect(try closing.readToEnd().contains("Connection: close"))
        let staying = try server.connect()
        for _ in 0..<2 {
            try staying.send("GET /v1/__lbheartbeat__ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try staying.readAnswer().fields["Connection"] == "keep-alive")
        }
    }

    @Test("takes as many connections as the limit, whichever loop they meet, and tells the others")
    func connectionLimit() throws {
        let server = try TestServer(loops: 2, connectionsMax: 10)
        var connections: [TestConnection] = []
        for _ in 0..<10 {
            let connection = try server.connect()
            try connection.send("GET", "/v1/__lbheartbeat__")
            #expect(try connection.readAnswer().status == 200)
            connections.append(connection)
        }
        let program = try server.connect()
        try program.send("GET", "/v1/__lbheartbeat__")
        let refusal = try program.readAnswer()
        #expect(refusal.status == 503)
        #expect(refusal.fields["Retry-After"] != nil)
        #expect(try program.readToEnd().isEmpty)
        let browser = try server.connect()
        try browser.send(
            "GET", "/v1/buckets/monitor/collections/changes/stream",
            fields: ["Accept": "text/event-stream"])
        let answer = try browser.readAnswer()
        #expect(answer.status == 200)
        #expect(answer.body.hasPrefix("retry: "))
        #expect(Limits.refusedConnectionsMax > 2)
        connections.removeLast()
        // The place is free as soon as the loop has seen the end.
        var status = 503
        while status == 503 {
            let again = try server.connect()
            try again.send("GET", "/v1/__lbheartbeat__")
            status = try again.readAnswer().status
        }
        #expect(status == 200)
    }

    @Test("parses a large body elsewhere, and answers it as any other", arguments: -1...1)
    func largeBody(bytesBeyond: Int) throws {
        let server = try TestServer()
        try server.makeCollection()
        let rest = #"{"data":{"text":""}}"#.utf8.count
        let count = Limits.bodyParsedOnLoopBytesMax + bytesBeyond - rest
        let text = String(repeating: "x", count: count)
        #expect(try server.write("large", data: "{\"text\":\"\(text)\"}") == 201)
        let path = "/v1/buckets/b/collections/c/records/large"
        let answer = try server.request("GET", path)
        #expect(answer.json["data"]?.object?["text"]?.string == text)
    }

    @Test("lets a loader create records of the past with If-None-Match, at their own timestamp")
    func loading() throws {
        let server = try TestServer()
        try server.makeCollection()
        let created = try server.request(
            "PUT", "/v1/buckets/b/collections/c/records/old",
            body: "{\"data\":{\"last_modified\":1000}}", fields: ["If-None-Match": "*"])
        #expect(created.status == 201)
        let list = try server.request("GET", "/v1/buckets/b/collections/c/records")
        #expect(list.fields["ETag"] == "\"1000\"")
    }

    @Test("shows an answered write to every poll that follows, whichever loop answers")
    func readYourWrites() throws {
        let server = try TestServer(loops: 2)
        try server.makeCollection()
        for number in 0..<50 {
            #expect(try server.write("r\(number)") == 201)
            let list = try server.request(
                "GET", "/v1/buckets/monitor/collections/changes/records", user: nil)
            let collection = try server.request("GET", "/v1/buckets/b/collections/c/records")
            #expect(list.fields["ETag"] == collection.fields["ETag"], "I2 and I3")
        }
    }
}
