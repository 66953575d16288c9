// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Groups")
struct GroupTests {
    private static let alice = TestServer.userID("alice")
    private static let group = "/v1/buckets/b/groups/g"

    private func server() async throws -> TestServer {
        let server = try TestServer()
        let shared = #"{"permissions":{"read":["/buckets/b/groups/g"]}}"#
        #expect(await server.send("PUT", "/v1/buckets/b", shared).status == 201)
        let members = "{\"data\":{\"members\":[\"\(Self.alice)\"]}}"
        #expect(await server.send("PUT", Self.group, members).status == 201)
        return server
    }

    /// The groups that the root tells alice she is in.
    private func groups(_ server: TestServer) async -> [String] {
        let principals = await server.send("GET", "/v1/", as: "alice").json["/user/principals"]
        return (principals?.array ?? []).compactMap(\.string).filter { $0.hasPrefix("/") }
    }

    @Test("are told to their members at the root, and to nobody else")
    func root() async throws {
        let server = try await server()
        #expect(await groups(server) == ["/buckets/b/groups/g"])
        let root = await server.send("GET", "/v1/", as: "bob")
        #expect(root.json["/user/principals"]?.array?.count == 3)
    }

    @Test("take members in and out at once, within one batch too")
    func batch() async throws {
        let server = try await server()
        let login = "Basic \(Base64.encode(Array("alice:secret".utf8)))"
        let look = "{\"path\":\"/buckets/b\",\"headers\":{\"Authorization\":\"\(login)\"}}"
        let leave =
            #"{"method":"PATCH","path":"/buckets/b/groups/g","body":{"data":{"members":[]}}}"#
        let join = """
            {"method":"PUT","path":"/buckets/b/groups/g",
            "body":{"data":{"members":["\(Self.alice)"]}}}
            """
        let remove = #"{"method":"DELETE","path":"/buckets/b/groups/g"}"#
        let parts = [look, leave, look, join, look, remove, look].joined(separator: ",")
        let response = await server.send("POST", "/v1/batch", "{\"requests\":[\(parts)]}")
        let statuses = (response.json["/responses"]?.array ?? []).map { $0["/status"] }
        #expect(statuses == [200, 200, 403, 200, 200, 200, 403])
    }

    @Test("are forgotten with their bucket, and do not come back with it")
    func deletedBucket() async throws {
        let server = try await server()
        #expect(await server.send("DELETE", "/v1/buckets/b").status == 200)
        #expect(await groups(server) == [])
        let shared = #"{"permissions":{"read":["/buckets/b/groups/g"]}}"#
        #expect(await server.send("PUT", "/v1/buckets/b", shared).status == 201)
        #expect(await server.send("GET", "/v1/buckets/b", as: "alice").status == 403)
    }

    @Test("keep their name in permissions when deleted, without meaning anybody")
    func deletedGroup() async throws {
        let server = try await server()
        #expect(await server.send("DELETE", "/v1/buckets/b/groups").status == 200)
        let bucket = await server.send("GET", "/v1/buckets/b")
        #expect(bucket.json["/permissions/read/0"] == "/buckets/b/groups/g")
        #expect(await server.send("GET", "/v1/buckets/b", as: "alice").status == 403)
    }

    @Test(
        "have users as members, and nothing else",
        arguments: [
            (#"["/buckets/b/groups/g"]"#, "'/buckets/b/groups/g' is not a valid user ID."),
            (#"["system.Everyone"]"#, "'system.Everyone' is not a valid user ID."),
            (#"[1]"#, "1 is not a string: {'': ''}"),
            (#"[true]"#, "True is not a string: {'': ''}"),
            (#"[null]"#, "Required"), (#"[[]]"#, "Required"), (#"[""]"#, "Required"),
            (#""alice""#, "\"alice\" is not iterable"),
        ])
    func members(_ members: String, reason: String) async throws {
        let server = try await server()
        let body = "{\"data\":{\"members\":\(members)}}"
        let response = await server.send("PUT", Self.group, body)
        #expect(response.status == 400)
        #expect(response.json["/details/0/description"] == .string(reason))
    }

    @Test("have none unless told, and ids of letters, digits, hyphens and underscores")
    func defaults() async throws {
        let server = try await server()
        let made = await server.send("POST", "/v1/buckets/b/groups", #"{"data":{}}"#)
        #expect(made.json["/data/members"] == [])
        #expect(await server.send("PUT", "/v1/buckets/b/groups/a-b_1", "{}").status == 201)
        for id in ["-a", "_a", "a.b", "a%20b"] {
            #expect(await server.send("PUT", "/v1/buckets/b/groups/\(id)", "{}").status == 400)
        }
    }
}
