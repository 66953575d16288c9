// SPDX-License-Identifier: MIT

import Core
import Reactor
import Synchronization
import Testing

@testable import Server

/// What a proxy puts before a connection, and what a server tells about it.
private final class ProxyFront: Sendable {
    let server: TestServer
    private let reports: Reports

    /// What the operator was told.
    final class Reports: Sendable {
        let lines = Mutex<[String]>([])
    }

    init(trusting words: [String] = ["127.0.0.0/8"]) throws {
        var edge = EdgeConfiguration()
        edge.trustedProxies = try #require(TrustedProxies(words: words))
        edge.proxiedListeners = [ListenerID(0)]
        let reports = Reports()
        self.reports = reports
        server = try TestServer(
            edge: edge,
            reporter: HeliographServer.Reporter(
                proxyRefused: { reason, peer in
                    reports.lines.withLock { $0.append("\(peer): \(reason)") }
                }))
    }

    var told: [String] { reports.lines.withLock { $0 } }

    /// A header that tells the client 192.0.2.7, or, with command 0, the proxy itself.
    static func header(command: UInt8 = 1, extra: Int = 0) -> [UInt8] {
        let block: [UInt8] =
            [192, 0, 2, 7, 10, 0, 0, 1, 0xC0, 0, 0, 80] + [UInt8](repeating: 4, count: extra)
        return [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
            + [0x20 | command, 0x11, UInt8(block.count >> 8), UInt8(block.count & 255)] + block
    }
}

@Suite("A listener for proxies")
struct ProxyProtocolTests {
    private static let request = Array("GET /v1/__lbheartbeat__ HTTP/1.1\r\nHost: t\r\n\r\n".utf8)

    @Test(
        "serves what follows the header, of the proxy's clients and its own",
        arguments: [
            ProxyFront.header(), ProxyFront.header(command: 0), ProxyFront.header(extra: 300),
        ])
    func serves(header: [UInt8]) throws {
        let front = try ProxyFront()
        let connection = try front.server.connect()
        try connection.send(header + Self.request + Self.request)
        for _ in 0..<2 { #expect(try connection.readAnswer().status == 200) }
        try connection.send(Self.request)
        #expect(try connection.readAnswer().status == 200)
        #expect(front.told.isEmpty)
    }

    @Test("takes the header however it is cut")
    func drips() throws {
        let front = try ProxyFront()
        for size in [1, 5, 16, 27] {
            let connection = try front.server.connect()
            var rest = (ProxyFront.header() + Self.request)[...]
            while !rest.isEmpty {
                try connection.send(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try connection.readAnswer().status == 200)
        }
    }

    @Test("turns such a connection into a stream")
    func streams() throws {
        let front = try ProxyFront()
        let connection = try front.server.connect()
        try connection.send(ProxyFront.header())
        try connection.send("GET", "/v1/buckets/monitor/collections/changes/stream")
        _ = try connection.read(until: "event: ready")
        let socket = try front.server.connect()
        try socket.send(ProxyFront.header())
        let answer = try socket.upgrade("/v1/buckets/monitor/collections/changes/stream")
        #expect(answer.status == 101)
    }

    @Test(
        "closes what begins otherwise, and says why",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "no PROXY header"),
            ("PROXY TCP4 192.0.2.7 10.0.0.1 49152 80\r\n", "version 1"),
            ("\r\n\r\n\0\r\nQUIT\n1xxx", "unknown version"),
        ])
    func refusals(bytes: String, reason: String) throws {
        let front = try ProxyFront()
        let connection = try front.server.connect()
        try connection.send(bytes)
        #expect(try connection.readToEnd().isEmpty)
        #expect(front.told.count == 1)
        #expect(front.told.first?.hasPrefix("127.0.0.1: ") == true)
        #expect(front.told.first?.contains(reason) == true)
    }

    @Test("closes connections of those who are not trusted, unread")
    func untrusted() throws {
        let front = try ProxyFront(trusting: ["10.0.0.0/8", "unix"])
        for _ in 0..<3 {
            let connection = try front.server.connect()
            #expect(try connection.readToEnd().isEmpty)
        }
        // Once per second at most: three connections may make two lines of it.
        #expect((1...2).contains(front.told.count))
        #expect(front.told.first == "127.0.0.1: not in heliograph.trusted_proxies")
    }

    @Test("lets a balancer look whether somebody listens")
    func probes() throws {
        let front = try ProxyFront()
        do {
            let connection = try front.server.connect()
            connection.finish()
            #expect(try connection.readToEnd().isEmpty)
        }
        #expect(front.told.isEmpty)
    }

    @Test("is one among others, which take no such header")
    func others() throws {
        let server = try TestServer()
        let connection = try server.connect()
        try connection.send(ProxyFront.header() + Self.request)
        #expect(try connection.readAnswer().status == 400)
    }

    @Test("counts refusals among the metrics")
    func metrics() throws {
        let front = try ProxyFront()
        let bad = try front.server.connect()
        try bad.send("GET / HTTP/1.1\r\n")
        #expect(try bad.readToEnd().isEmpty)
        let good = try front.server.connect()
        try good.send(ProxyFront.header())
        try good.send("GET", "/v1/__metrics__")
        #expect(try good.readAnswer().body.contains("\nheliograph_proxy_refusals_total 1\n"))
    }
}
