// SPDX-License-Identifier: MIT

import Core
import Streams
import Testing
import Wire

@testable import Server

private let streamPath = "/v1/buckets/monitor/collections/changes/stream"

@Suite("A stream over a real socket")
struct CompressionOverSocketsTests {
    private static let offer = ["Sec-WebSocket-Extensions": "permessage-deflate"]
    private static let gzip = ["Accept-Encoding": "gzip"]

    private func decoder() -> WebSocketFrameDecoder {
        WebSocketFrameDecoder(role: .client, allowsCompression: true)
    }

    /// A client's compressed message.
    private func compressed(_ text: [UInt8]) -> [UInt8] {
        let payload = Deflater().piece(text).dropLast(Deflater.tail.count)
        return WebSocketFrameEncoder.frame(
            .text, Array(payload), isCompressed: true, mask: WebSocketMask(1, 2, 3, 4))
    }

    @Test("is a WebSocket of compressed messages if the client offers that")
    func webSocket() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("first")
        let stream = try server.connect()
        let answer = try stream.upgrade(streamPath, fields: Self.offer)
        #expect(answer.status == 101)
        #expect(
            answer.fields["Sec-WebSocket-Extensions"]
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
        let head = try stream.readBytes(4)
        #expect(head[..<3] == [0xC1, 126, 0])
        let frame = head + (try stream.readBytes(Int(head[3])))
        var decoder = decoder()
        let (count, event) = frame.withUnsafeBytes { decoder.decode($0) }
        #expect(count == frame.count)
        guard case .message(.text(let text)) = event else {
            Issue.record("\(event)")
            return
        }
        #expect(String(decoding: text, as: UTF8.self).hasPrefix(#"{"type":"change","cursor":""#))
        #expect(text.count > frame.count)
        #expect(try stream.readMessage(&decoder)["type"]?.string == "ready")
        try server.write("second")
        #expect(try stream.readMessage(&decoder)["entry"]?.object?["collection"]?.string == "c")
        try stream.send(compressed(Array(#"{"type":"ping","id":"compressed ping"}"#.utf8)))
        #expect(try stream.readMessage(&decoder)["id"]?.string == "compressed ping")
    }

    @Test("ends when a peer's message becomes too long, is no text, or cannot be inflated")
    func badMessages() throws {
        let server = try TestServer()
        let most = Limits.webSocketMessageBytesMax
        let cases: [(frame: [UInt8], code: Int64)] = [
            (compressed([UInt8](repeating: 0x20, count: most + 1)), 1009),
            (compressed([0xFF]), 1007),
            (
                WebSocketFrameEncoder.frame(
                    .text, [0x07], isCompressed: true, mask: WebSocketMask(1, 2, 3, 4)), 1007
            ),
        ]
        for (frame, code) in cases {
            let stream = try server.connect()
            _ = try stream.upgrade(streamPath, fields: Self.offer)
            var decoder = decoder()
            #expect(try stream.readMessage(&decoder)["type"]?.string == "ready")
            try stream.send(frame)
            #expect(try stream.readMessage(&decoder)["code"]?.integer == code)
            #expect(try stream.receive().isEmpty)
        }
    }

    @Test("is compressed by gzip if its query and its header ask for that, each event at once")
    func eventStream() throws {
        let server = try TestServer()
        try server.makeCollection()
        let stream = try server.connect()
        try stream.send("GET", streamPath + "?_encoding=gzip", fields: Self.gzip)
        let head = try stream.read(until: "\r\n\r\n")
        for line in [
            "Content-Encoding: gzip", "Vary: Accept-Encoding", "Content-Type: text/event-stream",
        ] {
            #expect(head.contains("\r\n\(line)\r\n"))
        }
        #expect(try stream.readBytes(10) == Gzip.header)
        let inflater = Inflater(outputBytesMax: 1 << 20)
        var text: [UInt8] = []
        func read(until needle: String) throws {
            while !String(decoding: text, as: UTF8.self).contains(needle) {
                let bytes = try stream.receiveSome()
                try #require(!bytes.isEmpty)
                try inflater.inflate(bytes, to: &text)
            }
        }
        try read(until: "event: ready")
        #expect(String(decoding: text, as: UTF8.self).contains("\n\n: heliograph\n\n"))
        for record in ["one", "two"] {
            text = []
            try server.write(record)
            try read(until: "\"host\":\"test\"}\n\n")
        }
    }

    @Test(
        "is plain unless both ask for gzip",
        arguments: [
            ("", "gzip, deflate, br", false), ("?_encoding=identity", "gzip", false),
            ("?_encoding=gzip", "identity", true), ("?_encoding=gzip", "gzip;q=0", true),
        ])
    func plain(query: String, accepted: String, varies: Bool) throws {
        let server = try TestServer()
        let stream = try server.connect()
        try stream.send("GET", streamPath + query, fields: ["Accept-Encoding": accepted])
        let head = try stream.read(until: "\r\n\r\n")
        #expect(!head.contains("Content-Encoding"))
        #expect(head.contains("Vary: Accept-Encoding") == varies)
        _ = try stream.read(until: "event: ready")
    }

    @Test("is refused if it asks for an encoding that there is not", arguments: ["br", "", "GZIP"])
    func unknownEncoding(value: String) throws {
        let server = try TestServer()
        let answer = try server.request("GET", streamPath + "?_encoding=" + value)
        #expect(answer.status == 400)
        #expect(answer.json["errno"]?.integer == 107)
        let message = answer.json["message"]?.string
        #expect(message == "_encoding in querystring: Only 'gzip' and 'identity' are encodings")
    }

    @Test("is never compressed where that is turned off, nor for a browser's push service")
    func off() throws {
        let off = try TestServer(streams: StreamConfiguration(allowsCompression: false))
        let webSocket = try off.connect()
        let answer = try webSocket.upgrade(streamPath, fields: Self.offer)
        #expect(answer.status == 101 && answer.fields["Sec-WebSocket-Extensions"] == nil)
        let events = try off.connect()
        try events.send("GET", streamPath + "?_encoding=gzip", fields: Self.gzip)
        #expect(try !events.read(until: "\r\n\r\n").contains("Content-Encoding"))
        _ = try events.read(until: "event: ready")
        let server = try TestServer()
        let push = try server.connect().upgrade("/v1/push", fields: Self.offer)
        #expect(push.status == 101 && push.fields["Sec-WebSocket-Extensions"] == nil)
    }

    @Test("is counted by its transport, compressed or not")
    func figures() throws {
        let server = try TestServer()
        let streams = try (0..<4).map { _ in try server.connect() }
        _ = try streams[0].upgrade(streamPath, fields: Self.offer)
        _ = try streams[1].upgrade(streamPath)
        try streams[2].send("GET", streamPath + "?_encoding=gzip", fields: Self.gzip)
        try streams[3].send("GET", streamPath)
        for stream in streams[2...] { _ = try stream.read(until: "\r\n\r\n") }
        let text = try server.request("GET", "/v1/__metrics__").body
        #expect(text.contains("heliograph_subscribers{transport=\"websocket\"} 2\n"))
        #expect(text.contains("heliograph_subscribers{transport=\"sse\"} 2\n"))
    }
}
