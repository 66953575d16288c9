// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Storage

@Suite("A storage's transactions")
struct StorageTransactionTests {
    @Test("undo all of a write that fails, and nothing of the others", arguments: Backend.allCases)
    func failingWrite(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Change>()
            storage.setCommitObserver { observed.append(contentsOf: $0.changes) }
            let gate = Gate()
            storage.write({ _ in gate.wait() }) { _ in }
            // These three wait behind the gate and are committed together.
            let results = Recorder<String>()
            for id in ["a", "bad", "c"] {
                storage.write({ transaction throws in
                    try transaction.put(id, in: .plugins)
                    try transaction.setPermissions(["read": ["me"]], of: "/\(id)")
                    if id == "bad" {
                        try transaction.put("x", in: .addons)
                        throw Refusal()
                    }
                }) { result in
                    switch result {
                    case .success: results.append("\(id) done")
                    case .failure(let error): results.append("\(id) \(error)")
                    }
                }
            }
            gate.open()
            try await storage.write { _ in }
            #expect(results.all == ["a done", "bad Refusal()", "c done"])
            try await storage.read { reader throws in
                #expect(try reader.ids(ObjectQuery(.plugins)) == ["c", "a"])
                #expect(try reader.timestamp(of: .plugins) == 1_000_001)
                #expect(try reader.timestamp(of: .addons) == nil)
                #expect(try reader.permissions(of: "/bad").isEmpty)
            }
            #expect(observed.all.map(\.revision) == [Revision(1), Revision(2)])
            #expect(observed.all.map(\.path) == [.plugins, .plugins])
            // Alone, too.
            await #expect(throws: Refusal.self) {
                try await storage.write { transaction throws in
                    try transaction.put("alone", in: .addons)
                    throw Refusal()
                }
            }
            #expect(try await storage.read { try $0.timestamp(of: .addons) } == nil)
            #expect(observed.all.count == 2)
        }
    }

    @Test("undo a part that fails", arguments: Backend.allCases)
    func attempts(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("a", in: .plugins)
                #expect(throws: Refusal.self) {
                    try transaction.attempt {
                        try transaction.put("a", in: .plugins)
                        try transaction.put("b", in: .addons)
                        try transaction.setMembers(of: "/g", to: ["me"])
                        try transaction.removeTree(at: "/buckets/main")
                        throw Refusal()
                    }
                }
                #expect(try transaction.object("a", in: .plugins)?.timestamp == 1_000_000)
                #expect(try transaction.timestamp(of: .addons) == nil)
                #expect(try transaction.groups(containing: ["me"]) == [])
                let kept = try transaction.attempt {
                    try transaction.put("c", in: .plugins)
                    // A part of a part.
                    #expect(throws: Refusal.self) {
                        try transaction.attempt {
                            try transaction.put("d", in: .plugins)
                            throw Refusal()
                        }
                    }
                    return "kept"
                }
                #expect(kept == "kept")
                #expect(try transaction.ids(ObjectQuery(.plugins)) == ["c", "a"])
            }
            let log = try storage.changeLog()
            #expect(log.map(\.path) == [.plugins])
            #expect(log.map(\.timestamp) == [1_000_001])
            #expect(log.map(\.revision) == [Revision(1)])
        }
    }

    @Test(
        "show readers what is committed and no more, all of one moment",
        arguments: Backend.allCases)
    func isolation(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { _ = try $0.put("a", in: .plugins) }
            let written = Gate()
            let seen = Gate()
            let writing = Task {
                try await storage.write { transaction throws in
                    try transaction.put("b", in: .plugins)
                    #expect(try transaction.count(ObjectQuery(.plugins)) == 2)
                    written.open()
                    seen.wait()
                }
            }
            // A read beside an unfinished write …
            let during = try await storage.read { reader throws in
                written.wait()
                return try reader.count(ObjectQuery(.plugins))
            }
            #expect(during == 1)
            // … and one that began before the commit and goes on after it.
            let before = try await storage.read { reader throws in
                let first = try reader.ids(ObjectQuery(.plugins))
                seen.open()
                let done = Gate()
                storage.write({ _ in }) { _ in done.open() }
                done.wait()
                return [first, try reader.ids(ObjectQuery(.plugins))]
            }
            #expect(before == [["a"], ["a"]])
            try await writing.value
            #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["b", "a"])
        }
    }

    @Test("show a write to every read that begins after its answer", arguments: Backend.allCases)
    func readsOwnWrites(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            for number in 1...50 {
                try await storage.write { _ = try $0.put("r\(number)", in: .plugins) }
                let count = try await storage.read { try $0.count(ObjectQuery(.plugins)) }
                #expect(count == number)
            }
        }
    }

    @Test(
        "of many writers at once are all kept, each with a timestamp of its own",
        arguments: Backend.allCases)
    func concurrentWriters(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Change>()
            storage.setCommitObserver { observed.append(contentsOf: $0.changes) }
            let timestamps = try await withThrowingTaskGroup(of: [Timestamp].self) { group in
                for task in 0..<64 {
                    group.addTask {
                        var own: [Timestamp] = []
                        for number in 0..<10 {
                            let object = try await storage.write {
                                try $0.put("r\(task)-\(number)", in: .plugins)
                            }
                            own.append(object.timestamp)
                        }
                        #expect(own == own.sorted())
                        return own
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(timestamps).count == 640)
            #expect(try await storage.read { try $0.count(ObjectQuery(.plugins)) } == 640)
            #expect(observed.all.map(\.revision.number) == Array(1...640))
            #expect(observed.all.map(\.timestamp) == timestamps.sorted())
        }
    }

    @Test("remove objects and tombstones without a trace", arguments: Backend.allCases)
    func remove(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                for id in ["a", "b", "c", "d"] { try transaction.put(id, in: .plugins) }
                try transaction.delete("b", timestamp: nil, in: .plugins)
                let before = try transaction.timestamp(of: .plugins)
                try transaction.remove(["a", "b", "nope"], from: .plugins)
                try transaction.remove(["a"], from: .addons)
                #expect(try transaction.timestamp(of: .plugins) == before)
                #expect(try transaction.timestamp(of: .addons) == nil)
                #expect(try transaction.object("a", in: .plugins) == nil)
                #expect(throws: Refusal.self) {
                    try transaction.attempt {
                        try transaction.remove(["c"], from: .plugins)
                        throw Refusal()
                    }
                }
            }
            try await storage.read { reader throws in
                for order in [ObjectQuery.Order.byID, .oldestFirst] {
                    var query = ObjectQuery(.plugins)
                    query.includesTombstones = true
                    query.order = order
                    #expect(try reader.ids(query) == ["c", "d"])
                }
            }
        }
    }

    @Test("have the time of their clock", arguments: Backend.allCases)
    func now(backend: Backend) async throws {
        try await withStorage(backend) { storage, clock throws in
            clock.set(77)
            #expect(try await storage.write { $0.now } == 77)
        }
    }

    @Test("that wait are finished by closing, later ones refused", arguments: Backend.allCases)
    func closing(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let gate = Gate()
            let results = Recorder<Bool>()
            storage.write({ _ in gate.wait() }) { _ in }
            for number in 0..<20 {
                storage.write({ _ = try $0.put("r\(number)", in: .plugins) }) { result in
                    results.append((try? result.get()) != nil)
                }
                storage.read({ _ in }) { result in
                    results.append((try? result.get()) != nil)
                }
            }
            gate.open()
            storage.close()
            #expect(results.all == Array(repeating: true, count: 40))
            await #expect(throws: StorageError.closed) { try await storage.write { _ in } }
            await #expect(throws: StorageError.closed) { try await storage.read { _ in } }
            #expect(throws: StorageError.closed) { try storage.changeLog() }
            storage.close()
        }
    }

    @Test("are refused when as many wait as may", arguments: Backend.allCases)
    func overload(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let entered = Gate()
            let gate = Gate()
            storage.write({ _ in
                entered.open()
                gate.wait()
            }) { _ in }
            entered.wait()
            let refused = Recorder<Int>()
            let most = Limits.storageQueueJobsMax
            for number in 1...most + 1 {
                storage.write({ _ in }) { result in
                    if case .failure(StorageError.overloaded) = result { refused.append(number) }
                }
            }
            #expect(refused.all == [most + 1])
            gate.open()
            // Room again, as soon as the first were taken.
            while true {
                do {
                    try await storage.write { _ in }
                    break
                } catch StorageError.overloaded {
                    await Task.yield()
                }
            }
            #expect(refused.all == [most + 1])
        }
    }
}
