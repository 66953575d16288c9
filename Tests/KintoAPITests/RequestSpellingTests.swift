// SPDX-License-Identifier: MIT
//
// Requests spelled in odd ways, and what the reference made of them when it was asked the same.

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("A request that is spelled oddly")
struct RequestSpellingTests {
    private static let records = "/v1/buckets/b/collections/c/records"
    private let server: TestServer

    init() async throws {
        server = try TestServer()
        await server.makeCollection()
        for (id, data) in [("r0", #"{"f":"abc"}"#), ("r1", #"{"f":null}"#), ("r2", #"{"f":5}"#)] {
            let response = await server.send("PUT", "\(Self.records)/\(id)", "{\"data\":\(data)}")
            #expect(response.status == 201)
        }
    }

    @Test(
        "is answered if its parameters can be understood",
        arguments: [
            ("_limit=%222%22", ["r2", "r1"]), ("_limit=1.5", ["r2"]), ("_limit=%2B1", ["r2"]),
            ("_limit=%202", ["r2", "r1"]), ("_limit=[]", ["r2", "r1", "r0"]),
            ("_since=%2B5", ["r2", "r1", "r0"]), ("_since=null", ["r2", "r1", "r0"]),
            ("_before=null", []), ("_to=%225%22", []), ("last_modified=1.5", []),
            ("min_last_modified=1.5", ["r2", "r1", "r0"]), ("id=%22r1%22", ["r1"]),
            ("id=true", []), ("min_id=5", ["r2", "r1", "r0"]), ("min_id=2.5", []),
            ("_sort=,%20f,-", ["r1", "r0", "r2"]), ("_sort=[%22f%22]", ["r2", "r1", "r0"]),
        ])
    func understood(query: String, ids: [String]) async {
        let response = await server.send("GET", "\(Self.records)?\(query)")
        #expect(response.status == 200)
        #expect(response.ids == ids)
    }

    @Test(
        "is refused in the reference's words if they cannot",
        arguments: [
            ("_limit=true", #"_limit in querystring: "true" is not a number"#),
            ("_since=true", #"_since in querystring: "true" is not a number"#),
            ("_limit=1&_limit=2", #"_limit in querystring: "["1","2"]" is not a number"#),
            ("id=2", "2 is not a string: {'id': ''}"),
            ("id=[1]", "[1] is not a string: {'id': ''}"),
            ("_token=5", "5 is not a string: {'_token': ''}"),
            ("_token=true", "querystring: _token has invalid content"),
            ("last_modified=null", "Invalid value for last_modified"),
            ("_since=", "Invalid value for _since"),
            ("min_last_modified=true", "Invalid value for min_last_modified"),
            ("in_id=r1,5", "Invalid value for in_id"),
            (
                "f=%FF",
                "A request with an incorrect encoding in the querystring was received. "
                    + "Please make sure your requests are encoded in UTF-8: f=%FF"
            ),
        ])
    func refused(query: String, message: String) async {
        let response = await server.send("GET", "\(Self.records)?\(query)")
        #expect(response.status == 400)
        #expect(response.message == message)
    }

    @Test("is warned of _to when it deletes a list, too")
    func deprecation() async {
        for method in ["GET", "DELETE"] {
            let response = await server.send(method, "\(Self.records)?_to=5")
            #expect(response.fields["Alert"]?.contains("_before") == true, "\(method)")
        }
        let other = await server.send("DELETE", "\(Self.records)?_before=5")
        #expect(other.fields["Alert"] == nil)
    }

    @Test(
        "deletes with the present time if the one it gives is none, or has passed",
        arguments: ["", "null", "true", "1.5", "-1", "1", "%221%22"])
    func deletion(timestamp: String) async {
        let record = "\(Self.records)/r0"
        let before = await server.send("GET", record).json["/data/last_modified"]?.integer ?? 0
        let response = await server.send("DELETE", "\(record)?last_modified=\(timestamp)")
        #expect(response.status == 200)
        #expect(response.json["/data/last_modified"]?.integer ?? 0 > before)
    }

    @Test("is told only of its body if that is neither object nor array", arguments: ["5", "["])
    func unreadable(body: String) async throws {
        for method in ["PUT", "PATCH"] {
            let response = await server.send(
                method, "\(Self.records)/r0", body,
                headers: [("If-Match", "x"), ("Response-Behavior", "x")])
            let details = try #require(response.json["/details"]?.array)
            #expect(details.allSatisfy { $0["/location"] == "body" }, "\(method)")
        }
        let readable = await server.send(
            "PUT", "\(Self.records)/r0", "[]", headers: [("If-Match", "x")])
        #expect(readable.json["/details"]?.array?.count == 2)
    }

    @Test("may give null for a permission that does not exist, but nothing else")
    func permissions() async {
        let record = "\(Self.records)/r0"
        let harmless = await server.send("PUT", record, #"{"permissions":{"fly":null}}"#)
        #expect(harmless.status == 200)
        #expect(harmless.json["/permissions/fly"] == nil)
        let refused = await server.send(
            "PUT", record, #"{"permissions":{"read":[""],"fly":[]}}"#)
        #expect(refused.message?.contains(#""fly" is not one of read, write"#) == true)
        #expect(refused.json["/details"]?.array?.count == 1)
        let null = await server.send("PUT", record, #"{"permissions":{"read":[null]}}"#)
        #expect(null.message == "permissions.read.0 in body: Required")
        let number = await server.send("PUT", record, #"{"permissions":{"read":[5]}}"#)
        #expect(number.message == "permissions.read.0 in body: 5 is not a string: {'': ''}")
    }

    @Test("is told of the schema before the id when it patches")
    func order() async {
        let response = await server.send(
            "PATCH", "/v1/buckets/b/collections/c", #"{"data":{"id":"x","schema":[]}}"#)
        #expect(response.json["/details/0/name"] == "schema")
    }

    @Test(
        "drops an empty cache_expires, of whatever kind", arguments: ["null", "\"\"", "[]", "{}"])
    func cacheExpires(value: String) async {
        let response = await server.send(
            "PUT", "/v1/buckets/b/collections/c", "{\"data\":{\"cache_expires\":\(value)}}")
        #expect(response.status == 200)
        #expect(response.json["/data"]?.object?["cache_expires"] == nil)
    }

    @Test("can have names that Unicode holds equivalent, side by side")
    func equivalence() async {
        let data = "{\"data\":{\"\u{E9}\":1,\"e\u{301}\":2}}"
        let record = "\(Self.records)/r0"
        let put = await server.send("PUT", record, data)
        #expect(put.json["/data/\u{E9}"] == 1)
        #expect(put.json["/data/e\u{301}"] == 2)
        let patched = await server.send("PATCH", record, "{\"data\":{\"e\u{301}\":3}}")
        #expect(patched.json["/data/\u{E9}"] == 1)
        #expect(patched.json["/data/e\u{301}"] == 3)
        let found = await server.send("GET", "\(Self.records)?%C3%A9=1&e%CC%81=3")
        #expect(found.ids == ["r0"])
    }
}
