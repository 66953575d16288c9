// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("A JSON patch of an object")
struct ObjectPatchTests {
    private static let record = "/v1/buckets/b/collections/c/records/r"
    private let server: TestServer

    init() async throws {
        server = try TestServer()
        await server.makeCollection()
        let body = #"{"data":{"n":1,"list":[1,2],"text":"t","deep":{"a/b":1,"m~n":2}}}"#
        #expect(await server.send("PUT", Self.record, body).status == 201)
    }

    private func patch(
        _ operations: String, headers: [(String, String)] = [], of path: String = Self.record
    ) async -> HTTPResponse {
        let type = [("Content-Type", "application/json-patch+json")]
        return await server.send("PATCH", path, operations, headers: type + headers)
    }

    @Test("changes members, and reaches names with slashes and tildes")
    func members() async throws {
        let response = await patch(
            """
            [{"op":"test","path":"/data/n","value":1.0},
             {"op":"replace","path":"/data/n","value":2},
             {"op":"add","path":"/data/list/-","value":3},
             {"op":"add","path":"/data/list/0","value":0},
             {"op":"remove","path":"/data/text"},
             {"op":"move","from":"/data/deep/a~1b","path":"/data/moved"},
             {"op":"copy","from":"/data/deep/m~0n","path":"/data/copied"}]
            """)
        #expect(response.status == 200)
        var data = try #require(response.json["/data"]?.object)
        #expect(data["last_modified"]?.integer != nil)
        data["last_modified"] = nil
        #expect(
            .object(data) == [
                "id": "r", "n": 2, "list": [0, 1, 2, 3], "deep": ["m~n": 2], "moved": 1,
                "copied": 2,
            ])
        #expect(await server.send("GET", Self.record).json["/data"] == response.json["/data"])
    }

    @Test("leaves the object as it was if one operation fails")
    func failure() async throws {
        let before = await server.send("GET", Self.record)
        let response = await patch(
            #"[{"op":"remove","path":"/data/n"},{"op":"test","path":"/data/text","value":"u"}]"#)
        #expect(response.status == 400)
        let after = await server.send("GET", Self.record)
        #expect(after.json == before.json)
        #expect(after.fields["ETag"] == before.fields["ETag"])
    }

    @Test("bumps the timestamp even if it is empty")
    func empty() async throws {
        let before = await server.send("GET", Self.record)
        let response = await patch("[]")
        #expect(response.status == 200)
        #expect(response.fields["ETag"] != before.fields["ETag"])
    }

    @Test(
        "is refused in Kinto's words when it has the wrong form",
        arguments: [
            ("", "", #""{}" is not iterable"#),
            ("{}", "", #""{}" is not iterable"#),
            ("5", "", "Should be a JSON object or an array"),
            (
                "[5]", "0",
                #""5" is not a mapping type: Does not implement dict-like functionality."#
            ),
            ("[{}]", "0.op", "Required"),
            (#"[{"op":"add"}]"#, "0.path", "Required"),
            (#"[{"op":null,"path":"/data"}]"#, "0.op", "Required"),
            (#"[{"op":5,"path":"/data"}]"#, "0.op", "5 is not a string: {'op': ''}"),
            (
                #"[{"op":"x","path":"/data"}]"#, "0.op",
                #""x" is not one of test, add, remove, replace, move, copy"#
            ),
            (#"[{"op":"add","path":"","value":1}]"#, "0.path", "Required"),
            (
                #"[{"op":"add","path":"data","value":1}]"#, "0.path",
                "String does not match expected pattern"
            ),
            (
                #"[{"op":"copy","path":"/data/a","from":"x"}]"#, "0.from",
                "String does not match expected pattern"
            ),
            (
                #"[{"op":"remove","path":"/data/n","what":1}]"#, "0",
                #"Unrecognized keys in mapping: "{'what': 1}""#
            ),
        ])
    func form(body: String, name: String, description: String) async {
        let response = await patch(body)
        #expect(response.status == 400)
        #expect(response.json["/details/0/name"]?.string == name)
        #expect(response.json["/details/0/description"]?.string == description)
    }

    @Test(
        "tells in Kinto's words why it cannot be applied",
        arguments: [
            (#"{"op":"add","path":"/data/z"}"#, "The operation does not contain a 'value' member"),
            (#"{"op":"move","path":"/data/z"}"#, "The operation does not contain a 'from' member"),
            (#"{"op":"move","path":"/data/z","from":"/data/nope"}"#, "'nope'"),
            (#"{"op":"copy","path":"/data/z","from":"/data/list/7"}"#, "list index out of range"),
            (#"{"op":"copy","path":"/data/z","from":"/data/list/-"}"#, "invalid array index '-'"),
            (
                #"{"op":"move","from":"/data/deep","path":"/data/deep/x"}"#,
                "Cannot move values into their own children"
            ),
            (#"{"op":"add","path":"/data/~2","value":1}"#, "Found invalid escape ~2"),
            (#"{"op":"remove","path":"/data/z"}"#, "can't remove a non-existent object 'z'"),
            (#"{"op":"remove","path":"/data/list/01"}"#, "'01' is not a valid sequence index"),
            (
                #"{"op":"remove","path":"/data/text/x"}"#,
                "Cannot apply token 'x' to non-container type <class 'str'>"
            ),
            (
                #"{"op":"remove","path":"/data/n/x"}"#,
                "Document '<class 'int'>' does not support indexing, "
                    + "must be mapping/sequence or support __getitem__"
            ),
            (
                #"{"op":"replace","path":"/data/z","value":1}"#,
                "can't replace a non-existent object 'z'"
            ),
            (#"{"op":"replace","path":"/data/list/9","value":1}"#, "can't replace outside of list"),
            (
                #"{"op":"replace","path":"/data/list/-","value":1}"#,
                "'path' with '-' can't be applied to 'replace' operation"
            ),
            (#"{"op":"add","path":"/data/list/9","value":1}"#, "can't insert outside of list"),
            (#"{"op":"add","path":"/data/z/x","value":1}"#, "member 'z' not found"),
            (
                #"{"op":"test","path":"/data/text","value":8}"#,
                "t (<class 'str'>) is not equal to tested value 8 (<class 'int'>)"
            ),
            (#"{"op":"remove","path":"/data"}"#, "data is not an object"),
            (#"{"op":"replace","path":"/data","value":5}"#, "data is not an object"),
            (#"{"op":"remove","path":"/permissions"}"#, "permissions is not an object"),
            (
                #"{"op":"add","path":"/permissions/read","value":[5]}"#,
                "permissions.read is not a list of principals"
            ),
            (
                #"{"op":"add","path":"/permissions/fly","value":{}}"#,
                #""fly" is not one of read, write"#
            ),
        ])
    func refusal(operation: String, reason: String) async {
        let response = await patch("[\(operation)]")
        #expect(response.status == 400)
        #expect(response.errno == 107)
        #expect(response.message == "body: JSON Patch operation failed: \(reason)")
    }

    @Test("may have as many operations as the limit and no more")
    func limit() async {
        let test = #"{"op":"test","path":"/data/n","value":1}"#
        for (more, status) in [(-1, 200), (0, 200), (1, 400)] {
            let count = Limits.patchOperationsMax + more
            let operations = Array(repeating: test, count: count).joined(separator: ",")
            #expect(await patch("[\(operations)]").status == status, "\(count)")
        }
    }

    @Test("gives and takes permissions, whose principals are names without values")
    func permissions() async {
        let added = await patch(
            """
            [{"op":"add","path":"/permissions/read/system.Everyone"},
             {"op":"add","path":"/permissions/read/a~1b"},
             {"op":"test","path":"/permissions/read/a~1b"}]
            """)
        #expect(added.json["/permissions/read"] == ["a/b", "system.Everyone"])
        #expect(await server.send("GET", Self.record, as: nil).status == 200)
        let removed = await patch(#"[{"op":"remove","path":"/permissions/read/system.Everyone"}]"#)
        #expect(removed.json["/permissions/read"] == ["a/b"])
        #expect(await server.send("GET", Self.record, as: nil).status == 401)
        let replaced = await patch(
            #"[{"op":"add","path":"/permissions/read","value":["x"]}]"#)
        #expect(replaced.json["/permissions/read"] == ["x"])
        #expect(replaced.json["/permissions/write"]?.array?.count == 1, "the writer stays")
    }

    @Test("knows the permissions that only buckets have")
    func bucket() async {
        let create = #"{"permissions":{"collection:create":["x"]}}"#
        #expect(await server.send("PATCH", "/v1/buckets/b", create).status == 200)
        let response = await patch(
            #"[{"op":"add","path":"/permissions/collection:create/y","value":"y"}]"#,
            of: "/v1/buckets/b")
        #expect(response.json["/permissions/collection:create"] == ["x", "y"])
    }

    @Test("cannot change the id, nor the schema of what is patched")
    func constraints() async {
        let id = await patch(#"[{"op":"replace","path":"/data/id","value":"x"}]"#)
        #expect(id.message == "Object id does not match existing object")
        #expect(await patch(#"[{"op":"remove","path":"/data/id"}]"#).status == 200)
        let schema = await patch(
            #"[{"op":"add","path":"/data/schema","value":5}]"#, of: "/v1/buckets/b/collections/c")
        #expect(schema.json["/details/0/name"]?.string == "schema")
    }

    @Test("answers with the members that changed, if asked to")
    func behavior() async throws {
        let operations = #"[{"op":"add","path":"/data/k","value":1}]"#
        let light = await patch(operations, headers: [("Response-Behavior", "light")])
        #expect(Set(try #require(light.json["/data"]?.object?.keys)) == ["k", "last_modified"])
        let diff = await patch(operations, headers: [("Response-Behavior", "diff")])
        #expect(diff.json["/data"]?.object?.keys == ["last_modified"])
        #expect(diff.json["/permissions"] == nil)
    }

    @Test("holds to preconditions, and to the right to write")
    func guards() async {
        let operations = #"[{"op":"remove","path":"/data/n"}]"#
        #expect(await patch(operations, headers: [("If-Match", "\"1\"")]).status == 412)
        let stranger = await server.send(
            "PATCH", Self.record, as: "alice", operations,
            headers: [("Content-Type", "application/json-patch+json")])
        #expect(stranger.status == 403)
        let missing = await patch(operations, of: "\(Self.record)2")
        #expect(missing.status == 404)
    }
}
