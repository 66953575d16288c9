// SPDX-License-Identifier: MIT

import Core
import Glibc
import Reactor
import Synchronization
import Testing
import Wire

@testable import Server

private let streamPath = "/v1/buckets/monitor/collections/changes/stream"
private let browser = ["Accept": "text/event-stream"]

/// A number that a test changes while a server reads it.
private final class Gauge: Sendable {
    let bytes = Atomic(0)
}

/// What an operator was told.
private final class Told: Sendable {
    let lines = Mutex<[String]>([])

    var reporter: HeliographServer.Reporter {
        HeliographServer.Reporter(refusing: { reason, address in
            self.lines.withLock { $0.append("\(reason) \(address ?? "any")") }
        })
    }
}

extension TestConnection {
    /// Opens a stream and reads to its `ready`.
    fileprivate func openStream(_ fields: [String: String] = [:]) throws {
        try send("GET", streamPath, fields: fields)
        _ = try read(until: "event: ready")
        _ = try read(until: "\n\n")
    }

    /// Asks for a stream as a program, and expects to be refused.
    fileprivate func expectRefusal(
        _ status: Int, _ number: Int64, _ fields: [String: String] = [:]
    ) throws {
        try send("GET", streamPath, fields: fields)
        let answer = try readAnswer()
        #expect(answer.status == status)
        #expect(answer.json["errno"]?.integer == number)
        let seconds = try #require(answer.fields["Retry-After"].flatMap { Int($0) })
        #expect((5...30).contains(seconds))
        #expect(try readToEnd().isEmpty)
    }

    /// Asks for a stream as a browser does, and expects to be told to return.
    fileprivate func expectReturn(
        _ path: String = streamPath, _ fields: [String: String] = [:]
    ) throws -> Int {
        try send(
            "GET", path,
            fields: browser.merging(["Origin": "http://a"]) { $1 }.merging(fields) { $1 })
        let answer = try readAnswer()
        #expect(answer.status == 200)
        #expect(answer.fields["Content-Type"] == "text/event-stream")
        #expect(answer.fields["Access-Control-Allow-Origin"] == "*")
        #expect(answer.body.hasPrefix("retry: "))
        #expect(try readToEnd().isEmpty)
        return try #require(Int(answer.body.dropFirst(7).prefix { $0.isNumber }))
    }
}

@Suite("A server that is short of memory")
struct MemoryOverloadTests {
    private let gauge = Gauge()
    private let told = Told()

    private func makeServer() throws -> TestServer {
        let gauge = gauge
        return try TestServer(
            memoryGauge: MemoryGauge(bytesMax: 1_000) { gauge.bytes.load(ordering: .relaxed) },
            reporter: told.reporter)
    }

    @Test(
        "refuses streams, while those that are there get their events, and polls and writes go on")
    func refuses() throws {
        let server = try makeServer()
        try server.makeCollection()
        let stream = try server.connect()
        try stream.openStream()
        gauge.bytes.store(1_001, ordering: .relaxed)
        server.server.look()
        try server.connect().expectRefusal(503, 201)
        #expect(try server.connect().upgrade(streamPath).status == 503)
        let times = try (0..<20).map { _ in try server.connect().expectReturn() }
        #expect(times.allSatisfy { Limits.refusedRetryMilliseconds.contains($0) })
        #expect(Set(times).count > 10, "each is told a time of its own")
        #expect(try server.write("r") == 201)
        _ = try stream.read(until: "\"collection\":\"c\"")
        let poll = try server.request("GET", "/v1/buckets/monitor/collections/changes/records")
        #expect(poll.status == 200)
        server.server.look()
        #expect(told.lines.withLock { $0 } == ["memory any"])
        let metrics = try server.request("GET", "/v1/__metrics__").body
        #expect(metrics.contains("\nheliograph_refusals_total{reason=\"memory\"} 22\n"))
        #expect(metrics.contains("\nheliograph_limited_memory_bytes 1001\n"))
        #expect(metrics.contains("\nheliograph_memory_limit_bytes 1000\n"))
        gauge.bytes.store(900, ordering: .relaxed)
        server.server.look()
        try server.connect().openStream()
    }

    @Test(
        "refuses browsers' streams of private collections likewise, and leaves their tickets alone")
    func tickets() throws {
        let server = try makeServer()
        try server.makeCollection()
        let ticket = try server.request("POST", "/v1/buckets/monitor/collections/changes/ticket")
        let value = ticket.json["data"]?.object?["ticket"]?.string
        let path = "/v1/buckets/b/collections/c/stream?ticket=\(value ?? "")"
        gauge.bytes.store(1_001, ordering: .relaxed)
        server.server.look()
        _ = try server.connect().expectReturn(path)
        gauge.bytes.store(0, ordering: .relaxed)
        server.server.look()
        let stream = try server.connect()
        try stream.send("GET", path, fields: browser)
        #expect(try stream.read(until: "\r\n").contains("200"))
    }
}

@Suite("A loop that is behind")
struct LagOverloadTests {
    @Test("refuses streams, while those that are there get their events, and tells its lag")
    func refuses() throws {
        var edge = EdgeConfiguration()
        edge.loopLagMillisecondsMax = 1
        let server = try TestServer(edge: edge)
        try server.makeCollection()
        let stream = try server.connect()
        try stream.openStream()
        #expect(server.server.post { usleep(400_000) })
        #expect(try server.request("GET", "/v1/__lbheartbeat__").status == 200)
        try server.connect().expectRefusal(503, 201)
        _ = try server.connect().expectReturn()
        #expect(try server.write("r") == 201)
        _ = try stream.read(until: "\"collection\":\"c\"")
        let metrics = try server.request("GET", "/v1/__metrics__").body
        #expect(metrics.contains("\nheliograph_refusals_total{reason=\"lag\"} 2\n"))
        let prefix = "\nheliograph_loop_lag_microseconds{loop=\"0\"} "
        let start = try #require(metrics.firstRange(of: prefix)).upperBound
        let lag = try #require(Int(metrics[start...].prefix { $0.isNumber }))
        #expect(lag > 500)
    }
}

@Suite("An address's connections and streams")
struct AddressLimitTests {
    private func makeServer(
        connections: Int = 0, streams: Int = 0, trusting words: [String] = [],
        reporter: HeliographServer.Reporter = HeliographServer.Reporter()
    ) throws -> TestServer {
        var edge = EdgeConfiguration()
        edge.connectionsPerAddressMax = connections
        edge.streamsPerAddressMax = streams
        edge.trustedProxies = try #require(TrustedProxies(words: words))
        return try TestServer(loops: 2, edge: edge, reporter: reporter)
    }

    private func forwarded(_ address: String) -> [String: String] { ["X-Forwarded-For": address] }

    @Test("are limited each; programs are told 429, browsers to return, other addresses go on")
    func connections() throws {
        let told = Told()
        let server = try makeServer(connections: 3, reporter: told.reporter)
        var held: [TestConnection] = []
        for _ in 0..<3 {
            let connection = try server.connect()
            try connection.send("GET", "/v1/__lbheartbeat__")
            #expect(try connection.readAnswer().status == 200)
            held.append(connection)
        }
        try server.connect().expectRefusal(429, 117)
        _ = try server.connect().expectReturn()
        let other = try TestConnection(port: server.port, from: 0x7F00_0002)
        try other.openStream()
        server.server.look()
        #expect(told.lines.withLock { $0 } == ["address 127.0.0.1"])
        try other.send("x")
        held.removeLast()
        // The place is free as soon as the loop has seen the end.
        var status = 429
        while status == 429 {
            let again = try server.connect()
            try again.send("GET", "/v1/__lbheartbeat__")
            status = try again.readAnswer().status
        }
        #expect(status == 200)
    }

    @Test("are counted apart: streams are limited where connections are not")
    func streams() throws {
        let server = try makeServer(streams: 2)
        let held = try (0..<2).map { _ in try server.connect() }
        for connection in held { try connection.openStream() }
        try server.connect().expectRefusal(429, 117)
        #expect(try server.connect().upgrade(streamPath).status == 429)
        _ = try server.connect().expectReturn()
        #expect(try server.request("GET", "/v1/__heartbeat__").status == 200)
        let metrics = try server.request("GET", "/v1/__metrics__").body
        #expect(metrics.contains("\nheliograph_limited_addresses 1\n"))
        #expect(metrics.contains("\nheliograph_refusals_total{reason=\"address\"} 3\n"))
    }

    @Test("behind a trusted proxy are the client's that it names, whoever else is named")
    func proxied() throws {
        let told = Told()
        let server = try makeServer(
            connections: 1, streams: 1, trusting: ["127.0.0.0/8"], reporter: told.reporter)
        let first = try server.connect()
        try first.openStream(forwarded("8.8.8.8, 192.0.2.1"))
        let second = try server.connect()
        try second.openStream(["Forwarded": "for=192.0.2.2"])
        try server.connect().expectRefusal(429, 117, forwarded("192.0.2.1"))
        try server.connect().expectRefusal(429, 117, ["Forwarded": "for=192.0.2.1"])
        _ = try server.connect().expectReturn(streamPath, forwarded("9.9.9.9, 192.0.2.2"))
        server.server.look()
        #expect(told.lines.withLock { $0.allSatisfy { $0.hasPrefix("address 192.0.2.") } })
        #expect(told.lines.withLock { $0.count } == 1)
        // The proxy's own, and clients that it does not name, are not limited.
        let others = try (0..<3).map { _ in try server.connect() }
        for connection in others { try connection.openStream() }
        let hidden = try (0..<3).map { _ in try server.connect() }
        for connection in hidden { try connection.openStream(["Forwarded": "for=_hidden"]) }
    }

    @Test("cannot be escaped from by naming another address in the other field")
    func spoofed() throws {
        let server = try makeServer(streams: 1, trusting: ["127.0.0.1"])
        func fields(_ invented: String) -> [String: String] {
            ["X-Forwarded-For": "192.0.2.1", "Forwarded": "for=\(invented)"]
        }
        let first = try server.connect()
        try first.openStream(fields("198.51.100.1"))
        for invented in ["198.51.100.2", "unknown", "_x", "\"", "nonsense"] {
            try server.connect().expectRefusal(429, 117, fields(invented))
        }
        let honest = try server.connect()
        try honest.openStream(forwarded("192.0.2.1"))
    }

    @Test("are not named by those who are not trusted")
    func untrusted() throws {
        let server = try makeServer(streams: 1)
        let first = try server.connect()
        try first.openStream(forwarded("192.0.2.1"))
        try server.connect().expectRefusal(429, 117, forwarded("192.0.2.2"))
        let other = try TestConnection(port: server.port, from: 0x7F00_0002)
        try other.openStream(forwarded("192.0.2.1"))
    }

    @Test("are free again after a crowd of them has come and gone")
    func crowd() throws {
        let server = try makeServer(connections: 20, streams: 20)
        do {
            let held = try (0..<20).map { _ in try server.connect() }
            for connection in held { try connection.openStream() }
            var unseen = 0
            for _ in 0..<200 {
                let connection = try server.connect()
                connection.finish()
                if try connection.readToEnd().isEmpty { unseen += 1 }
            }
            #expect(unseen == 200)
        }
        for number: UInt32 in 2..<40 {
            let connection = try TestConnection(port: server.port, from: 0x7F00_0000 + number)
            try connection.openStream()
        }
        // As soon as the loops have seen the ends, only who asks has something.
        let isAlone = try (0..<500).contains { _ in
            let body = try TestConnection(port: server.port, from: 0x7F00_0064).metrics()
            return body.contains("\nheliograph_limited_addresses 1\n")
        }
        #expect(isAlone)
    }
}

extension TestConnection {
    fileprivate func metrics() throws -> String {
        try send("GET", "/v1/__metrics__")
        return try readAnswer().body
    }
}
