// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

@Suite("A storage's broadcasts")
struct StorageBroadcastTests {
    private func broadcast(_ id: String, _ version: String, _ time: Int64) -> Broadcast {
        Broadcast(id: id, version: version, time: Timestamp(milliseconds: time))
    }

    @Test(
        "are the newest of each id, and the observer is told of every one",
        arguments: Backend.allCases)
    func newest(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Broadcast>()
            storage.setCommitObserver { observed.append(contentsOf: $0.broadcasts) }
            #expect(try storage.broadcasts() == [])
            let steps = [
                (broadcast("b", "1", 10), true), (broadcast("a", "\"é\"", 20), true),
                (broadcast("b", "2", 30), false), (broadcast("b", "2", 30), false),
            ]
            for (step, isNew) in steps {
                let answer = try await storage.write { try $0.announce(step) }
                #expect(answer == isNew)
            }
            #expect(try storage.broadcasts() == [steps[1].0, steps[2].0])
            #expect(observed.all == steps.map(\.0))
        }
    }

    @Test("are undone with the write that announced them", arguments: Backend.allCases)
    func undone(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Broadcast>()
            storage.setCommitObserver { observed.append(contentsOf: $0.broadcasts) }
            let lost = broadcast("a", "1", 1)
            await #expect(throws: Refusal.self) {
                try await storage.write { transaction throws in
                    try transaction.announce(lost)
                    throw Refusal()
                }
            }
            try await storage.write { transaction throws in
                try? transaction.attempt { () throws in
                    try transaction.announce(lost)
                    throw Refusal()
                }
                try transaction.put("r", in: .plugins)
            }
            #expect(try storage.broadcasts() == [])
            #expect(observed.all == [])
        }
    }

    @Test("outlast the removal of everything", arguments: Backend.allCases)
    func flushed(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let kept = broadcast("a", "1", 1)
            try await storage.write { transaction throws in
                try transaction.announce(kept)
                try transaction.removeEverything()
            }
            #expect(try storage.broadcasts() == [kept])
        }
    }

    @Test("are there after a restart")
    func durable() async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        let kept = broadcast("a", "1", 1)
        let first = try SQLiteStorage(path: directory.file("test.db"), clock: clock.function)
        try await first.write { _ = try $0.announce(kept) }
        first.close()
        #expect(throws: StorageError.closed) { try first.broadcasts() }
        let second = try SQLiteStorage(path: directory.file("test.db"), clock: clock.function)
        defer { second.close() }
        #expect(try second.broadcasts() == [kept])
    }
}
