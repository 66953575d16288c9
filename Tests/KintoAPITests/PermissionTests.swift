// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Permissions")
struct PermissionTests {
    private static let alice = TestServer.userID("alice")

    /// A bucket of mat's with a group, a collection and a record, and permissions at one of them.
    private func server(
        granting permissions: String, at uri: String,
        _ settings: [String: String] = ["multiauth.policies": "basicauth"]
    ) async throws -> TestServer {
        let server = try TestServer(settings)
        for path in [
            "/buckets/b", "/buckets/b/groups/g", "/buckets/b/collections/c",
            "/buckets/b/collections/c/records/r",
        ] {
            #expect(await server.send("PUT", "/v1\(path)", "{}").status == 201)
        }
        let body = "{\"permissions\":\(permissions)}"
        if !uri.isEmpty { #expect(await server.send("PATCH", "/v1\(uri)", body).status == 200) }
        return server
    }

    private static let targets = [
        "GET /buckets/b", "GET /buckets/b/collections", "GET /buckets/b/collections/c",
        "GET /buckets/b/collections/c/records", "GET /buckets/b/collections/c/records/r",
        "GET /buckets/b/groups/g", "PATCH /buckets/b", "PATCH /buckets/b/groups/g",
        "PATCH /buckets/b/collections/c", "PATCH /buckets/b/collections/c/records/r",
        "PUT /buckets/b/collections/new", "PUT /buckets/b/groups/new",
        "PUT /buckets/b/collections/c/records/new",
    ]

    @Test(
        "are inherited by what lies in an object, and by nothing else",
        arguments: [
            ("", "", ""),
            ("/buckets/b", "read", "111111"), ("/buckets/b", "write", "1111111111111"),
            ("/buckets/b", "collection:create", "1100000000100"),
            ("/buckets/b", "group:create", "1000000000010"),
            ("/buckets/b/collections/c", "read", "0111100000000"),
            ("/buckets/b/collections/c", "write", "0111100011001"),
            ("/buckets/b/collections/c", "record:create", "0111000000001"),
            ("/buckets/b/groups/g", "read", "0000010000000"),
            ("/buckets/b/groups/g", "write", "0000010100000"),
            ("/buckets/b/collections/c/records/r", "read", "0001100000000"),
            ("/buckets/b/collections/c/records/r", "write", "0001100001000"),
        ])
    func inheritance(uri: String, permission: String, allowed: String) async throws {
        let grant = "{\"\(permission)\":[\"\(PermissionTests.alice)\"]}"
        let server = try await server(granting: grant, at: uri)
        let expected = Array(allowed.utf8)
        for (place, target) in PermissionTests.targets.enumerated() {
            let parts = target.split(separator: " ").map(String.init)
            let body = parts[0] == "GET" ? nil : "{\"data\":{\"x\":1}}"
            let response = await server.send(parts[0], "/v1\(parts[1])", as: "alice", body)
            let isAllowed = place < expected.count && expected[place] == UInt8(ascii: "1")
            #expect(
                response.status == (isAllowed ? (parts[0] == "PUT" ? 201 : 200) : 403),
                "\(target) with \(permission) on \(uri): \(response.status)")
        }
    }

    @Test("are granted to groups, while one is a member")
    func groups() async throws {
        let server = try await server(
            granting: #"{"read":["/buckets/b/groups/g"]}"#, at: "/buckets/b/collections/c")
        let target = "/v1/buckets/b/collections/c/records/r"
        #expect(await server.send("GET", target, as: "alice").status == 403)
        let members = "{\"data\":{\"members\":[\"\(PermissionTests.alice)\"]}}"
        #expect(await server.send("PUT", "/v1/buckets/b/groups/g", members).status == 200)
        #expect(await server.send("GET", target, as: "alice").status == 200)
        #expect(await server.send("GET", target, as: "bob").status == 403)
        let everybody = #"{"data":{"members":["system.Authenticated"]}}"#
        #expect(await server.send("PATCH", "/v1/buckets/b/groups/g", everybody).status == 200)
        #expect(await server.send("GET", target, as: "bob").status == 200)
        #expect(await server.send("GET", target, as: nil).status == 401)
        #expect(await server.send("DELETE", "/v1/buckets/b/groups/g").status == 200)
        #expect(await server.send("GET", target, as: "alice").status == 403)
    }

    @Test("are granted everywhere by settings")
    func settings() async throws {
        let server = try await server(
            granting: "{}", at: "",
            [
                "multiauth.policies": "basicauth",
                "kinto.bucket_read_principals": PermissionTests.alice,
                "kinto.record_create_principals": "system.Everyone",
                "kinto.collection_write_principals": TestServer.userID("bob"),
            ])
        #expect(await server.send("GET", "/v1/buckets", as: "alice").ids == ["b"])
        #expect(await server.send("GET", "/v1/buckets/b", as: "alice").status == 200)
        #expect(await server.send("GET", "/v1/buckets/nope", as: "alice").status == 404)
        let records = "/v1/buckets/b/collections/c/records"
        #expect(await server.send("POST", records, as: nil, "{}").status == 201)
        #expect(await server.send("GET", records, as: nil).status == 200)
        #expect(
            await server.send("DELETE", "/v1/buckets/b/collections/c", as: "alice").status == 403)
        #expect(
            await server.send("DELETE", "/v1/buckets/b/collections/c", as: "bob").status == 200)
    }

    @Test("decide between 401, 403 and 404")
    func refusals() async throws {
        let server = try await server(
            granting: #"{"read":["system.Everyone"]}"#, at: "/buckets/b/collections/c")
        let records = "/v1/buckets/b/collections/c/records"
        #expect(await server.send("GET", "/v1/buckets/nope", as: nil).status == 401)
        #expect(await server.send("GET", "/v1/buckets/nope").status == 403)
        #expect(await server.send("DELETE", "/v1/buckets/nope").status == 403)
        #expect(await server.send("GET", "\(records)/nope", as: nil).status == 404)
        #expect(await server.send("DELETE", "\(records)/nope", as: nil).status == 404)
        #expect(await server.send("DELETE", "\(records)/r", as: nil).status == 401)
        #expect(await server.send("DELETE", "\(records)/r", as: "alice").status == 403)
        #expect(await server.send("PUT", "\(records)/new", as: "alice", "{}").status == 403)
        let unknown = "/v1/buckets/b/collections/nope/records"
        #expect(await server.send("GET", unknown, as: "alice").status == 403)
        #expect(await server.send("PUT", "\(unknown)/r", as: "alice", "{}").status == 404)
        #expect(await server.send("GET", unknown).errno == 111)
    }

    @Test("hide what a bucket that is not there could have, but not that its id can be none")
    func unknownParents() async throws {
        let server = try TestServer()
        for path in ["/v1/buckets/no/collections/c", "/v1/buckets/no/groups/g"] {
            for method in ["GET", "PUT", "PATCH", "DELETE"] {
                let body = method == "PUT" || method == "PATCH" ? "{}" : nil
                #expect(await server.send(method, path, as: nil, body).status == 401)
                #expect(await server.send(method, path, body).status == 403)
            }
        }
        let record = "/v1/buckets/no/collections/c/records/r"
        #expect(await server.send("GET", record, as: nil).status == 401)
        #expect(await server.send("GET", record).status == 403)
        for method in ["PUT", "PATCH", "DELETE"] {
            let body = method == "DELETE" ? nil : "{}"
            let response = await server.send(method, record, as: nil, body)
            #expect(response.status == 404, "records look for their collection first")
            #expect(response.json["/details/resource_name"] == "collection")
        }
        let invalid = await server.send("PUT", "/v1/buckets/_no/collections/c", as: nil, "{}")
        #expect(invalid.status == 404)
        #expect(invalid.json["/details"] == ["id": "_no", "resource_name": "bucket"])
    }

    @Test("show of a list what is shared, and of an object's permissions nothing to readers")
    func shared() async throws {
        let server = try await server(
            granting: #"{"read":["system.Everyone"]}"#, at: "/buckets/b/collections/c/records/r")
        let records = "/v1/buckets/b/collections/c/records"
        #expect(await server.send("PUT", "\(records)/hidden", "{}").status == 201)
        #expect(await server.send("GET", records, as: "alice").ids == ["r"])
        let head = await server.send("HEAD", records, as: "alice")
        #expect(head.fields["Total-Objects"] == "1")
        #expect(await server.send("GET", "\(records)?in_id=r,hidden", as: "alice").ids == ["r"])
        #expect(await server.send("GET", "\(records)?id=hidden", as: "alice").ids == [])
        #expect(await server.send("DELETE", records, as: "alice").status == 403)
        let object = await server.send("GET", "\(records)/r", as: "alice")
        #expect(object.json["/permissions"] == [:])
        #expect(await server.send("GET", "\(records)/r").json["/permissions/read"] != nil)
    }

    @Test("are replaced by PUT, added to by PATCH, and always keep the writer")
    func bodies() async throws {
        let server = try await server(
            granting: #"{"read":["a","b"]}"#, at: "/buckets/b/collections/c")
        let target = "/v1/buckets/b/collections/c"
        let mat = JSONValue.string(TestServer.userID("mat"))
        var response = await server.send(
            "PUT", target, #"{"permissions":{"record:create":["c"]}}"#)
        #expect(response.json["/permissions"] == ["record:create": ["c"], "write": [mat]])
        response = await server.send("PATCH", target, #"{"permissions":{"read":["d"]}}"#)
        #expect(
            response.json["/permissions"]
                == ["read": ["d"], "record:create": ["c"], "write": [mat]])
        response = await server.send("PUT", target, #"{"permissions":{}}"#)
        #expect(response.json["/permissions/read"] == ["d"])
        response = await server.send("PATCH", target, #"{"permissions":{"read":[]}}"#)
        #expect(response.json["/permissions"] == ["record:create": ["c"], "write": [mat]])
        response = await server.send("PATCH", target, #"{"permissions":{"record:create":null}}"#)
        #expect(response.json["/permissions/record:create"] == ["c"], "null is for merge patches")
    }

    @Test("go with their object")
    func deletion() async throws {
        let server = try await server(
            granting: #"{"write":["system.Everyone"]}"#, at: "/buckets/b/collections/c/records/r")
        let target = "/v1/buckets/b/collections/c/records/r"
        #expect(await server.send("DELETE", target).status == 200)
        #expect(await server.send("PUT", target, "{}").status == 201)
        #expect(await server.send("GET", target, as: "alice").status == 403)
        #expect(await server.send("DELETE", "/v1/buckets/b").status == 200)
        #expect(await server.send("PUT", "/v1/buckets/b", as: "alice", "{}").status == 201)
        #expect(await server.send("GET", "/v1/buckets/b").status == 403)
        #expect(await server.send("GET", "/v1/buckets/b/collections", as: "alice").ids == [])
    }
}
