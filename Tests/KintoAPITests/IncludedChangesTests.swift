// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

@testable import KintoAPI

@Suite("What an event tells of what changed")
struct IncludedChangesTests {
    private let path = CollectionPath(bucket: "b", collection: "c")

    private func read(_ server: TestServer, since: Timestamp?) async throws -> IncludedChanges {
        let path = path
        return try await withCheckedThrowingContinuation { continuation in
            server.storage.read(
                { try IncludedChanges(of: path, since: since, $0) },
                completion: { continuation.resume(with: $0) })
        }
    }

    private func write(
        _ server: TestServer, _ body: @escaping @Sendable (any StorageTransaction) throws -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { continuation in
            server.storage.write(body, completion: { continuation.resume(with: $0) })
        }
    }

    @Test("is what a changeset since then would, tombstones included")
    func changes() async throws {
        let server = try TestServer(KintoSettings.embedded)
        await server.makeCollection()
        let uri = "/v1\(path.uri)"
        let first = await server.send("PUT", "\(uri)/records/a", "{}")
        let since = try #require(first.json["/data/last_modified"]?.integer)
        _ = await server.send("PUT", "\(uri)/records/b", "{\"data\":{\"x\":1}}")
        _ = await server.send("DELETE", "\(uri)/records/a")
        let changeset = await server.send("GET", "\(uri)/changeset?_expected=0&_since=\(since)")
        let read = try await read(server, since: Timestamp(milliseconds: since))
        let records = try JSONParser.parse(try #require(read.records))
        #expect(records == changeset.json["/changes"])
        #expect(records.array?.count == 2)
        #expect(read.change?.timestamp.milliseconds == changeset.json["/timestamp"]?.integer)
        let all = try await self.read(server, since: nil)
        #expect(try JSONParser.parse(try #require(all.records)).array?.count == 1)
        _ = await server.send("DELETE", uri)
        let deleted = try await self.read(server, since: nil)
        #expect(deleted.records == nil)
        #expect(deleted.change?.isTombstone == true)
    }

    @Test(
        "are at most so many records",
        arguments: [
            (Limits.includedChangesMax - 1, true), (Limits.includedChangesMax, true),
            (Limits.includedChangesMax + 1, false),
        ])
    func count(records: Int, isTold: Bool) async throws {
        let server = try TestServer()
        let list = ResourceList.records(of: path)
        try await write(server) { transaction in
            for number in 0..<records {
                try transaction.put("r\(number)", members: JSONObject(), timestamp: nil, in: list)
            }
        }
        #expect((try await read(server, since: nil).records != nil) == isTold)
    }

    @Test("are at most so many bytes", arguments: [(-1, true), (0, true), (1, false)])
    func bytes(beyond: Int, isTold: Bool) async throws {
        let server = try TestServer()
        let list = ResourceList.records(of: path)
        let empty = StoredObject(
            id: "r", timestamp: server.clock.read(), members: JSONObject([("x", "")])
        ).json.count
        let length = Limits.includedChangesBytesMax - empty + beyond
        try await write(server) { transaction in
            let text = String(repeating: "x", count: length)
            try transaction.put(
                "r", members: JSONObject([("x", .string(text))]), timestamp: nil, in: list)
        }
        #expect((try await read(server, since: nil).records != nil) == isTold)
    }
}
