// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Storage

/// A crash is simulated by a copy of the files, which is what the disk would hold.
@Suite("An SQLite storage after a crash")
struct CrashTests {
    let directory: TemporaryDirectory
    let clock = TestClock()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func copy(_ log: [UInt8], database: [UInt8], to name: String) throws -> String {
        let path = directory.file(name)
        try Files.write(database, to: path)
        try Files.write(log, to: path + "-wal")
        return path
    }

    @Test("has everything that was acknowledged before it")
    func acknowledged() async throws {
        let path = directory.file("test.db")
        let storage = try SQLiteStorage(path: path, clock: clock.function)
        let acknowledged = Recorder<String>()
        let announced = Recorder<Change>()
        storage.setCommitObserver { announced.append(contentsOf: $0.changes) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for number in 0..<15 {
                        let id = "r\(task)-\(number)"
                        try await storage.write { _ = try $0.put(id, in: .plugins) }
                        acknowledged.append(id)
                    }
                }
            }
            // Few enough writes that the log is not yet moved into the database file, so that two
            // files copied one after the other are of one moment.
            for crash in 0..<10 {
                let before = acknowledged.all
                let told = announced.all.last?.revision ?? .zero
                let copied = try copy(
                    Files.read(path + "-wal"), database: Files.read(path), to: "crash\(crash).db")
                let reopened = try SQLiteStorage(path: copied, clock: clock.function)
                let ids = try await reopened.read { try $0.ids(ObjectQuery(.plugins)) }
                #expect(Set(ids).isSuperset(of: before))
                let revision = try reopened.changeLog().last?.revision ?? .zero
                #expect(revision >= told)
                #expect(revision.number == UInt64(ids.count))
                #expect(reopened.epoch == storage.epoch)
                reopened.close()
            }
            try await group.waitForAll()
        }
        storage.close()
    }

    @Test("opens wherever its log was torn, with a beginning of its history")
    func tornLog() async throws {
        let path = directory.file("test.db")
        _ = try SQLiteStorage.migrate(path: path)
        let storage = try SQLiteStorage(path: path, clock: clock.function)
        for number in 0..<25 {
            try await storage.write { _ = try $0.put("r\(number)", in: .plugins) }
        }
        let log = Files.read(path + "-wal")
        let database = Files.read(path)
        #expect(log.count > 100_000)
        var counts: Set<Int> = []
        let cuts = Array(stride(from: 0, to: log.count, by: 5_003)) + [log.count - 1, log.count]
        for (number, cut) in cuts.enumerated() {
            // Cut off, or followed by what was on the disk before.
            let garbage = [UInt8](repeating: 0xA5, count: number % 2 == 0 ? 0 : 9_000)
            let copied = try copy(log[..<cut] + garbage, database: database, to: "torn\(number).db")
            let reopened = try SQLiteStorage(path: copied, clock: clock.function)
            let ids = try await reopened.read { try $0.ids(ObjectQuery(.plugins)) }
            #expect(ids.reversed() == (0..<ids.count).map { "r\($0)" })
            let change = try reopened.changeLog().last
            #expect(change?.revision.number ?? 0 == UInt64(ids.count))
            let next = try await reopened.write { try $0.put("next", in: .plugins) }
            #expect(next.timestamp.milliseconds == 1_000_000 + Int64(ids.count))
            #expect(try reopened.changeLog().last?.revision.number == UInt64(ids.count) + 1)
            reopened.close()
            counts.insert(ids.count)
        }
        #expect(counts.contains(0))
        #expect(counts.contains(25))
        #expect(counts.count > 10)
        storage.close()
    }
}
