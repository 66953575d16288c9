// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("The list of changes")
struct ChangesTests {
    private static let records = "/v1/buckets/monitor/collections/changes/records"
    private static let changeset = "/v1/buckets/monitor/collections/changes/changeset?_expected=0"

    private func server(_ more: [String: String] = [:]) async throws -> TestServer {
        let server = try TestServer(KintoSettings.embedded.merging(more) { $1 })
        await server.makeCollection("/buckets/b/collections/one")
        await server.makeCollection("/buckets/b/collections/one2")
        for collection in ["one", "one2"] {
            let target = "/v1/buckets/b/collections/\(collection)/records/r"
            #expect(await server.send("PUT", target, "{}").status == 201)
        }
        return server
    }

    private func collections(_ response: HTTPResponse, _ pointer: String = "/data") -> [String] {
        (response.json[pointer]?.array ?? []).compactMap { $0["/collection"]?.string }
    }

    @Test("has every collection when everything is monitored, newest first")
    func everything() async throws {
        let server = try await server()
        let response = await server.send("GET", Self.records, as: nil)
        #expect(collections(response) == ["one2", "one"])
        let newest = await server.send("GET", "/v1/buckets/b/collections/one2/records")
        #expect(response.fields["ETag"] == newest.fields["ETag"])
    }

    @Test("names collections exactly")
    func exactMatch() async throws {
        let one = ["kinto.changes.resources": "/buckets/b/collections/one"]
        let included = try await server(one).send("GET", Self.records)
        #expect(collections(included) == ["one"])
        let excluded = ["kinto.changes.excluded_collections": "/buckets/b/collections/one"]
        let rest = try await server(excluded).send("GET", Self.records)
        #expect(collections(rest) == ["one2"])
    }

    @Test("answers 304 to who has it, and 200 with nothing where that is set")
    func notModified() async throws {
        for (setting, status) in [("304", 304), ("200", 200)] {
            let server = try await server(["heliograph.changes.not_modified": setting])
            let tag = try #require(await server.send("GET", Self.records).fields["ETag"])
            let same = await server.send(
                "GET", Self.records, headers: [("If-None-Match", tag)])
            #expect(same.status == status)
            #expect(same.fields["ETag"] == tag)
            #expect(status == 304 ? same.body.count == 0 : same.json["/data"] == [])
            let other = await server.send(
                "GET", Self.records, headers: [("If-None-Match", "\"1\"")])
            #expect(other.status == 200)
            #expect(collections(other).count == 2)
        }
    }

    @Test("pages as other lists do")
    func pages() async throws {
        let server = try await server()
        let first = await server.send("GET", "\(Self.records)?_limit=1")
        let next = try #require(first.fields["Next-Page"]).replacing("http://localhost", with: "")
        let second = await server.send("GET", next)
        #expect(collections(first) + collections(second) == ["one2", "one"])
        #expect(second.fields["Next-Page"] == nil)
        let sorted = await server.send("GET", "\(Self.records)?_sort=collection&_limit=1")
        #expect(collections(sorted) == ["one"])
    }

    @Test("gets a collection by a read of its records, but not by one of an unknown collection")
    func appearance() async throws {
        let server = try await server()
        await server.makeCollection("/buckets/b/collections/empty")
        #expect(collections(await server.send("GET", Self.records)).contains("empty") == false)
        let unknown = "/v1/buckets/b/collections/nope/changeset?_expected=0"
        #expect(await server.send("GET", unknown).status == 404)
        #expect(collections(await server.send("GET", Self.records)).contains("nope") == false)
        let anonymous = "/v1/buckets/b/collections/empty/records"
        #expect(await server.send("GET", anonymous, as: nil).status == 401)
        #expect(collections(await server.send("GET", Self.records)).contains("empty") == false)
        let known = "/v1/buckets/b/collections/empty/changeset?_expected=0"
        #expect(await server.send("GET", known).status == 200)
        #expect(collections(await server.send("GET", Self.records)).first == "empty")
    }

    @Test("loses a deleted collection, and all of a deleted bucket")
    func deletion() async throws {
        let server = try await server()
        #expect(await server.send("DELETE", "/v1/buckets/b/collections/one2").status == 200)
        #expect(collections(await server.send("GET", Self.records)) == ["one"])
        #expect(await server.send("DELETE", "/v1/buckets/b").status == 200)
        let response = await server.send("GET", Self.changeset)
        #expect(response.json["/changes"] == [])
    }

    @Test("filters a changeset by bucket, collection, limit and _since")
    func changesetFilters() async throws {
        let server = try await server()
        let all = await server.send("GET", Self.changeset)
        #expect(collections(all, "/changes") == ["one2", "one"])
        let timestamp = try #require(all.json["/changes/1/last_modified"]?.integer)
        for (query, expected) in [
            ("&collection=one", ["one"]), ("&bucket=x", []), ("&_limit=1", ["one2"]),
            ("&_limit=0", ["one2", "one"]), ("&_since=\(timestamp)", ["one2"]),
            ("&_since=%22\(timestamp)%22", ["one2"]), ("&bucket=b&collection=one2", ["one2"]),
            ("&_since=", ["one2", "one"]),
        ] {
            let response = await server.send("GET", Self.changeset + query)
            #expect(collections(response, "/changes") == expected, "\(query)")
        }
    }

    @Test("may only be read", arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func methods(method: String) async throws {
        let server = try await server()
        let response = await server.send(method, Self.records, #"{"data":{"id":"x"}}"#)
        #expect(response.status == 405)
        #expect(response.fields["Allow"] == "GET, HEAD, OPTIONS")
    }

    @Test("is an ordinary collection where there are no changes")
    func withoutChanges() async throws {
        let server = try TestServer()
        await server.makeCollection("/buckets/monitor/collections/changes")
        let response = await server.send("POST", Self.records, #"{"data":{"id":"x"}}"#)
        #expect(response.status == 201)
        #expect(await server.send("GET", "/v1/__broadcasts__").status == 404)
    }
}
