// SPDX-License-Identifier: MIT

import Core
import Glibc
import Reactor
import Storage
import Streams
import Testing
import Wire

@testable import Server

private let streamPath = "/v1/buckets/monitor/collections/changes/stream"

@Suite("An event stream")
struct EventStreamsOverSocketsTests {
    private func open(
        _ server: TestServer, _ query: String = "", fields: [String: String] = [:]
    ) throws -> (connection: TestConnection, head: String) {
        let connection = try server.connect()
        try connection.send("GET", streamPath + query, fields: fields)
        return (connection, try connection.read(until: "\r\n\r\n"))
    }

    @Test("begins with its head, a retry of its own and a comment, lists, then is live")
    func lifetime() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("first")
        let (stream, head) = try open(server, fields: ["Origin": "http://elsewhere"])
        for line in [
            "HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n",
            "Cache-Control: no-store\r\n", "X-Accel-Buffering: no\r\n",
            "Access-Control-Allow-Origin: *\r\n",
        ] {
            #expect(head.contains(line))
        }
        #expect(!head.contains("\r\nContent-Length:"))
        let opening = try stream.read(until: "event: ready")
        #expect(opening.hasPrefix("retry: "))
        #expect(opening.contains(": heliograph\n\n"))
        #expect(opening.contains("\"collection\":\"c\""))
        try server.write("second")
        let change = try stream.read(until: "\"host\":\"test\"}\n\n")
        #expect(change.contains("data: {\"timestamp\":"))
        #expect(change.contains(".000000000007.2\ndata: {\"id\":"))
    }

    @Test("tells only what its query asks for")
    func filters() throws {
        let server = try TestServer()
        for bucket in ["one", "two"] { try server.makeCollection(bucket) }
        let (stream, _) = try open(server, "?resource=/buckets/two&collection=c")
        _ = try stream.read(until: "event: ready")
        try server.write("r", "one")
        try server.write("r", "two")
        let text = try stream.read(until: "\"bucket\":\"two\"")
        #expect(!text.contains("\"bucket\":\"one\""))
    }

    @Test("goes on after its last id with exactly what was missed, the URL's cursor ignored")
    func resume() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.makeCollection("b", "d")
        try server.write("r")
        let (first, _) = try open(server)
        let opening = try first.read(until: "event: ready")
        let id = try #require(
            opening.split(separator: "\n").last { $0.hasPrefix("id: ") }?.dropFirst(4))
        try server.write("r", "b", "d")
        let (again, _) = try open(
            server, "?_since=0", fields: ["Last-Event-ID": String(id)])
        let missed = try again.read(until: "event: ready")
        #expect(missed.contains("\"collection\":\"d\""))
        #expect(!missed.contains("\"collection\":\"c\""))
        #expect(!missed.contains("reset"))
    }

    @Test(
        "with a cursor that cannot be right gets reset and everything",
        arguments: [
            ("nonsense", "malformed"), ("1.ffffffffffff.1", "epoch"),
            ("1.000000000007.999", "future"), ("99999999999999", "future"),
        ])
    func reset(cursor: String, reason: String) throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("r")
        for fields in [["Last-Event-ID": cursor], [:]] {
            let query = fields.isEmpty ? "?lastEventId=\(cursor)" : ""
            let (stream, _) = try open(server, query, fields: fields)
            let text = try stream.read(until: "event: ready")
            #expect(text.contains("event: reset\ndata: {\"reason\":\"\(reason)\"}\n\n"))
            #expect(text.contains("\"collection\":\"c\""))
        }
    }

    @Test("tells of the end of each collection when everything is flushed")
    func flush() throws {
        let server = try TestServer(settings: ["kinto.includes": "kinto.plugins.flush"])
        try server.makeCollection()
        try server.makeCollection("b", "d")
        try server.write("r")
        try server.write("r", "b", "d")
        let (stream, _) = try open(server)
        _ = try stream.read(until: "event: ready")
        _ = try stream.read(until: "\n\n")
        #expect(try server.request("POST", "/v1/__flush__", user: nil).status == 202)
        let ends = try [stream.read(until: "}\n\n"), stream.read(until: "}\n\n")]
        for (end, name) in zip(ends, ["c", "d"]) {
            #expect(end.contains("\"deleted\":true"))
            #expect(ends.contains { $0.contains("\"collection\":\"\(name)\"") })
        }
        try server.makeCollection()
        try server.write("again")
        #expect(try stream.read(until: "\"collection\":\"c\"").contains("data: "))
    }

    @Test(
        "is refused in Kinto's words when the query is wrong",
        arguments: ["?nope=1", "?resource=/nope", "?resource=", "?bucket=%ff"])
    func refusal(query: String) throws {
        let server = try TestServer()
        let answer = try server.request("GET", streamPath + query, user: nil)
        #expect(answer.status == 400)
        #expect(answer.json["errno"]?.integer == 107)
    }

    @Test("has no other methods but HEAD and a preflight")
    func methods() throws {
        let server = try TestServer()
        #expect(try server.request("POST", streamPath, body: "{}").status == 405)
        #expect(try server.request("DELETE", streamPath).status == 405)
        let head = try server.request("HEAD", streamPath)
        #expect(head.fields["Content-Type"] == "text/event-stream")
        let preflight = try server.request(
            "OPTIONS", streamPath,
            fields: ["Origin": "http://a", "Access-Control-Request-Method": "GET"], user: nil)
        #expect(preflight.status == 200)
    }

    @Test("of a collection that ceases to exist tells that it was deleted")
    func tombstone() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("r")
        let (stream, _) = try open(server)
        _ = try stream.read(until: "event: ready")
        _ = try server.request("DELETE", "/v1/buckets/b")
        let text = try stream.read(until: "\"deleted\":true}\n\n")
        #expect(text.contains("\"collection\":\"c\""))
    }

    @Test("that nobody reads ends at the newest state when it is read again; others go on")
    func stalled() throws {
        let server = try TestServer()
        try server.makeCollection()
        let stalled = try server.connect()
        stalled.shrinkReceiveBuffer()
        try stalled.send("GET", streamPath)
        let (reader, _) = try open(server)
        _ = try reader.read(until: "event: ready")
        let path = "/v1/buckets/b/collections/c/records/r"
        let writer = try server.connect()
        let writes = 3_000
        // Enough to fill both kernels' buffers several times over.
        for _ in 0..<writes {
            try writer.send(
                "PUT", path,
                fields: [
                    "Authorization": "Basic " + Base64.encode(Array("me:secret".utf8)),
                    "Content-Type": "application/json",
                ],
                body: "{}")
            let status = try writer.readAnswer().status
            #expect(status == 200 || status == 201)
        }
        try server.write("final")
        let newest = try server.request("GET", "/v1/buckets/monitor/collections/changes/records")
        let etag = try #require(newest.fields["ETag"])
        let timestamp = etag.dropFirst().dropLast()
        _ = try reader.read(until: "\"last_modified\":\(timestamp),")
        let late = try stalled.read(until: "\"last_modified\":\(timestamp),")
        let events = late.split(separator: "\n").count { $0.hasPrefix("id: ") }
        #expect(events < writes / 2, "what was owed was conflated, not queued: \(events)")
    }

    @Test("is sent heartbeats")
    func heartbeat() throws {
        let server = try TestServer(streams: StreamConfiguration(heartbeatMilliseconds: 100))
        let (stream, _) = try open(server)
        _ = try stream.read(until: ": ping\n\n")
        _ = try stream.read(until: ": ping\n\n")
    }
}

@Suite("A WebSocket stream")
struct WebSocketStreamsOverSocketsTests {
    private func say(_ text: String, _ connection: TestConnection) throws {
        try connection.send(
            WebSocketFrameEncoder.text(Array(text.utf8), mask: WebSocketMask(5, 6, 7, 8)))
    }

    @Test("opens with the handshake of RFC 6455 and behaves as the event stream does")
    func lifetime() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("r")
        let connection = try server.connect()
        let answer = try connection.upgrade(
            streamPath, fields: ["Sec-WebSocket-Protocol": "other, heliograph.v1"])
        #expect(answer.status == 101)
        #expect(answer.fields["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(answer.fields["Sec-WebSocket-Protocol"] == "heliograph.v1")
        var decoder = WebSocketFrameDecoder(role: .client)
        #expect(try connection.readMessage(&decoder)["type"]?.string == "change")
        #expect(try connection.readMessage(&decoder)["type"]?.string == "ready")
        try server.write("s")
        #expect(try connection.readMessage(&decoder)["entry"]?.object?["bucket"]?.string == "b")
        try say("{\"type\":\"subscribe\",\"resources\":[]}", connection)
        #expect(try connection.readMessage(&decoder)["type"]?.string == "ready")
        try say("{\"type\":\"ping\",\"id\":\"x\"}", connection)
        #expect(try connection.readMessage(&decoder)["id"]?.string == "x")
        try say("nonsense", connection)
        #expect(try connection.readMessage(&decoder)["code"]?.integer == 400)
    }

    @Test("reads what comes right behind the handshake")
    func earlyBytes() throws {
        let server = try TestServer()
        let connection = try server.connect()
        let request =
            "GET \(streamPath) HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
            + "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        let ping = WebSocketFrameEncoder.text(
            Array("{\"type\":\"ping\",\"id\":1}".utf8), mask: WebSocketMask(1, 1, 1, 1))
        try connection.send(Array(request.utf8) + ping)
        #expect(try connection.readAnswer().status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        #expect(try connection.readMessage(&decoder)["type"]?.string == "ready")
        #expect(try connection.readMessage(&decoder)["type"]?.string == "pong")
    }

    @Test(
        "is refused when the handshake is wrong",
        arguments: [
            (["Sec-WebSocket-Version": "8"], 426), (["Sec-WebSocket-Key": "short"], 400),
            (["Connection": "close"], 426),
        ])
    func refusal(fields: [String: String], status: Int) throws {
        let server = try TestServer()
        let answer = try server.connect().upgrade(streamPath, fields: fields)
        #expect(answer.status == status)
        #expect(answer.json["code"]?.integer == Int64(status))
        #expect(status != 426 || answer.fields["Sec-WebSocket-Version"] == "13")
    }

    @Test("that breaks the protocol is told the code, then the connection ends")
    func protocolError() throws {
        let server = try TestServer()
        let connection = try server.connect()
        _ = try connection.upgrade(streamPath)
        var decoder = WebSocketFrameDecoder(role: .client)
        _ = try connection.readMessage(&decoder)
        try connection.send(WebSocketFrameEncoder.text([0x61]))
        #expect(try connection.readMessage(&decoder)["code"]?.integer == 1002)
        #expect(try connection.readToEnd().isEmpty)
    }

    @Test("is told on drain when to come back, while requests in progress are answered")
    func drain() throws {
        let server = try TestServer()
        let socket = try server.connect()
        _ = try socket.upgrade(streamPath)
        var decoder = WebSocketFrameDecoder(role: .client)
        _ = try socket.readMessage(&decoder)
        let events = try server.connect()
        try events.send("GET", streamPath)
        _ = try events.read(until: "event: ready")
        server.server.drain(seconds: 5)
        let close = try socket.readMessage(&decoder)
        #expect(close["code"]?.integer == 1001)
        #expect(close["reason"]?.string?.hasPrefix("return in ") == true)
        _ = try events.readToEnd()
        #expect(throws: TestConnection.Failure.self) { try server.connect() }
    }
}

@Suite("A server on a Unix-domain socket")
struct UnixSocketTests {
    @Test("answers and streams as over TCP")
    func answers() throws {
        let path = "/tmp/heliograph-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        var options = HeliographServer.Options(
            listeners: [.unix(path: path)], loops: 2, kinto: try .init(["changes.resources": "*"]))
        options.kinto.httpHost = "test"
        let server = try HeliographServer(
            options,
            storage: MemoryStorage(epoch: Epoch(randomBits: 1), clock: HeliographServer.now))
        for _ in 0..<4 {
            let connection = try TestConnection(unixPath: path)
            try connection.send("GET", "/v1/__lbheartbeat__")
            #expect(try connection.readAnswer().status == 200)
            try connection.send("GET", streamPath)
            _ = try connection.read(until: "event: ready")
        }
        server.stop()
        #expect(access(path, F_OK) != 0, "the socket file is gone")
    }
}
