// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Flushing")
struct FlushTests {
    private static let settings = [
        "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.flush",
    ]

    @Test("removes all objects, whoever asks, whatever they send")
    func removes() async throws {
        let server = try TestServer(FlushTests.settings)
        await server.makeCollection()
        let answer = await server.send(
            "POST", "/v1/__flush__", as: nil, "{bad", headers: [("Content-Type", "text/plain")])
        #expect(answer.status == 202)
        #expect(JSONWriter.string(answer.json) == "{}")
        #expect(await server.send("GET", "/v1/buckets").ids.isEmpty)
        #expect(await server.send("GET", "/v1/buckets/b").status == 403)
    }

    @Test("makes the tokens void that delete pages")
    func tokens() async throws {
        let settings = FlushTests.settings.merging([
            "kinto.bucket_write_principals": "system.Authenticated"
        ]) { $1 }
        let server = try TestServer(settings)
        for name in ["a", "b", "c"] {
            #expect(await server.send("PUT", "/v1/buckets/\(name)", "{}").status == 201)
        }
        let page = await server.send("DELETE", "/v1/buckets?_limit=1")
        let next = try #require(page.fields["Next-Page"])
        #expect(await server.send("POST", "/v1/__flush__").status == 202)
        let start = try #require(next.firstRange(of: "/v1/")?.lowerBound)
        let answer = await server.send("DELETE", String(next[start...]))
        #expect(answer.status == 400)
        #expect(answer.message?.contains("_token was already used or has expired") == true)
    }

    @Test("in a batch goes before what comes behind it")
    func batch() async throws {
        let server = try TestServer(FlushTests.settings)
        await server.makeCollection()
        let answer = await server.send(
            "POST", "/v1/batch",
            #"{"requests":[{"method":"POST","path":"/__flush__"},"#
                + #"{"method":"PUT","path":"/buckets/y"}]}"#)
        #expect(answer.json["/responses/0/status"]?.integer == 202)
        #expect(await server.send("GET", "/v1/buckets").ids == ["y"])
    }

    @Test("is refused by a server that is only read, and unknown where it is not included")
    func refused() async throws {
        let readonly = FlushTests.settings.merging(["kinto.readonly": "true"]) { $1 }
        #expect(try await TestServer(readonly).send("POST", "/v1/__flush__").status == 405)
        let server = try TestServer()
        #expect(await server.send("POST", "/v1/__flush__").status == 404)
        let root = await server.send("GET", "/v1/")
        #expect(root.json["/capabilities/flush_endpoint"] == nil)
    }

    @Test("is told by the root")
    func capability() async throws {
        let root = try await TestServer(FlushTests.settings).send("GET", "/v1/")
        #expect(root.json["/capabilities/flush_endpoint/description"] != nil)
    }
}
