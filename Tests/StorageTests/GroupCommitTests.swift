// SPDX-License-Identifier: MIT

import CSQLite
import Core
import Testing

@testable import Storage

@Suite("Group commit")
struct GroupCommitTests {
    let directory: TemporaryDirectory
    let storage: SQLiteStorage
    let observed = Recorder<Change>()

    init() throws {
        directory = try TemporaryDirectory()
        storage = try SQLiteStorage(
            path: directory.file("test.db"), clock: TestClock().function)
        storage.setCommitObserver { [observed] in observed.append(contentsOf: $0.changes) }
    }

    /// Holds the writer with a first write, gives it all of `bodies` and lets it go on.
    private func writeTogether(
        _ bodies: [@Sendable (any StorageTransaction) throws -> Void]
    ) async -> [Result<Void, any Error>] {
        let entered = Gate()
        let gate = Gate()
        storage.write({ _ in
            entered.open()
            gate.wait()
        }) { _ in }
        entered.wait()
        let results = Recorder<Result<Void, any Error>>()
        let done = Gate()
        for body in bodies {
            storage.write(body) { result in
                results.append(result)
                if results.all.count == bodies.count { done.open() }
            }
        }
        gate.open()
        done.wait()
        return results.all
    }

    private func put(_ id: String) -> @Sendable (any StorageTransaction) throws -> Void {
        { _ = try $0.put(id, in: .plugins) }
    }

    private func isWritten(_ id: String) async throws -> Bool {
        try await storage.read { try $0.object(id, in: .plugins) } != nil
    }

    @Test("carries all writes that wait in one commit")
    func oneCommit() async throws {
        let results = await writeTogether((0..<64).map { put("r\($0)") })
        #expect(results.count == 64)
        for result in results { try result.get() }
        #expect(storage.statistics.commits == 2)
        #expect(storage.statistics.writes == 65)
        #expect(observed.all.map(\.revision.number) == Array(1...64))
        storage.close()
    }

    @Test(
        "carries no more writes than its limit",
        arguments: [
            (Limits.groupCommitWritesMax - 1, 2), (Limits.groupCommitWritesMax, 2),
            (Limits.groupCommitWritesMax + 1, 3),
        ])
    func limit(writes: Int, commits: Int) async throws {
        let results = await writeTogether((0..<writes).map { _ in { _ in } })
        #expect(results.count == writes)
        #expect(storage.statistics.commits == commits)
        storage.close()
    }

    @Test("that fails fails all its writes, announces nothing, and the next one works")
    func failedCommit() async throws {
        try await storage.write { _ = try $0.put("before", in: .plugins) }
        // The hook makes SQLite refuse the commit.
        await #expect(throws: StorageError.self) {
            try await storage.write { transaction throws in
                let connection = try #require(transaction as? SQLiteTransaction).connection
                sqlite3_commit_hook(connection.handle, { _ in 1 }, nil)
                try transaction.put("first", in: .plugins)
            }
        }
        for writes in [1, 3] {
            for result in await writeTogether((0..<writes).map { put("r\($0)") }) {
                #expect(throws: StorageError.self) { try result.get() }
            }
        }
        #expect(observed.all.count == 1)
        #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["before"])
        // The hook is removed in a write of which the commit is not asked for.
        await #expect(throws: Refusal.self) {
            try await storage.write { transaction throws in
                let connection = try #require(transaction as? SQLiteTransaction).connection
                sqlite3_commit_hook(connection.handle, nil, nil)
                throw Refusal()
            }
        }
        try await storage.write { _ = try $0.put("after", in: .plugins) }
        #expect(observed.all.map(\.revision) == [Revision(1), Revision(2)])
        #expect(observed.all.map(\.timestamp) == [1_000_000, 1_000_001])
        storage.close()
    }

    @Test("undoes a write that fails after it has written, and keeps the others in one commit")
    func failedWrite() async throws {
        let runs = Recorder<String>()
        let failing: @Sendable (any StorageTransaction) throws -> Void = { transaction in
            runs.append("failing")
            try transaction.put("failed", in: .plugins)
            try transaction.put("failed", in: .addons)
            try transaction.setPermissions(["read": ["me"]], of: "/buckets/main")
            throw Refusal()
        }
        let last: @Sendable (any StorageTransaction) throws -> Void = { transaction in
            runs.append("last")
            #expect(try transaction.permissions(of: "/buckets/main").isEmpty)
            #expect(try transaction.timestamp(of: .addons) == nil)
            try transaction.put("last", in: .plugins)
        }
        let results = await writeTogether([put("first"), failing, last])
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
        // All ran together, found that one was to be undone, and then each as a part of its own.
        #expect(runs.all == ["failing", "failing", "last"])
        #expect(storage.statistics.commits == 2)
        #expect(storage.statistics.writes == 3)
        #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["last", "first"])
        #expect(try await storage.read { try $0.permissions(of: "/buckets/main") } == [:])
        #expect(observed.all.map(\.path) == [.plugins, .plugins])
        #expect(observed.all.map(\.revision) == [Revision(1), Revision(2)])
        storage.close()
    }

    @Test("runs no write again for one that fails before it has written")
    func refusedWrite() async throws {
        let runs = Recorder<String>()
        let refused: @Sendable (any StorageTransaction) throws -> Void = { transaction in
            runs.append("refused")
            _ = try transaction.object("first", in: .plugins)
            throw Refusal()
        }
        let results = await writeTogether([put("first"), refused, put("last")])
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
        #expect(runs.all == ["refused"])
        #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["last", "first"])
        storage.close()
    }

    // MARK: A full disk

    /// Lets the database grow by so many pages from now on.
    private func allow(pages: Int) async throws {
        try await storage.write { transaction throws in
            let connection = try #require(transaction as? SQLiteTransaction).connection
            let count = try #require(Int(try connection.execute("PRAGMA page_count")))
            try connection.execute("PRAGMA max_page_count = \(count + pages)")
        }
    }

    private func putLarge(_ id: String) -> @Sendable (any StorageTransaction) throws -> Void {
        let text = String(repeating: "x", count: 100_000)
        return { transaction throws in
            try transaction.put(
                id, members: JSONObject([("x", .string(text))]), timestamp: nil, in: .plugins)
        }
    }

    @Test("fails while the disk is full, reads go on, and writes again when there is room")
    func fullDisk() async throws {
        try await storage.write { _ = try $0.put("before", in: .plugins) }
        try await allow(pages: 2)
        for _ in 0..<3 {
            let error = await #expect(throws: StorageError.self) {
                try await storage.write(putLarge("large"))
            }
            guard case .notWritable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["before"])
        }
        #expect(observed.all.map(\.revision) == [Revision(1)])
        try await allow(pages: 1_000)
        try await storage.write(putLarge("large"))
        #expect(observed.all.map(\.revision) == [Revision(1), Revision(2)])
        #expect(try await isWritten("large"))
        storage.close()
    }

    @Test("keeps what it acknowledges when one of its writes finds the disk full")
    func fullDiskInGroup() async throws {
        try await storage.write { _ = try $0.put("before", in: .plugins) }
        try await allow(pages: 2)
        let ids = ["a", "large", "b", "large2", "c"]
        let results = await writeTogether(
            ids.map { $0.hasPrefix("large") ? putLarge($0) : put($0) })
        // Results come in the order of the writes.
        for (id, result) in zip(ids, results) {
            let isDone = (try? result.get()) != nil
            #expect(try await isWritten(id) == isDone)
            if id.hasPrefix("large") { #expect(!isDone) }
        }
        #expect((try? results[4].get()) != nil)
        let log = try storage.changeLog()
        #expect(observed.all.last == log.last)
        #expect(observed.all.map(\.revision.number) == Array(1...UInt64(observed.all.count)))
        storage.close()
    }

    @Test("does not keep the rest of a write that takes no notice of a full disk")
    func swallowedError() async throws {
        try await storage.write { _ = try $0.put("before", in: .plugins) }
        try await allow(pages: 2)
        let large = putLarge("large")
        await #expect(throws: StorageError.self) {
            try await storage.write { transaction throws in
                try transaction.put("first", in: .plugins)
                _ = try? transaction.attempt { try large(transaction) }
                _ = try? transaction.put("last", in: .plugins)
            }
        }
        let ids = try await storage.read { try $0.ids(ObjectQuery(.plugins)) }
        #expect(ids == ["before"])
        #expect(observed.all.count == 1)
        storage.close()
    }

    @Test("reports a database that another process keeps locked, and works when it is free")
    func locked() async throws {
        try await storage.write { transaction throws in
            let connection = try #require(transaction as? SQLiteTransaction).connection
            try connection.execute("PRAGMA busy_timeout = 0")
        }
        let other = try SQLiteConnection(path: directory.file("test.db"))
        try other.begin(.write)
        await #expect(throws: StorageError.busy) {
            try await storage.write { _ = try $0.put("a", in: .plugins) }
        }
        #expect(try await storage.read { try $0.count(ObjectQuery(.plugins)) } == 0)
        other.rollback()
        try await storage.write { _ = try $0.put("a", in: .plugins) }
        storage.close()
    }
}
