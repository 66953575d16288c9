// SPDX-License-Identifier: MIT

import Testing

@testable import Core

@Suite("A peer's address")
struct PeerAddressTests {
    @Test(
        "is spelled in one way only, that of RFC 5952, however it was written",
        arguments: [
            ("10.0.2.1", "10.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", nil),
            ("2001:db8::1", "2001:db8::1"), ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
            ("1:0:2:3:4:5:6:7", nil), ("fe80::ABCD:ef01", "fe80::abcd:ef01"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("::ffff:10.0.2.1", "10.0.2.1"), ("::ffff:a00:201", "10.0.2.1"),
            ("0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"),
        ])
    func spelling(text: String, spelled: String?) {
        let address = PeerAddress(numeric: text)
        #expect(address?.description == spelled ?? text)
        #expect(address.flatMap { PeerAddress(numeric: $0.description) } == address)
    }

    @Test(
        "is nothing else than numbers",
        arguments: [
            "", " ", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3",
            "256.0.0.1", "01.2.3.4", "1.2.3.00", "1.2.3.0004", "+1.2.3.4", "-1.2.3.4", "1.2.3.4 ",
            " 1.2.3.4", "0x7f.0.0.1", "127.1", "2130706433", "1.2.3.a", "١.2.3.4", "localhost",
            "[::1]", "::1%lo", "::1/128", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2:3:4:5:6:7:8", "1::2::3", "1:::2",
            "12345::", "g::", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "::1.2.3.4.5", "::-1",
            "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4:80", "unix", "::ffff:10.0.2.01",
            "0000:0000:0000:0000:0000:0ffff:255.255.255.255", "::\u{0}",
        ])
    func nonsense(text: String) {
        #expect(PeerAddress(numeric: text) == nil)
    }

    @Test("is an IPv4 address also when it came over an IPv6 socket")
    func mapped() {
        #expect(PeerAddress(high: 0, low: 0xFFFF_7F00_0001) == .ipv4(0x7F00_0001))
        #expect(PeerAddress(high: 0, low: 0xFFFE_7F00_0001) != .ipv4(0x7F00_0001))
        #expect(PeerAddress(high: 1, low: 0xFFFF_7F00_0001) != .ipv4(0x7F00_0001))
        #expect(PeerAddress.unix.description == "unix")
    }
}

@Suite("Trusted proxies")
struct TrustedProxiesTests {
    private func isTrusted(_ address: String, by words: String...) throws -> Bool {
        let peer = try #require(address == "unix" ? .unix : PeerAddress(numeric: address))
        return try #require(TrustedProxies(words: words)).contains(peer)
    }

    @Test(
        "are the addresses of a network, from its first to its last",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"),
            ("192.0.2.6/31", "192.0.2.6", "192.0.2.7", "192.0.2.5", "192.0.2.8"),
            ("128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", "0.0.0.0"),
            (
                "2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db7:ffff::", "2001:db9::"
            ),
            ("fe80::/64", "fe80::", "fe80::ffff:ffff:ffff:ffff", "fe80:0:0:1::", "fe7f::"),
            ("::2/127", "::2", "::3", "::1", "::4"),
            ("::ffff:10.0.0.0/104", "10.0.0.0", "10.255.255.255", "11.0.0.0", "::"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "::"),
        ])
    func network(_ network: String, first: String, last: String, below: String, above: String)
        throws
    {
        for address in [first, last] { #expect(try isTrusted(address, by: network)) }
        for address in [below, above, "unix"] { #expect(try !isTrusted(address, by: network)) }
    }

    @Test("are all of one kind of address with no bits, and none of the other")
    func everyone() throws {
        #expect(try isTrusted("8.8.8.8", by: "0.0.0.0/0"))
        #expect(try !isTrusted("::1", by: "0.0.0.0/0"))
        #expect(try isTrusted("ffff::", by: "::/0"))
        #expect(try !isTrusted("8.8.8.8", by: "::/0"))
        #expect(try isTrusted("8.8.8.8", by: "::ffff:0:0/96"))
    }

    @Test("are nobody at first, and who comes through a socket file only when named")
    func nobody() throws {
        #expect(TrustedProxies().isEmpty)
        #expect(!TrustedProxies().contains(.unix))
        #expect(!TrustedProxies().contains(.ipv4(0)))
        #expect(try #require(TrustedProxies(words: [])).isEmpty)
        #expect(try isTrusted("unix", by: "10.0.0.0/8", "unix"))
        #expect(try isTrusted("10.0.0.1", by: "unix", "10.0.0.0/8"))
        #expect(try !isTrusted("unix", by: "0.0.0.0/0", "::/0"))
    }

    @Test(
        "are not guessed",
        arguments: [
            "", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
            "10.0.0.1/8", "2001:db8::/129", "2001:db8::1/32", "::ffff:10.0.0.0/95", "10.0.0.0/08a",
            "::ffff:10.0.0.1/104", "10.0.0/8", "localhost", "Unix", "unix:", "10.0.0.0/255.0.0.0",
            "[::1]", "*", "10.0.0.0/1e1",
        ])
    func nonsense(word: String) {
        #expect(TrustedProxies(words: [word]) == nil)
        #expect(TrustedProxies(words: ["10.0.0.0/8", word]) == nil)
    }
}
