// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

@Suite("A client's address")
struct ClientAddressTests {
    private static let proxies = TrustedProxies(words: ["10.0.0.0/8", "2001:db8:1::/48", "unix"])

    private func client(_ lines: [HTTPFields.Field]) throws -> ClientAddress {
        ClientAddress(of: HTTPFields(lines), trusting: try #require(Self.proxies))
    }

    private func known(_ text: String) throws -> ClientAddress {
        .known(try #require(PeerAddress(numeric: text)))
    }

    @Test("is withheld by a trusted proxy that sends no field")
    func nothing() throws {
        #expect(try client([]) == .withheld)
        #expect(try client([("X-Forwarded-For", ""), ("Forwarded", " , ,")]) == .withheld)
    }

    @Test(
        "is the last in X-Forwarded-For that is not trusted",
        arguments: [
            ("192.0.2.1", "192.0.2.1"),
            ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
            ("198.51.100.9, 192.0.2.1, 10.1.2.3, 10.0.0.2", "192.0.2.1"),
            ("198.51.100.9,192.0.2.1 ,\t10.1.2.3,,", "192.0.2.1"),
            ("10.9.9.9, 192.0.2.1", "192.0.2.1"),
            ("2001:db8:2::1, 2001:db8:1::5", "2001:db8:2::1"),
            ("[2001:db8:2::1]:443", "2001:db8:2::1"), ("[2001:db8:2::1]", "2001:db8:2::1"),
            ("192.0.2.1:65535", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, unix:", "192.0.2.1"),
            // Whatever stands before it is the client's own invention.
            ("nonsense, \"\"\", for=, 192.0.2.1", "192.0.2.1"), ("\", 192.0.2.1", "192.0.2.1"),
        ])
    func customary(value: String, address: String) throws {
        #expect(try client([("X-Forwarded-For", value)]) == known(address))
    }

    @Test("is the farthest proxy's when all are trusted")
    func proxiesOnly() throws {
        #expect(try client([("X-Forwarded-For", "10.7.7.7, 10.0.0.2")]) == known("10.7.7.7"))
        #expect(try client([("Forwarded", "for=10.7.7.7, for=10.0.0.2")]) == known("10.7.7.7"))
    }

    @Test(
        "is the last in Forwarded that is not trusted",
        arguments: [
            ("for=192.0.2.1", "192.0.2.1"), ("For=192.0.2.1;proto=http;by=10.0.0.1", "192.0.2.1"),
            ("by=10.0.0.1;FOR=\"192.0.2.1:80\"", "192.0.2.1"),
            ("for=\"[2001:db8:2::1]\"", "2001:db8:2::1"),
            ("for=\"[2001:db8:2::1]:4711\"", "2001:db8:2::1"),
            ("for=\"[2001:db8:2::1]:_port\"", "2001:db8:2::1"),
            ("for=192.0.2.1:8080", "192.0.2.1"), ("for=[2001:db8:2::1]", "2001:db8:2::1"),
            ("for=\"1\\92.0.2.\\1\"", "192.0.2.1"),
            ("for=198.51.100.9, for=192.0.2.1, for=10.0.0.9", "192.0.2.1"),
            ("for=198.51.100.9,for=192.0.2.1;secret=\"a,b;for=8.8.8.8\"", "192.0.2.1"),
            ("for=192.0.2.1; proto=https ;host=\"a\\\"b, c\"", "192.0.2.1"),
            (";;for=192.0.2.1;", "192.0.2.1"), ("for=192.0.2.1;ext=\"\"", "192.0.2.1"),
            // The client's quotation mark that never closes does not swallow what proxies add.
            ("for=\", for=192.0.2.1", "192.0.2.1"),
            ("for=\"8.8.8.8;x=\\, for=192.0.2.1;by=\"[2001:db8:1::1]\"", "192.0.2.1"),
        ])
    func standard(value: String, address: String) throws {
        #expect(try client([("Forwarded", value)]) == known(address))
    }

    @Test("may be spread over several lines of a field")
    func lines() throws {
        let lines = [("X-Forwarded-For", "198.51.100.9"), ("x-forwarded-for", "192.0.2.1")]
        #expect(try client(lines) == known("192.0.2.1"))
        #expect(
            try client([("Forwarded", "for=198.51.100.9"), ("FORWARDED", "for=192.0.2.1")])
                == known("192.0.2.1"))
    }

    @Test(
        "is withheld where a proxy says so",
        arguments: [
            "for=unknown", "for=Unknown", "for=_hidden", "for=\"_SEVKISEK.-_\"", "proto=https",
            "for=192.0.2.1, for=unknown", "for=\"unknown:80\"", "for=\"_a:_b\"", "by=192.0.2.1",
        ])
    func hidden(value: String) throws {
        #expect(try client([("Forwarded", value)]) == .withheld)
    }

    @Test("is withheld by Squid's word in X-Forwarded-For")
    func squid() throws {
        #expect(try client([("X-Forwarded-For", "192.0.2.1, unknown")]) == .withheld)
    }

    @Test(
        "is doubtful where the last element is nothing that a proxy writes",
        arguments: [
            "for", "for=", "=192.0.2.1", "for 192.0.2.1", "for=192.0.2.1 proto=http", "for=\"",
            "for=\"192.0.2.1", "for=192.0.2.1\"", "for=\"192.0.2.1\"x", "for=\"192.0.2.1\\",
            "for=192.0.2.1;for=192.0.2.2", "for=192.0.2.1;for=192.0.2.1", "for=_", "for=__é",
            "for=\"[192.0.2.1]\"", "for=\"[2001:db8:2::1\"", "for=\"2001:db8:2::1\"",
            "for=\"[2001:db8:2::1]80\"", "for=\"[2001:db8:2::1]:\"", "for=\"192.0.2.1:123456\"",
            "for=\"192.0.2.1:-1\"", "for=192.0.2.256", "for=localhost", "for=\"\"", "f or=1.1.1.1",
            "for = 192.0.2.1", "for=192.0.2.1;;x", "for=192.0.2.1;\u{1}", "for=unix:",
        ])
    func malformed(value: String) throws {
        #expect(try client([("Forwarded", value)]) == .doubtful)
        #expect(try client([("Forwarded", "for=198.51.100.9, " + value)]) == .doubtful)
    }

    @Test(
        "is doubtful where X-Forwarded-For ends with no address",
        arguments: [
            "localhost", "192.0.2", "192.0.2.1:", "192.0.2.1:http", "[192.0.2.1]", "::1:",
            "for=192.0.2.1", "\"192.0.2.1\"", "192.0.2.1;", "[::1", "192.0.2.1 10.0.0.2", "unix",
        ])
    func malformedCustomary(value: String) throws {
        #expect(try client([("X-Forwarded-For", value)]) == .doubtful)
    }

    @Test("must be the same in both fields, for one of them may be the client's invention")
    func both() throws {
        func both(_ standard: String, _ customary: String) throws -> ClientAddress {
            try client([("X-Forwarded-For", customary), ("Forwarded", standard)])
        }
        #expect(try both("for=192.0.2.1", "192.0.2.1") == known("192.0.2.1"))
        #expect(
            try both("for=\"[2001:db8:2::1]\"", "8.8.8.8, 2001:db8:2::1, 10.0.0.2")
                == known("2001:db8:2::1"))
        #expect(try both("for=192.0.2.1", "192.0.2.2") == .doubtful)
        #expect(try both("for=unknown", "192.0.2.2") == .doubtful)
        #expect(try both("for=192.0.2.1", "unknown") == .doubtful)
        #expect(try both("nonsense", "192.0.2.2") == .doubtful)
        #expect(try both("for=192.0.2.1", "nonsense") == .doubtful)
        #expect(try both("nonsense", "nonsense") == .doubtful)
        #expect(try both("for=unknown", "unknown") == .withheld)
        // One that names trusted proxies only says nothing of the client.
        #expect(try both("for=192.0.2.1", "10.0.0.2") == known("192.0.2.1"))
        #expect(try both("for=10.0.0.2", "192.0.2.1") == known("192.0.2.1"))
        #expect(try both("for=10.0.0.2", "10.0.0.3") == known("10.0.0.3"))
        #expect(try both("for=10.0.0.2", "nonsense") == .doubtful)
        #expect(try both("for=10.0.0.2", "unknown") == .withheld)
    }

    @Test("is looked for through so many nodes, and no more")
    func hops() throws {
        let most = Limits.forwardedHopsMax
        func value(_ proxies: Int) -> String {
            (["192.0.2.1"] + Array(repeating: "10.0.0.2", count: proxies)).joined(separator: ", ")
        }
        #expect(try client([("X-Forwarded-For", value(most - 1))]) == known("192.0.2.1"))
        #expect(try client([("X-Forwarded-For", value(most))]) == .doubtful)
    }

    @Test("of any field is never that of a client who is not the last")
    func randomFields() throws {
        var random = SystemRandomNumberGenerator()
        let signs = Array("\"\\,;=: \tfor=[]_unknown1.:é")
        for _ in 0..<5_000 {
            let invented = String((0..<30).map { _ in signs.randomElement(using: &random) ?? "x" })
            #expect(
                try client([("Forwarded", invented + ", for=192.0.2.1;by=\"_x\"")])
                    == known("192.0.2.1"))
            #expect(
                try client([("X-Forwarded-For", invented + ", 192.0.2.1")]) == known("192.0.2.1"))
        }
    }
}
