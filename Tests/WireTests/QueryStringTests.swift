// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

@Suite("A query string")
struct QueryStringTests {
    private func pairs(_ text: String) throws -> [String] {
        try QueryString(text).parameters.map { "\($0.name)→\($0.value)" }
    }

    @Test("is read in order, with duplicates")
    func order() throws {
        #expect(try pairs("b=1&a=2&b=3") == ["b→1", "a→2", "b→3"])
        let query = try QueryString("b=1&a=2&b=3")
        #expect(query["b"] == "1")
        #expect(query["c"] == nil)
        #expect(query.all("b") == ["1", "3"])
    }

    @Test("is decoded")
    func decoding() throws {
        #expect(try pairs("_since=%2212%22&a+b=c%2Bd+e") == ["_since→\"12\"", "a b→c+d e"])
        #expect(try pairs("a=b=c&d=%3d&%C3%A9=%e2%82%AC") == ["a→b=c", "d→=", "é→€"])
        #expect(try pairs("a=%26%3D&x=%00") == ["a→&=", "x→\0"])
    }

    @Test("may have empty pieces, names and values")
    func empty() throws {
        #expect(try pairs("") == [])
        #expect(try pairs("&&a&=b&c=&") == ["a→", "→b", "c→"])
    }

    @Test(
        "is refused when an escape is broken", arguments: ["%", "a=%4", "%zz=1", "a=%+1", "a%4&b"])
    func escapes(text: String) {
        #expect(throws: QueryString.SyntaxError.invalidEscape) { try QueryString(text) }
    }

    @Test(
        "is refused when it is not UTF-8", arguments: ["a=%FF", "%C3=1", "a=%ED%A0%80", "%C0%80"])
    func invalidUTF8(text: String) {
        #expect(throws: QueryString.SyntaxError.invalidUTF8) { try QueryString(text) }
    }

    @Test("has a limited number of parameters")
    func limit() throws {
        let most = Array(repeating: "a=b", count: Limits.queryParametersMax).joined(separator: "&")
        #expect(try QueryString(most).parameters.count == Limits.queryParametersMax)
        #expect(throws: QueryString.SyntaxError.tooManyParameters) { try QueryString(most + "&c") }
    }
}

@Suite("Percent-encoding")
struct PercentEncodingTests {
    @Test("leaves what may stand in its place")
    func encoding() {
        let text = "aZ09-._~/?#[]@!$&'()*+,;= %é\0"
        #expect(
            PercentEncoding.encode(text, for: .queryComponent)
                == "aZ09-._~%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%20%25%C3%A9%00")
        #expect(
            PercentEncoding.encode(text, for: .pathSegment)
                == "aZ09-._~%2F%3F%23%5B%5D@!$&'()*+,;=%20%25%C3%A9%00")
        #expect(PercentEncoding.encode("/a b/c?", for: .path) == "/a%20b/c%3F")
    }

    @Test("is undone by decoding")
    func roundTrip() throws {
        let text = String(String.UnicodeScalarView((0..<0x3000).compactMap(Unicode.Scalar.init)))
        for place in [PercentEncoding.Place.queryComponent, .pathSegment, .path] {
            let encoded = PercentEncoding.encode(text, for: place)
            #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(try PercentEncoding.decode(encoded) == text)
        }
        #expect(try PercentEncoding.decode("a+b") == "a+b")
        #expect(try PercentEncoding.decode("a+b", plusIsSpace: true) == "a b")
    }
}
