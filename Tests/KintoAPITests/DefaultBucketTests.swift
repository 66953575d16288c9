// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("The default bucket")
struct DefaultBucketTests {
    private static let settings = [
        "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.default_bucket",
        "kinto.default_bucket_hmac_secret": "secret",
    ]

    private static func server(_ more: [String: String] = [:]) throws -> TestServer {
        try TestServer(settings.merging(more) { $1 })
    }

    /// The id of a user's own bucket, as the root tells it.
    private static func bucket(of user: String, _ server: TestServer) async -> String {
        await server.send("GET", "/v1/", as: user).json["/user/bucket"]?.string ?? ""
    }

    @Test("is a bucket of one's own, under an id made of the user id and a secret")
    func identity() async throws {
        let server = try Self.server()
        let mat = await Self.bucket(of: "mat", server)
        let digest = Digest.hmacSHA256(
            key: Array("secret".utf8), message: Array(TestServer.userID("mat").utf8))
        #expect(mat.replacing("-", with: "") == Digest.hexadecimal(Array(digest.prefix(16))))
        #expect(await Self.bucket(of: "alice", server) != mat)
        let shown = await server.send("GET", "/v1/buckets/default")
        #expect(shown.json["/data/id"]?.string == mat)
        #expect(shown.json["/permissions/write/0"]?.string == TestServer.userID("mat"))
        #expect(await server.send("GET", "/v1/buckets/\(mat)", as: "alice").status == 403)
    }

    @Test("is nobody's without credentials")
    func anonymous() async throws {
        let server = try Self.server()
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let response = await server.send(method, "/v1/buckets/default", as: nil)
            #expect(response.status == 401)
            #expect(response.errno == 104)
        }
        #expect(await server.send("GET", "/v1/", as: nil).json["/user"] == nil)
    }

    @Test("is an id like any other where the plugin is not included")
    func notIncluded() async throws {
        let server = try TestServer()
        #expect(await server.send("GET", "/v1/buckets/default").status == 403)
        #expect(await server.send("PUT", "/v1/buckets/default", "{}").status == 201)
        let root = await server.send("GET", "/v1/")
        #expect(root.json["/capabilities/default_bucket"] == nil)
        #expect(root.json["/user/bucket"] == nil)
    }

    @Test("is made when first asked for, with the collection that the path leads into")
    func implicitCreation() async throws {
        let server = try Self.server(["kinto.bucket_create_principals": "nobody"])
        let records = "/v1/buckets/default/collections/tasks/records"
        #expect(await server.send("PUT", "/v1/buckets/default", "{}").status == 403)
        #expect(await server.send("GET", records).ids == [])
        #expect(await server.send("PUT", "\(records)/one", "{}").status == 201)
        #expect(await server.send("GET", "/v1/buckets/default/collections").ids == ["tasks"])
        let real = await Self.bucket(of: "mat", server)
        #expect(
            await server.send("GET", "/v1/buckets/\(real)/collections/tasks/records").ids
                == ["one"])
        #expect(await server.send("DELETE", "/v1/buckets/default").status == 200)
        #expect(await server.send("GET", records).ids == [])
    }

    @Test("stays made when the request that made it is refused")
    func refused() async throws {
        let server = try Self.server()
        let tasks = "/v1/buckets/default/collections/tasks"
        #expect(await server.send("DELETE", "\(tasks)/records/none").status == 404)
        #expect(await server.send("GET", "/v1/buckets/default/collections").ids == ["tasks"])
        let invalid = await server.send("GET", "/v1/buckets/default/collections/_/records")
        #expect(invalid.status == 400)
        #expect(invalid.message == "path: Invalid collection id")
    }

    @Test("is not written again by reading what is there")
    func noStrayWrites() async throws {
        let server = try Self.server()
        let record = "/v1/buckets/default/collections/tasks/records/one"
        #expect(await server.send("PUT", record, "{}").status == 201)
        let before = try #require(server.statistics).writes
        #expect(await server.send("GET", record).status == 200)
        #expect(await server.send("GET", "/v1/buckets/default").status == 200)
        let collections = await server.send("GET", "/v1/buckets/default/collections")
        #expect(collections.ids == ["tasks"])
        #expect(server.statistics?.writes == before)
    }

    @Test("knows its own name as its id, and takes no body for no members")
    func bodies() async throws {
        let server = try Self.server()
        let real = await Self.bucket(of: "mat", server)
        let named = await server.send(
            "PUT", "/v1/buckets/default", #"{"data":{"id":"default","x":1}}"#)
        #expect(named.status == 201)
        #expect(named.json["/data/id"]?.string == real)
        let emptied = await server.send("PUT", "/v1/buckets/default")
        #expect(emptied.json["/data/x"] == nil)
        let other = await server.send("PUT", "/v1/buckets/default", #"{"data":{"id":"other"}}"#)
        #expect(other.status == 400)
    }

    @Test("works in a batch, for each user of it")
    func batch() async throws {
        let server = try Self.server()
        let alice = "Basic \(Base64.encode(Array("alice:secret".utf8)))"
        let path = "/buckets/default/collections/tasks/records"
        let response = await server.send(
            "POST", "/v1/batch",
            """
            {"requests":[{"method":"PUT","path":"\(path)/one","body":{}},{"path":"\(path)"},
            {"path":"\(path)","headers":{"Authorization":"\(alice)"}}]}
            """)
        #expect(response.json["/responses/0/status"] == 201)
        #expect(response.json["/responses/1/body/data/0/id"] == "one")
        #expect(response.json["/responses/1/path"] == .string("/v1\(path)"))
        #expect(response.json["/responses/2/body/data"] == [])
    }

    @Test("is refused whole by a server that only reads")
    func readOnly() async throws {
        let server = try Self.server(["kinto.readonly": "true"])
        #expect(await server.send("GET", "/v1/buckets/default").status == 405)
    }

    @Test("shows its collections to the monitor under its real id")
    func monitor() async throws {
        let server = try Self.server(["kinto.changes.resources": "*"])
        let record = "/v1/buckets/default/collections/tasks/records/one"
        #expect(await server.send("PUT", record, "{}").status == 201)
        let list = await server.send("GET", "/v1/buckets/monitor/collections/changes/records")
        let real = await Self.bucket(of: "mat", server)
        #expect(list.json["/data/0/bucket"]?.string == real)
        let changeset = "/v1/buckets/default/collections/tasks/changeset?_expected=0"
        #expect(await server.send("GET", changeset).json["/changes/0/id"] == "one")
    }

    @Test("answers preflights, methods it does not have and paths to nowhere as others do")
    func edges() async throws {
        let server = try Self.server()
        let preflight = await server.send(
            "OPTIONS", "/v1/buckets/default", as: nil,
            headers: [("Origin", "http://a.example"), ("Access-Control-Request-Method", "PUT")])
        #expect(preflight.status == 200)
        #expect(await server.send("POST", "/v1/buckets/default", "{}").status == 405)
        #expect(await server.send("GET", "/v1/buckets/default/nothing").status == 404)
        let slash = await server.send("GET", "/v1/buckets/default/")
        #expect(slash.status == 307)
        #expect(slash.fields["Location"] == "http://localhost/v1/buckets/default")
    }
}
