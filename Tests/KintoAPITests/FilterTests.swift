// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI

@Suite("The order of values")
struct ValueOrderTests {
    private static let ascending: [JSONValue?] = [
        .null, "", "A", "a", "ab", "b", "é", .integer(-1), 0, 1, 2, 10, .bool(false), .bool(true),
        [], [1], [1, 2], [2], [:], ["a": 1], ["a": 2], ["b": 1], nil,
    ]

    @Test("puts null first, then text, numbers, truth values, arrays, objects, and missing last")
    func kinds() {
        for (left, one) in ValueOrderTests.ascending.enumerated() {
            for (right, other) in ValueOrderTests.ascending.enumerated() {
                let order = ValueOrder.compare(one, other)
                #expect(order.signum() == (left - right).signum(), "\(left) and \(right)")
            }
        }
    }

    @Test("takes numbers by value, whatever their spelling")
    func numbers() throws {
        let one = try JSONParser.parse("1")
        #expect(ValueOrder.compare(one, try JSONParser.parse("1.0")) == 0)
        #expect(ValueOrder.compare(one, try JSONParser.parse("1e0")) == 0)
        #expect(ValueOrder.compare(one, try JSONParser.parse("1.5")) < 0)
        #expect(ValueOrder.compare(one, "1") != 0)
        #expect(ValueOrder.compare(one, .bool(true)) != 0)
    }
}

@Suite("A filter")
struct FilterTests {
    private let record: JSONObject

    init() throws {
        let text = """
            {"n":2,"text":"Heliograph","flag":false,"none":null,"tags":["a",1,{"x":1}],
             "deep":{"k":{"l":5}},"a.b":{"c":7},"a":{"b":{"c":8}},"word":"3"}
            """
        record = try #require(try JSONParser.parse(text).object)
    }

    private func matches(_ field: String, _ comparison: Comparison, _ value: JSONValue) -> Bool {
        Filter(field: field, comparison: comparison, value: value).matches(record)
    }

    @Test("compares within a kind, and kinds by their order")
    func order() {
        #expect(matches("n", .lt, 3) && !matches("n", .lt, 2) && !matches("n", .lt, 1))
        #expect(matches("n", .max, 2) && !matches("n", .max, 1))
        #expect(matches("n", .gt, 1) && !matches("n", .gt, 2))
        #expect(matches("n", .min, 2) && !matches("n", .min, 3))
        #expect(matches("n", .gt, "zzz"), "numbers come after text")
        #expect(matches("missing", .min, 1), "what is missing comes after everything")
        #expect(!matches("missing", .lt, 1) && matches("missing", .not, 1))
        #expect(!matches("word", .eq, 3) && matches("word", .eq, "3"))
        #expect(matches("none", .eq, .null) && matches("none", .lt, ""))
        #expect(!matches("missing", .eq, .null))
    }

    @Test("takes one of several values, or none of them")
    func among() {
        #expect(matches("n", .in, [1, 2]) && !matches("n", .in, ["2"]) && !matches("n", .in, []))
        #expect(!matches("n", .exclude, [1, 2]) && matches("n", .exclude, ["2"]))
        #expect(!matches("missing", .in, [.null]) && matches("missing", .exclude, [1]))
        #expect(!matches("flag", .in, [0]), "false is not zero")
    }

    @Test("finds text in text, with and without wildcards, whatever the case")
    func like() {
        #expect(matches("text", .like, "GRAPH") && matches("text", .like, "helio*"))
        #expect(matches("text", .like, "h*o*h") && !matches("text", .like, "graph*"))
        #expect(!matches("text", .like, "h?liograph"), "a question mark is itself")
        #expect(!matches("text", .like, "[h]*") && !matches("text", .like, ".*"))
        #expect(matches("n", .like, "2*") && !matches("flag", .like, "f*"))
        #expect(!matches("missing", .like, "x") && !matches("tags", .like, "a"))
    }

    @Test("tells what is there from what is not")
    func has() {
        #expect(matches("none", .has, true) && matches("none", .has, 1))
        #expect(!matches("missing", .has, true) && matches("missing", .has, false))
        #expect(matches("missing", .has, 0) && matches("missing", .has, ""))
        #expect(!matches("n", .has, false))
    }

    @Test("looks into arrays, and only into arrays")
    func contains() {
        #expect(matches("tags", .contains, ["a", 1]) && !matches("tags", .contains, ["a", 2]))
        #expect(matches("tags", .contains, []) && matches("tags", .contains, [["x": 1]]))
        #expect(matches("tags", .containsAny, ["z", 1]) && !matches("tags", .containsAny, ["1"]))
        #expect(!matches("tags", .containsAny, []))
        #expect(!matches("text", .contains, ["H"]) && !matches("missing", .contains, []))
    }

    @Test("follows dots into objects, the longest key that is there first")
    func nested() {
        #expect(matches("deep.k.l", .eq, 5) && !matches("deep.k.l.m", .has, true))
        #expect(matches("a.b.c", .eq, 7))
        #expect(!matches("n.x", .has, true) && !matches("..", .has, true))
    }
}

@Suite("Selected members")
struct NestedMemberTests {
    @Test(
        "are those that the fields name",
        arguments: [
            (["a"], #"{"a":{"b":1,"c":{"d":2,"e":3}}}"#), (["a.b"], #"{"a":{"b":1}}"#),
            (["a.b", "a.c.d"], #"{"a":{"b":1,"c":{"d":2}}}"#), (["n.x"], #"{"n":5}"#),
            (["nope"], "{}"), (["a.nope"], #"{"a":{}}"#),
            (
                ["a.c.e", "a.c.d"],
                #"{"a":{"c":{"e":3,"d":2}}}"#
            ),
        ])
    func selection(fields: [String], expected: String) throws {
        let text = #"{"a":{"b":1,"c":{"d":2,"e":3}},"n":5}"#
        let object = try #require(try JSONParser.parse(text).object)
        let selected = NestedMember.select(fields, of: object)
        #expect(try JSONValue.object(selected) == JSONParser.parse(expected))
    }
}

@Suite("Wildcards")
struct WildcardTests {
    @Test(
        "stand for any text",
        arguments: [
            ("", "", true), ("", "*", true), ("a", "", false), ("abc", "abc", true),
            ("abc", "a*", true), ("abc", "*c", true), ("abc", "a*c", true), ("abc", "*b*", true),
            ("abc", "*d*", false), ("aXbXc", "a*b*c", true), ("ab", "a*b*c", false),
            ("aaa", "*a*a*a*", true), ("aa", "*a*a*a*", false), ("abc", "a?c", true),
            ("ac", "a?c", false), ("http://x.two.example", "http://*.two.example", true),
            ("http://two.example", "http://*.two.example", false),
        ])
    func matching(text: String, pattern: String, expected: Bool) {
        #expect(Wildcard.matches(text, pattern: pattern) == expected)
    }
}

@Suite("A merge patch")
struct MergePatchTests {
    // RFC 7396, appendix A, as far as both are objects.
    @Test(
        "does what RFC 7396 says",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
            (#"{"a":1}"#, #"{"a":{"b":2}}"#, #"{"a":{"b":2}}"#),
        ])
    func appendix(target: String, patch: String, expected: String) throws {
        var object = try #require(try JSONParser.parse(target).object)
        MergePatch.apply(try #require(try JSONParser.parse(patch).object), to: &object)
        #expect(try JSONValue.object(object) == JSONParser.parse(expected))
    }
}
