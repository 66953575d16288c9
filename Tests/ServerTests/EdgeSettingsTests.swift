// SPDX-License-Identifier: MIT

import Core
import Reactor
import Testing

@testable import Server

@Suite("The settings about who connects")
struct EdgeSettingsTests {
    private func server(_ application: String) throws(ConfigurationError) -> ServerSettings {
        try ServerSettings(try merge(application))
    }

    @Test("trust nobody at first")
    func defaults() throws {
        let settings = try server("")
        #expect(settings.edge == EdgeConfiguration())
        #expect(settings.edge.trustedProxies.isEmpty)
    }

    @Test("limit no address unless told to, memory by the control group, and lag to a second")
    func limits() throws {
        let settings = try server("").edge
        #expect(settings.connectionsPerAddressMax == 0)
        #expect(settings.streamsPerAddressMax == 0)
        #expect(settings.memoryMegabytesMax == nil)
        #expect(settings.loopLagMillisecondsMax == Limits.loopLagMillisecondsDefault)
        #expect(try server("heliograph.max_memory_megabytes = 512").edge.memoryMegabytesMax == 512)
        #expect(try server("heliograph.max_memory_megabytes = auto").edge.memoryMegabytesMax == nil)
    }

    @Test(
        "take numbers within their bounds, and none beyond",
        arguments: [
            ("heliograph.max_connections_per_address", Limits.perAddressMax),
            ("heliograph.max_streams_per_address", Limits.perAddressMax),
            ("heliograph.max_memory_megabytes", Limits.memoryMegabytesMax),
            ("heliograph.max_loop_lag_milliseconds", Limits.loopLagMillisecondsMax),
        ])
    func bounds(name: String, most: Int) throws {
        for value in [0, most] { _ = try server("\(name) = \(value)") }
        for value in ["-1", "\(most + 1)", "x", "1.5", ""] {
            #expect(throws: ConfigurationError.self) { try server("\(name) = \(value)") }
        }
    }

    @Test("name trusted proxies by address, by network, and those on a socket file")
    func proxies() throws {
        let settings = try server(
            "heliograph.trusted_proxies = 192.0.2.1, 10.0.0.0/8\n  2001:db8::/32 unix")
        let proxies = settings.edge.trustedProxies
        for address in ["192.0.2.1", "10.1.2.3", "2001:db8::1"] {
            #expect(proxies.contains(try #require(PeerAddress(numeric: address))))
        }
        #expect(proxies.contains(.unix))
        #expect(!proxies.contains(.ipv4(0x7F00_0001)))
    }

    @Test("say what a trusted proxy is")
    func proxyMessage() {
        let message = refusal { () throws(ConfigurationError) in
            try server("heliograph.trusted_proxies = 10.0.0.1/8")
        }
        #expect(
            message.hasSuffix(
                "heliograph.trusted_proxies = 10.0.0.1/8: expected addresses like 192.0.2.1 or"
                    + " 2001:db8::1, networks like 192.0.2.0/24 without bits beyond their length,"
                    + " or unix"))
    }

    @Test("trust as many proxies as the limit, and not one more")
    func proxiesMax() throws {
        func list(_ count: Int) -> String {
            "heliograph.trusted_proxies = "
                + (0..<count).map { "10.0.\($0 / 256).\($0 % 256)" }.joined(separator: " ")
        }
        let last = PeerAddress.ipv4(0x0A00_0000 + UInt32(Limits.trustedProxiesMax) - 1)
        let settings = try server(list(Limits.trustedProxiesMax))
        #expect(settings.edge.trustedProxies.contains(last))
        #expect(throws: ConfigurationError.self) {
            try server(list(Limits.trustedProxiesMax + 1))
        }
    }

    @Test("listen for proxies beside others")
    func listeners() throws {
        let settings = try server(
            """
            heliograph.trusted_proxies = 10.0.0.0/8
            heliograph.listen = http://a:1 proxy+http://[::]:2 unix:/x proxy+unix:/y
            """)
        #expect(
            settings.listeners == [
                .tcp(host: "a", port: 1), .tcp(host: "::", port: 2), .unix(path: "/x"),
                .unix(path: "/y"),
            ])
        #expect(settings.edge.proxiedListeners == [ListenerID(1), ListenerID(3)])
    }

    @Test(
        "do not listen for proxies in other words, nor twice at one address",
        arguments: [
            "proxy+", "proxy+a:1", "proxy+proxy+http://a:1", "PROXY+http://a:1", "proxy://a:1",
            "http://a:1 proxy+http://a:1", "proxy+https://a:1",
        ])
    func notListeners(list: String) {
        #expect(throws: ConfigurationError.self) {
            try server("heliograph.trusted_proxies = unix\nheliograph.listen = \(list)")
        }
    }

    @Test("do not listen for proxies when none is trusted")
    func nobodyTrusted() {
        let message = refusal { () throws(ConfigurationError) in
            try server("heliograph.listen = proxy+http://a:1")
        }
        #expect(message.contains("heliograph.trusted_proxies"))
        #expect(message.contains("heliograph.listen"))
    }

    @Test("forget the listeners for proxies when an option says where to listen")
    func options() throws {
        let settings = try ServerSettings(
            try merge(
                "heliograph.listen = proxy+http://a:8888",
                flags: [SettingFlag(flag: "--host", setting: "host", value: "a")]))
        #expect(settings.listeners == [.tcp(host: "a", port: 8888)])
        #expect(settings.edge.proxiedListeners.isEmpty)
    }
}

@Suite("The key that a client is told apart by")
struct AddressKeyTests {
    private func key(_ text: String) throws -> AddressKey {
        AddressKey(try #require(PeerAddress(numeric: text)))
    }

    @Test("is an IPv4 address, or the first half of an IPv6 address")
    func keys() throws {
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
        #expect(try key("2001:db8::1") == key("2001:db8::ffff:ffff:ffff:ffff"))
        #expect(try key("2001:db8::1") != key("2001:db8:0:1::1"))
        #expect(try key("::ffff:192.0.2.1") == key("192.0.2.1"))
        #expect(try key("::1") == key("::2"))
        let keys = try ["0.0.0.0", "::1", "0:0:0:1::", "255.255.255.255", "fe80::1"].map {
            try key($0)
        }
        #expect(!keys.contains(.none))
        #expect(Set(keys.map(\.description)).count == 4, "0:0:0:1::/64 counts as ::/64")
    }

    @Test("is spelled as what it stands for")
    func description() throws {
        #expect(try key("192.0.2.1").description == "192.0.2.1")
        #expect(try key("2001:db8::1").description == "2001:db8::/64")
        #expect(try key("::1").description == "::/64")
        #expect(AddressKey(.unix).description == "unix")
        #expect(AddressKey(.unix) == .none)
        #expect(try AddressKey(bits: key("192.0.2.1").bits) == key("192.0.2.1"))
    }
}
