// SPDX-License-Identifier: MIT

import Testing

@testable import Core

/// A patch as JSON text, in the form of RFC 6902.
private func patch(_ text: String) throws -> JSONPatch {
    let operations = try #require(try JSONParser.parse(text).array)
    return JSONPatch(
        try operations.map { operation in
            let members = try #require(operation.object)
            let path = try JSONPointer(members["path"]?.string ?? "")
            let source = try JSONPointer(members["from"]?.string ?? "")
            let value = members["value"] ?? .null
            switch members["op"]?.string {
            case "add": return .add(path, value)
            case "remove": return .remove(path)
            case "replace": return .replace(path, value)
            case "move": return .move(from: source, to: path)
            case "copy": return .copy(from: source, to: path)
            case _: return .test(path, value)
            }
        })
}

/// A document, a patch and what comes out; nil if the patch fails.
struct PatchCase: Sendable, CustomTestStringConvertible {
    let name: String
    let document: String
    let patch: String
    let result: String?

    init(_ name: String, _ document: String, _ patch: String, _ result: String?) {
        self.name = name
        self.document = document
        self.patch = patch
        self.result = result
    }

    var testDescription: String { name }
}

@Suite("A JSON patch")
struct JSONPatchTests {
    /// RFC 6902, appendix A; A.11, A.13 are about reading patches.
    static let appendix = [
        PatchCase(
            "A.1, adding a member", #"{"foo":"bar"}"#,
            #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
        PatchCase(
            "A.2, adding an element", #"{"foo":["bar","baz"]}"#,
            #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
        PatchCase(
            "A.3, removing a member", #"{"baz":"qux","foo":"bar"}"#,
            #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
        PatchCase(
            "A.4, removing an element", #"{"foo":["bar","qux","baz"]}"#,
            #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
        PatchCase(
            "A.5, replacing a value", #"{"baz":"qux","foo":"bar"}"#,
            #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
        PatchCase(
            "A.6, moving a value",
            #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#),
        PatchCase(
            "A.7, moving an element", #"{"foo":["all","grass","cows","eat"]}"#,
            #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            #"{"foo":["all","cows","eat","grass"]}"#),
        PatchCase(
            "A.8, a test that succeeds", #"{"baz":"qux","foo":["a",2,"c"]}"#,
            #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            #"{"baz":"qux","foo":["a",2,"c"]}"#),
        PatchCase(
            "A.9, a test that fails", #"{"baz":"qux"}"#,
            #"[{"op":"test","path":"/baz","value":"bar"}]"#, nil),
        PatchCase(
            "A.10, adding an object", #"{"foo":"bar"}"#,
            #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            #"{"foo":"bar","child":{"grandchild":{}}}"#),
        PatchCase(
            "A.12, adding to nothing", #"{"foo":"bar"}"#,
            #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, nil),
        PatchCase(
            "A.14, escapes and their order", #"{"/":9,"~1":10}"#,
            #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
        PatchCase(
            "A.15, a text is no number", #"{"/":9,"~1":10}"#,
            #"[{"op":"test","path":"/~01","value":"10"}]"#, nil),
        PatchCase(
            "A.16, adding an array", #"{"foo":["bar"]}"#,
            #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            #"{"foo":["bar",["abc","def"]]}"#),
    ]

    /// What the sections of RFC 6902 and 6901 say beside.
    static let sections = [
        PatchCase("an empty list", "[1]", "[]", "[1]"),
        PatchCase(
            "a value for all", "[1]", #"[{"op":"add","path":"","value":{"a":1}}]"#, #"{"a":1}"#),
        PatchCase("all replaced", "[1]", #"[{"op":"replace","path":"","value":null}]"#, "null"),
        PatchCase("all removed", "[1]", #"[{"op":"remove","path":""}]"#, nil),
        PatchCase("an empty name", #"{"":1}"#, #"[{"op":"remove","path":"/"}]"#, "{}"),
        PatchCase(
            "added where something is", #"{"a":1,"b":2}"#,
            #"[{"op":"add","path":"/a","value":3}]"#, #"{"a":3,"b":2}"#),
        PatchCase(
            "added at the end by number", "[1]", #"[{"op":"add","path":"/1","value":2}]"#, "[1,2]"),
        PatchCase("added behind the end", "[1]", #"[{"op":"add","path":"/2","value":2}]"#, nil),
        PatchCase("a zero before digits", "[1,2]", #"[{"op":"remove","path":"/01"}]"#, nil),
        PatchCase("a sign", "[1,2]", #"[{"op":"remove","path":"/+1"}]"#, nil),
        PatchCase(
            "an endless number", "[1]", #"[{"op":"remove","path":"/99999999999999999999"}]"#, nil),
        PatchCase("nothing to remove", "{}", #"[{"op":"remove","path":"/a"}]"#, nil),
        PatchCase("the end removed", "[1]", #"[{"op":"remove","path":"/-"}]"#, nil),
        PatchCase("nothing to replace", "{}", #"[{"op":"replace","path":"/a","value":1}]"#, nil),
        PatchCase("the end replaced", "[1]", #"[{"op":"replace","path":"/-","value":1}]"#, nil),
        PatchCase(
            "replaced behind the end", "[1]", #"[{"op":"replace","path":"/1","value":1}]"#, nil),
        PatchCase("a name in a text", #""a""#, #"[{"op":"add","path":"/a","value":1}]"#, nil),
        PatchCase("a name in a number", #"{"a":1}"#, #"[{"op":"remove","path":"/a/b"}]"#, nil),
        PatchCase(
            "moved into itself", #"{"a":{"b":1}}"#,
            #"[{"op":"move","from":"/a","path":"/a/b"}]"#, nil),
        PatchCase(
            "moved nowhere", #"{"a":1}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":1}"#),
        PatchCase(
            "nothing moved nowhere", "{}", #"[{"op":"move","from":"/a","path":"/a"}]"#, nil),
        PatchCase(
            "moved beside its name's like", #"{"a":1,"ab":{}}"#,
            #"[{"op":"move","from":"/a","path":"/ab/c"}]"#, #"{"ab":{"c":1}}"#),
        PatchCase(
            "copied into itself", #"{"a":{"b":1}}"#,
            #"[{"op":"copy","from":"/a","path":"/a/c"}]"#, #"{"a":{"b":1,"c":{"b":1}}}"#),
        PatchCase(
            "the second of two fails", #"{"a":1}"#,
            #"[{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}]"#, nil),
        PatchCase(
            "numbers of equal value", #"[1,{"a":1.0,"b":[]}]"#,
            #"[{"op":"test","path":"","value":[1e0,{"b":[],"a":1}]}]"#, #"[1,{"a":1.0,"b":[]}]"#),
        PatchCase("truth is no number", "[true]", #"[{"op":"test","path":"/0","value":1}]"#, nil),
        PatchCase(
            "null is something", #"{"a":null}"#, #"[{"op":"test","path":"/b","value":null}]"#, nil),
        PatchCase(
            "equivalent texts are not equal", #"["é"]"#,
            #"[{"op":"test","path":"/0","value":"e\#u{301}"}]"#, nil),
    ]

    @Test("does what RFC 6902 says in", arguments: appendix + sections)
    func facts(_ fact: PatchCase) throws {
        let document = try JSONParser.parse(fact.document)
        let patch = try patch(fact.patch)
        guard let result = fact.result else {
            #expect(throws: JSONPatch.Failure.self) { try patch.applied(to: document) }
            return
        }
        #expect(try patch.applied(to: document) == JSONParser.parse(result))
    }

    @Test("keeps the order of members")
    func order() throws {
        let document = try JSONParser.parse(#"{"a":{"x":1,"y":2},"b":[3],"c":4}"#)
        let patch = try patch(
            """
            [{"op":"replace","path":"/a/x","value":5},{"op":"add","path":"/b/0","value":6},
             {"op":"move","from":"/c","path":"/d"}]
            """)
        let result = JSONWriter.string(try patch.applied(to: document))
        #expect(result == #"{"a":{"x":5,"y":2},"b":[6,3],"d":4}"#)
    }

    @Test("copies as much as the limit allows and no more")
    func copies() throws {
        // Each copy doubles what is there.
        let root = try JSONPointer("")
        let end = try JSONPointer("/-")
        let doubling = { JSONPatch(Array(repeating: .copy(from: root, to: end), count: $0)) }
        let text = JSONValue.string(String(repeating: "x", count: 1024))
        let result = try doubling(13).applied(to: [text])
        #expect(JSONWriter.bytes(result).count > Limits.patchCopiedBytesMax / 4)
        #expect(throws: JSONPatch.Failure.tooLarge) { try doubling(40).applied(to: [text]) }
    }

    @Test("nests as deep as a text may and no deeper")
    func depth() throws {
        let operations = try (0...Limits.jsonDepthMax).map { depth in
            JSONPatch.Operation.add(
                try JSONPointer(String(repeating: "/a", count: depth)), .object(JSONObject()))
        }
        let deepest = JSONPatch(operations.dropLast())
        let result = try deepest.applied(to: .null)
        #expect(try JSONParser.parse(JSONWriter.bytes(result)) == result)
        #expect(throws: JSONPatch.Failure.tooDeep) { try JSONPatch(operations).applied(to: .null) }
    }
}

@Suite("A JSON pointer")
struct JSONPointerTests {
    @Test(
        "is read as RFC 6901 says",
        arguments: [
            ("", []), ("/", [""]), ("/foo", ["foo"]), ("/foo/0", ["foo", "0"]),
            ("/a~1b", ["a/b"]), ("/m~0n", ["m~n"]), ("/~01", ["~1"]), ("/~10", ["/0"]),
            ("//", ["", ""]), ("/c%d", ["c%d"]), ("/ ", [" "]),
            ("/é/\u{1F600}", ["é", "\u{1F600}"]),
        ])
    func tokens(text: String, tokens: [String]) throws {
        #expect(try JSONPointer(text).tokens == tokens)
    }

    @Test(
        "is refused without a slash, or with a tilde that escapes nothing",
        arguments: ["a", " /a", "~0", "/~", "/~2", "/a~", "/~~0", "/a/~é"])
    func refusal(text: String) {
        #expect(throws: JSONPointer.SyntaxError.self) { try JSONPointer(text) }
    }
}
