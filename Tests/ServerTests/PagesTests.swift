// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Testing

@testable import Server

@Suite("The server's own pages")
struct PagesTests {
    /// The value of a figure; nil if it is not among them.
    private func figure(_ name: String, _ text: String) -> Int? {
        text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    @Test("count streams by transport, and one delivery for each subscriber and entry")
    func metrics() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("first")
        let stream = try server.connect()
        try stream.send("GET", "/v1" + StreamPath.monitorChanges)
        _ = try stream.read(until: "event: ready")
        let socket = try server.connect()
        #expect(try socket.upgrade("/v1" + StreamPath.monitorChanges).status == 101)
        let connection = try server.connect()
        var text = ""
        // The figures are those of each loop's last turn.
        for _ in 0..<200 {
            try connection.send("GET", "/v1/__metrics__")
            let answer = try connection.readAnswer()
            #expect(answer.fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            text = answer.body
            if figure("heliograph_deliveries_total", text) == 2 { break }
        }
        #expect(figure("heliograph_subscribers{transport=\"sse\"}", text) == 1)
        #expect(figure("heliograph_subscribers{transport=\"websocket\"}", text) == 1)
        #expect(figure("heliograph_deliveries_total", text) == 2)
        #expect(figure("heliograph_head_revision", text) == 1)
        #expect(figure("heliograph_connections", text) == 3)
        #expect(try #require(figure("heliograph_storage_writes_total", text)) >= 2)
        #expect(try #require(figure("process_resident_memory_bytes", text)) > 1 << 20)
    }

    @Test("have a name, a kind and a sentence for each figure")
    func format() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send("GET", "/v1/__metrics__")
        let lines = try connection.readAnswer().body.split(separator: "\n")
        let names = lines.filter { !$0.hasPrefix("#") }.compactMap {
            $0.split { $0 == " " || $0 == "{" }.first
        }
        for name in Set(names) {
            #expect(lines.count { $0.hasPrefix("# HELP \(name) ") && $0.hasSuffix(".") } == 1)
            #expect(lines.count { $0.hasPrefix("# TYPE \(name) ") } == 1)
            let isCounter = lines.contains("# TYPE \(name) counter")
            #expect(isCounter == name.hasSuffix("_total"), "\(name)")
        }
    }

    @Test(
        "are the dashboard's files, which load nothing from elsewhere and nothing inline",
        arguments: [
            ("", "text/html; charset=utf-8"), ("dashboard.css", "text/css; charset=utf-8"),
            ("dashboard.js", "text/javascript; charset=utf-8"),
            ("heliograph.js", "text/javascript; charset=utf-8"), ("icon.svg", "image/svg+xml"),
        ])
    func dashboard(name: String, type: String) throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send("GET", "/v1/dashboard/\(name)")
        let answer = try connection.readAnswer()
        #expect(answer.status == 200)
        #expect(answer.fields["Content-Type"] == type)
        let policy = try #require(answer.fields["Content-Security-Policy"])
        #expect(policy.hasPrefix("default-src 'none'; "))
        #expect(!policy.contains("unsafe"))
        #expect(!answer.body.contains("style=\""))
        #expect(!answer.body.contains("onclick="))
        try connection.send("HEAD", "/v1/dashboard/\(name)")
        let head = try connection.readAnswer(hasBody: false)
        #expect(head.fields["Content-Length"] == "\(answer.body.utf8.count)")
        let tag = try #require(answer.fields["ETag"])
        try connection.send("GET", "/v1/dashboard/\(name)", fields: ["If-None-Match": tag])
        let unchanged = try connection.readAnswer(hasBody: false)
        #expect(unchanged.status == 304)
        #expect(
            unchanged.fields["Content-Security-Policy"] == policy,
            "a browser takes it over")
    }

    @Test("lead from the dashboard's address without its slash to the one with it")
    func slash() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send("GET", "/v1/dashboard")
        let answer = try connection.readAnswer()
        #expect(answer.status == 307)
        #expect(answer.fields["Location"]?.hasSuffix("/v1/dashboard/") == true)
        try connection.send("GET", "/v1/dashboard/nothing.js")
        #expect(try connection.readAnswer().status == 404)
        try connection.send("POST", "/v1/dashboard/")
        #expect(try connection.readAnswer().status == 405)
    }
}
