// SPDX-License-Identifier: MIT

import Core
import Glibc
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("A history that becomes too long")
struct HistoryTrimmingTests {
    private static let history = "/v1/buckets/b/history"
    private static let records = "/v1/buckets/b/collections/c/records"

    private func server(_ settings: [String: String]) async throws -> TestServer {
        var all = ["multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.history"]
        all.merge(settings) { $1 }
        let server = try TestServer(all)
        await server.makeCollection()
        return server
    }

    /// Writes records `FIRST` to `LAST` as a user.
    private func write(
        _ numbers: ClosedRange<Int>, to server: TestServer, as user: String = "mat"
    ) async {
        for number in numbers {
            let target = "\(HistoryTrimmingTests.records)/r\(number)"
            #expect(await server.send("PUT", target, as: user, "{}").status == 201)
        }
    }

    /// The ids of the objects that entries are about, the newest first.
    private func subjects(_ server: TestServer, _ query: String = "") async -> [String] {
        let answer = await server.send("GET", "\(HistoryTrimmingTests.history)\(query)")
        return (answer.json["/data"]?.array ?? []).compactMap { $0["/target/data/id"]?.string }
    }

    @Test("loses the oldest, without tombstones, and never has more than the limit")
    func limit() async throws {
        let server = try await server(["heliograph.history.entries_per_bucket_max": "5"])
        for number in 1...9 {
            await write(number...number, to: server)
            #expect(await subjects(server).count == min(2 + number, 5))
        }
        #expect(await subjects(server, "?_since=0") == ["r9", "r8", "r7", "r6", "r5"])
        #expect(await server.send("GET", "\(HistoryTrimmingTests.history)?_since=0").ids.count == 5)
        // Those that a client deletes count as well: their tombstones stay for a while.
        #expect(await server.send("DELETE", HistoryTrimmingTests.history).ids.count == 5)
        await write(10...12, to: server)
        #expect(await subjects(server) == ["r12", "r11", "r10"])
        #expect(await server.send("GET", "\(HistoryTrimmingTests.history)?_since=0").ids.count == 5)
    }

    @Test("loses a hundredth at once, so that not every write has to count")
    func slack() async throws {
        let server = try await server(["heliograph.history.entries_per_bucket_max": "200"])
        await write(1...198, to: server)
        #expect(await subjects(server).count == 200)
        await write(199...199, to: server)
        #expect(await subjects(server).count == 198)
        await write(200...201, to: server)
        #expect(await subjects(server).count == 200)
        #expect(await subjects(server).last == "r2")
        let storage = try #require(server.storage as? MemoryStorage)
        await write(202...202, to: server)
        let before = storage.statistics.queries
        await write(203...203, to: server)
        let cost = storage.statistics.queries - before
        await write(204...204, to: server)
        #expect(storage.statistics.queries - before == 2 * cost, "neither counts")
    }

    @Test("is cut down step by step when the limit was lowered")
    func lowered() async throws {
        let file = "/tmp/heliograph-\(Digest.hexadecimal(Digest.randomBytes(8))).db"
        defer { for end in ["", "-wal", "-shm", ".lock"] { unlink(file + end) } }
        let many = Limits.historyTrimEntriesMax + 50
        let settings = [
            "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.history",
        ]
        do {
            let server = try TestServer(settings, file: file)
            await server.makeCollection()
            let requests = (1...25).map { "{\"path\":\"/buckets/b/collections/c/records/r\($0)\"}" }
            let body =
                "{\"defaults\":{\"method\":\"PUT\",\"body\":{}},"
                + "\"requests\":[\(requests.joined(separator: ","))]}"
            for _ in 0..<many / 25 {
                #expect(await server.send("POST", "/v1/batch", body).status == 200)
            }
            server.storage.close()
        }
        let limit = ["heliograph.history.entries_per_bucket_max": "10"]
        let server = try TestServer(settings.merging(limit) { $1 }, file: file)
        await write(1001...1001, to: server)
        #expect(await subjects(server).count == many + 3 - Limits.historyTrimEntriesMax)
        await write(1002...1002, to: server)
        #expect(await subjects(server).count == 10)
        #expect(await subjects(server).first == "r1002")
    }

    @Test("of one kind of object loses the oldest of that kind, by the reference's settings")
    func automatic() async throws {
        let server = try await server([
            "kinto.history.auto_trim_max_count": "3", "kinto.history.auto_trim_threshold": "2",
        ])
        await write(1...5, to: server)
        #expect(await subjects(server) == ["r5", "r4", "r3", "r2", "r1", "c", "b"])
        await write(6...6, to: server)
        #expect(await subjects(server) == ["r6", "r5", "r4", "c", "b"])
        await write(7...8, to: server)
        #expect(await subjects(server).count == 7)
        await write(9...9, to: server)
        #expect(await subjects(server) == ["r9", "r8", "r7", "c", "b"])
        let root = await server.send("GET", "/v1/")
        #expect(root.json["/capabilities/history/auto_trim_max_count"] == 3)
    }

    @Test("loses only entries of the users that the settings name, each user's apart")
    func users() async throws {
        let server = try await server([
            "kinto.history.auto_trim_max_count": "2", "kinto.history.auto_trim_threshold": "0",
            "kinto.history.auto_trim_user_ids": TestServer.userID("robot"),
        ])
        _ = await server.send(
            "PATCH", "/v1/buckets/b", #"{"permissions":{"write":["system.Authenticated"]}}"#)
        await write(1...4, to: server)
        await write(5...9, to: server, as: "robot")
        await write(10...13, to: server)
        #expect(
            await subjects(server, "?resource_name=record") == [
                "r13", "r12", "r11", "r10", "r9", "r8", "r4", "r3", "r2", "r1",
            ])
    }

    @Test("is remembered of so many buckets, and of more counted again")
    func memory() async throws {
        let trimmer = HistoryTrimmer()
        let settings = HistorySettings()
        #expect(settings.entriesPerBucketMax == Limits.historyEntriesDefault)
        let storage = MemoryStorage(epoch: Epoch(randomBits: 1)) { Timestamp(milliseconds: 1) }
        let costs = await withCheckedContinuation { continuation in
            let costs: @Sendable (any StorageTransaction) throws -> [Int] = { transaction in
                func cost(_ bucket: String) throws -> Int {
                    let before = storage.statistics.queries
                    try trimmer.trim(
                        .history(bucket: bucket), kind: .record, userID: nil, settings: settings,
                        transaction: transaction)
                    return storage.statistics.queries - before
                }
                var costs = [try cost("first"), try cost("first")]
                for number in 2...Limits.historyAllowancesMax { _ = try cost("b\(number)") }
                costs.append(try cost("first"))
                _ = try cost("one more")
                costs.append(try cost("first"))
                return costs
            }
            storage.write(costs) { continuation.resume(returning: (try? $0.get()) ?? []) }
        }
        #expect(costs == [1, 0, 0, 1])
        storage.close()
    }
}
