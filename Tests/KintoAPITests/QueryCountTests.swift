// SPDX-License-Identifier: MIT
//
// What a request costs, counted in statements put to the database: exact numbers, because a number
// that grows by one with each object is how a server becomes slow without anybody noticing.

import Foundation
import Testing

@testable import KintoAPI

@Suite("The statements of a request")
struct QueryCountTests {
    /// Where objects are kept.
    enum Place: String, CaseIterable, Sendable {
        case memory, file
    }

    private static let collection = "/v1/buckets/b/collections/c"
    private static let settings = [
        "multiauth.policies": "basicauth", "kinto.changes.resources": "*",
        "kinto.batch_max_requests": "0",
    ]

    /// Runs `body` with a server that has a bucket, a collection, a group and `records` records,
    /// all shared with alice one by one.
    private func withServer(
        _ place: Place, records: Int = 1, settings: [String: String] = [:],
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "heliograph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let server = try TestServer(
            Self.settings.merging(settings) { $1 },
            file: place == .file ? directory.appending(path: "queries.db").path : nil)
        await server.makeCollection()
        #expect(await server.send("PUT", "/v1/buckets/b/groups/g", "{}").status == 201)
        try await fill(server, "\(Self.collection)/records", count: records)
        // What the first change announces is written beside.
        await server.settle()
        try await body(server)
    }

    /// Puts objects that alice may read into a list.
    private func fill(_ server: TestServer, _ list: String, count: Int) async throws {
        let shared = "{\"permissions\":{\"read\":[\"\(TestServer.userID("alice"))\"]}}"
        let parts = (0..<count).map {
            "{\"method\":\"PUT\",\"path\":\"\(list)/o\($0)\",\"body\":\(shared)}"
        }
        let body = "{\"requests\":[\(parts.joined(separator: ","))]}"
        #expect(await server.send("POST", "/v1/batch", body).status == 200)
    }

    private func cost(
        _ server: TestServer, _ request: String, as user: String = "mat", body: String? = nil,
        status: Int = 200
    ) async -> Int {
        let parts = request.split(separator: " ").map(String.init)
        let before = server.statistics?.queries ?? 0
        let response = await server.send(parts[0], parts[1], as: user, body)
        #expect(response.status == status, "\(request)")
        return (server.statistics?.queries ?? 0) - before
    }

    private static let one: [(request: String, body: String?, memory: Int, file: Int)] = [
        ("GET \(collection)/records/o0", nil, 5, 6),
        ("PUT \(collection)/records/o0", "{}", 7, 5),
        ("PATCH \(collection)/records/o0", #"{"data":{"x":1}}"#, 7, 5),
        ("PUT \(collection)/records/new", "{}", 8, 7),
        ("POST \(collection)/records", "{}", 7, 6),
        ("DELETE \(collection)/records/o0", nil, 6, 6),
        ("GET /v1/buckets/b", nil, 4, 5),
        ("GET /v1/buckets/b/groups/g", nil, 4, 5),
        ("PUT /v1/buckets/b/groups/g", #"{"data":{"members":["a","b"]}}"#, 7, 7),
        ("DELETE /v1/buckets/b/groups/g", nil, 6, 8),
        ("GET \(collection)", nil, 4, 5),
        ("PUT \(collection)", "{}", 6, 5),
        ("GET /v1/", nil, 1, 2),
        ("GET \(collection)/changeset?_expected=0", nil, 5, 6),
        ("DELETE \(collection)", nil, 5, 12),
        ("DELETE /v1/buckets/b", nil, 5, 15),
    ]

    @Test("are so many for one object, and no more", arguments: Place.allCases)
    func objects(_ place: Place) async throws {
        try await withServer(place) { server in
            for (request, body, memory, file) in Self.one {
                let isNew = request.hasPrefix("POST") || request.hasSuffix("new")
                let found = await cost(server, request, body: body, status: isNew ? 201 : 200)
                #expect(found == (place == .memory ? memory : file), "\(request): \(found)")
            }
        }
    }

    private static let many: [(request: String, user: String, memory: Int, file: Int)] = [
        ("GET \(collection)/records", "mat", 5, 6),
        ("GET \(collection)/records", "alice", 7, 8),
        ("HEAD \(collection)/records", "mat", 5, 6),
        ("GET /v1/buckets/b/collections", "mat", 4, 5),
        ("GET /v1/buckets/b/collections", "alice", 5, 6),
        ("GET /v1/buckets/b/groups", "mat", 4, 5),
        ("GET /v1/buckets", "mat", 4, 5),
        ("GET \(collection)/changeset?_expected=0", "mat", 5, 6),
    ]

    @Test("are none for a poll that was answered before, whoever asked", arguments: Place.allCases)
    func polls(_ place: Place) async throws {
        try await withServer(place, records: 20) { server in
            let changeset = "\(Self.collection)/changeset"
            let share = #"{"permissions":{"read":["system.Everyone"]}}"#
            #expect(await server.send("PATCH", Self.collection, share).status == 200)
            let first = place == .memory ? 5 : 6
            for (request, expected) in [
                ("GET \(changeset)?_expected=0", first), ("GET \(changeset)?_expected=1", 0),
                ("HEAD \(changeset)?_expected=1", 0), ("GET \(changeset)?_expected=0&_limit=3", 0),
                ("GET \(changeset)?_expected=0&_since=1", first),
                ("GET \(changeset)?_expected=0&_since=2", 0),
                ("GET \(changeset)?_expected=0&_since=2&_limit=3", 0),
                ("GET /v1/buckets/monitor/collections/changes/records", 0),
                ("GET /v1/buckets/monitor/collections/changes/changeset?_expected=0", 0),
            ] {
                #expect(await cost(server, request) == expected, "\(request) at first")
                #expect(await cost(server, request) == 0, "\(request) again")
            }
            // Another user's permission is read once; it is the collection's, not the bucket's.
            for expected in [first + 1, 0] {
                let request = "GET \(changeset)?_expected=0"
                #expect(await cost(server, request, as: "alice") == expected)
            }
            let list = "/v1/buckets/monitor/collections/changes/records"
            let tag = await server.send("GET", list).fields["ETag"] ?? ""
            let before = server.statistics?.queries
            let known = await server.send("GET", list, headers: [("If-None-Match", tag)])
            #expect(known.status == 304 && server.statistics?.queries == before)
        }
    }

    @Test(
        "are as many for a list of a thousand objects, shared one by one, as for one",
        arguments: Place.allCases, [1, 1000])
    func lists(_ place: Place, count: Int) async throws {
        try await withServer(place, records: count) { server in
            try await fill(server, "/v1/buckets/b/collections", count: count)
            for (request, user, memory, file) in Self.many {
                let found = await cost(server, request, as: user)
                let expected = place == .memory ? memory : file
                #expect(found == expected, "\(request) by \(user): \(found)")
            }
        }
    }

    @Test(
        "of a private list of changes are few for each user, and none until permissions change",
        arguments: Place.allCases, [1, 1000])
    func privateChanges(_ place: Place, count: Int) async throws {
        let settings = ["heliograph.changes.private": "true"]
        try await withServer(place, records: count, settings: settings) { server in
            try await fill(server, "/v1/buckets/b/collections", count: count)
            let list = "GET /v1/buckets/monitor/collections/changes/records"
            let changes = "GET /v1/buckets/monitor/collections/changes/changeset?_expected=0"
            for _ in 0..<2 {
                // Broadcasts ask what everyone may read, by themselves.
                await server.settle()
                for user in ["mat", "alice"] {
                    #expect(await cost(server, list, as: user) == (place == .memory ? 2 : 3))
                    #expect(await cost(server, list, as: user) == 0)
                    #expect(await cost(server, changes, as: user) == 0)
                }
                // What is written changes nothing of that, but what is granted does.
                _ = await cost(server, "PUT \(Self.collection)/records/o0", body: "{}")
                #expect(await cost(server, list, as: "alice") == 0)
                let body = "{\"permissions\":{\"read\":[\"system.Authenticated\"]}}"
                _ = await cost(server, "PATCH \(Self.collection)", body: body)
            }
        }
    }

    @Test(
        "that delete a thousand records are two for each, and no look-ups",
        arguments: Place.allCases, [1, 1000])
    func deletion(_ place: Place, count: Int) async throws {
        try await withServer(place, records: count) { server in
            let found = await cost(server, "DELETE \(Self.collection)/records")
            #expect(found == 2 * count + 4 + (place == .memory ? 1 : 0))
        }
    }

    @Test("of a batch are those of its requests", arguments: Place.allCases)
    func batch(_ place: Place) async throws {
        try await withServer(place) { server in
            for count in [1, 2, 10] {
                let records = "\(Self.collection)/records"
                let gets = (0..<count).map { _ in "{\"path\":\"\(records)/o0\"}" }
                #expect(await cost(server, batch: gets) == (place == .memory ? 5 : 6) * count)
                let puts = (0..<count).map {
                    "{\"method\":\"PUT\",\"path\":\"\(records)/n\(count)x\($0)\",\"body\":{}}"
                }
                let found = await cost(server, batch: puts)
                #expect(found == (place == .memory ? 8 * count : 4 * count + 3))
            }
        }
    }

    private func cost(_ server: TestServer, batch parts: [String]) async -> Int {
        let body = "{\"requests\":[\(parts.joined(separator: ","))]}"
        return await cost(server, "POST /v1/batch", body: body)
    }
}
