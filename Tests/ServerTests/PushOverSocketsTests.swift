// SPDX-License-Identifier: MIT

import Core
import Foundation
import Glibc
import Streams
import Testing
import Wire

@testable import Server

@Suite("A browser's push connection")
struct PushOverSocketsTests {
    /// The fields that Firefox sends.
    private func open(
        _ server: TestServer, _ path: String = "/v1/push"
    ) throws -> (TestConnection, TestConnection.Answer) {
        let connection = try server.connect()
        let answer = try connection.upgrade(
            path,
            fields: [
                "Sec-WebSocket-Protocol": "push-notification",
                "Sec-WebSocket-Extensions": "permessage-deflate",
                "Origin": "ws://127.0.0.1:\(server.port)\(path)",
            ])
        return (connection, answer)
    }

    private func say(_ text: String, _ connection: TestConnection) throws {
        try connection.send(
            WebSocketFrameEncoder.text(Array(text.utf8), mask: WebSocketMask(5, 6, 7, 8)))
    }

    private func version(_ message: JSONObject) -> String? {
        message["broadcasts"]?.object?[Broadcast.monitorChangesID]?.string
    }

    private func etag(_ server: TestServer) throws -> String? {
        try server.request("GET", "/v1/buckets/b/collections/c/records").fields["ETag"]
    }

    private func metric(_ server: TestServer) throws -> String {
        try server.request("GET", "/v1/__metrics__").body
    }

    @Test("opens for Firefox's request, whatever origins may read, and hears of changes")
    func lifetime() throws {
        let server = try TestServer(
            settings: [
                "kinto.push_broadcast_min_debounce_interval_seconds": "0",
                "kinto.cors_origins": "https://admin.example",
            ], loops: 2)
        try server.makeCollection()
        let (connection, answer) = try open(server, "/v1/push?any=query")
        #expect(answer.status == 101)
        #expect(answer.fields["Sec-WebSocket-Protocol"] == nil)
        #expect(answer.fields["Sec-WebSocket-Extensions"] == nil)
        try say(
            #"{"messageType":"hello","broadcasts":{},"use_webpush":true}"#, connection)
        var decoder = WebSocketFrameDecoder(role: .client)
        let hello = try connection.readMessage(&decoder)
        #expect(
            hello.keys.sorted() == ["broadcasts", "messageType", "status", "uaid", "use_webpush"])
        #expect(try metric(server).contains("{transport=\"push\"} 1"))
        for record in ["r", "s"] {
            try server.write(record)
            let told = version(try connection.readMessage(&decoder))
            #expect(told == (try etag(server)))
        }
        try say("{}", connection)
        #expect(try connection.readMessage(&decoder).isEmpty)
        let all = try server.request("GET", "/v1/__broadcasts__", user: nil)
        #expect(version(all.json) == (try etag(server)))
    }

    @Test("hears of a change within the interval when that ends, without anyone's doing")
    func trailing() throws {
        let server = try TestServer(
            settings: ["kinto.push_broadcast_min_debounce_interval_seconds": "1"])
        try server.makeCollection()
        let (connection, _) = try open(server)
        try say(#"{"messageType":"hello"}"#, connection)
        var decoder = WebSocketFrameDecoder(role: .client)
        #expect(version(try connection.readMessage(&decoder)) == nil)
        try server.write("first")
        let first = try etag(server)
        #expect(version(try connection.readMessage(&decoder)) == first)
        for number in 0..<5 { try server.write("r\(number)") }
        let last = try etag(server)
        #expect(version(try connection.readMessage(&decoder)) == last)
    }

    @Test("ends with TCP right after the close frame, whoever closes")
    func closing() throws {
        let server = try TestServer()
        for text in [nil, "junk"] {
            let (connection, _) = try open(server)
            var decoder = WebSocketFrameDecoder(role: .client)
            if let text {
                try say(text, connection)
            } else {
                try connection.send(
                    WebSocketFrameEncoder.close(
                        WebSocketCloseCode(rawValue: 1000), mask: WebSocketMask(1, 1, 1, 1)))
            }
            let close = try connection.readMessage(&decoder)
            #expect(close["code"]?.integer == (text == nil ? 1000 : 1011))
            #expect(try connection.readToEnd().isEmpty)
        }
    }

    @Test("is told on drain that the server goes, and closed")
    func drain() throws {
        let server = try TestServer()
        let (connection, _) = try open(server)
        try say(#"{"messageType":"hello"}"#, connection)
        var decoder = WebSocketFrameDecoder(role: .client)
        _ = try connection.readMessage(&decoder)
        server.server.drain(seconds: 5)
        #expect(try connection.readMessage(&decoder)["code"]?.integer == 1001)
        #expect(try connection.readToEnd().isEmpty)
    }

    @Test("that is dead is found by its missing pongs")
    func dead() throws {
        let server = try TestServer(streams: StreamConfiguration(heartbeatMilliseconds: 60))
        let (connection, _) = try open(server)
        try say(#"{"messageType":"hello"}"#, connection)
        _ = try connection.readToEnd()
        // The connection lingers a moment, for the peer to take the end.
        for _ in 0..<200 where try !metric(server).contains("{transport=\"push\"} 0") {
            usleep(20_000)
        }
        #expect(try metric(server).contains("{transport=\"push\"} 0"))
    }

    @Test("is pushed what another server announces, and knows it after a restart")
    func megaphone() throws {
        let directory = try HeliographProcess.Directory()
        let ini = directory.path + "/kinto.ini"
        let settings = """
            [app:main]
            heliograph.broadcasts.broadcaster_tokens = foo:secret
            """
        try settings.write(toFile: ini, atomically: true, encoding: .utf8)
        let arguments = [
            "serve", "--ini", ini, "--port", "0", "--storage",
            "sqlite:///\(directory.path)/data.db",
        ]
        var process = try HeliographProcess(arguments, in: directory)
        let writer = try TestConnection(port: try process.waitUntilReady())
        let browser = try TestConnection(port: try process.waitUntilReady())
        _ = try browser.upgrade("/v1/push")
        try say(#"{"messageType":"hello"}"#, browser)
        var decoder = WebSocketFrameDecoder(role: .client)
        _ = try browser.readMessage(&decoder)
        try writer.send(
            "PUT", "/v1/broadcasts/foo/bar", fields: ["Authorization": "Bearer secret"],
            body: "\"v1\"")
        #expect(try writer.readAnswer().status == 201)
        let told = try browser.readMessage(&decoder)
        #expect(told["broadcasts"]?.object?["foo/bar"]?.string == "\"v1\"")
        process.kill(SIGKILL)
        _ = try process.waitForExit()
        process = try HeliographProcess(arguments, in: directory)
        let again = try TestConnection(port: try process.waitUntilReady())
        _ = try again.upgrade("/v1/push")
        try say(#"{"messageType":"hello","broadcasts":{}}"#, again)
        var second = WebSocketFrameDecoder(role: .client)
        let hello = try again.readMessage(&second)
        #expect(hello["broadcasts"]?.object?["foo/bar"]?.string == "\"v1\"")
    }

    @Test("hears nothing early because the server was killed: the interval goes on")
    func killed() throws {
        let directory = try HeliographProcess.Directory()
        let arguments = ["serve", "--port", "0"]
        let environment = ["KINTO_PUSH_BROADCAST_MIN_DEBOUNCE_INTERVAL_SECONDS": "3600"]
        let fields = ["Authorization": "Basic " + Base64.encode(Array("me:secret".utf8))]
        let records = "/v1/buckets/b/collections/c/records"
        var versions: [String?] = []
        for run in 0..<2 {
            let process = try HeliographProcess(
                arguments, in: directory, environment: environment)
            let port = try process.waitUntilReady()
            func send(_ method: String, _ path: String) throws -> TestConnection.Answer {
                let connection = try TestConnection(port: port)
                try connection.send(method, path, fields: fields)
                return try connection.readAnswer()
            }
            for path in ["/v1/buckets/b", "/v1/buckets/b/collections/c", "\(records)/r\(run)"] {
                #expect([200, 201].contains(try send("PUT", path).status))
            }
            // It is announced behind the write's answer.
            for _ in 0..<200 where version(try send("GET", "/v1/__broadcasts__").json) == nil {
                usleep(10_000)
            }
            versions.append(version(try send("GET", "/v1/__broadcasts__").json))
            #expect((try send("GET", records).fields["ETag"] == versions[run]) == (run == 0))
            process.kill(SIGKILL)
            _ = try process.waitForExit()
        }
        #expect(versions[0] != nil)
        #expect(versions[0] == versions[1])
    }
}
