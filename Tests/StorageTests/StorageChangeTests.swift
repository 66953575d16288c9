// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

@Suite("A storage's change log")
struct StorageChangeTests {
    private func change(
        _ path: CollectionPath, _ timestamp: Timestamp, _ revision: UInt64,
        isTombstone: Bool = false
    ) -> Change {
        Change(
            path: path, timestamp: timestamp, revision: Revision(revision),
            isTombstone: isTombstone)
    }

    @Test(
        "has the newest change of each collection, and its observer every one",
        arguments: Backend.allCases)
    func observed(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Change>()
            storage.setCommitObserver { observed.append(contentsOf: $0.changes) }
            #expect(try storage.changeLog() == [])
            try await storage.write { _ = try $0.put("a", in: .plugins) }
            #expect(observed.all == [change(.plugins, 1_000_000, 1)])
            // Several writes of one job are one change per collection.
            try await storage.write { transaction throws in
                try transaction.put("b", in: .addons)
                try transaction.put("c", in: .plugins)
                try transaction.put("b", in: .addons)
                try transaction.delete("c", timestamp: nil, in: .plugins)
            }
            let second = [change(.addons, 1_000_001, 2), change(.plugins, 1_000_002, 3)]
            #expect(Array(observed.all.dropFirst()) == second)
            #expect(try storage.changeLog() == second)
            // What moves no records timestamp is no change.
            try await storage.write { transaction throws in
                try transaction.put("old", 7, in: .plugins)
                try transaction.put("main", in: .buckets)
                _ = try transaction.ensureTimestamp(of: .plugins)
                try transaction.delete("none", timestamp: nil, in: .plugins)
                try transaction.put("r", in: ResourceList(parent: "/other", resource: "record"))
                try transaction.setPermissions(["read": ["me"]], of: "/buckets/main")
            }
            #expect(observed.all.count == 3)
            #expect(try storage.changeLog() == second)
        }
    }

    @Test(
        "tells its observer of every collection whose own object was written, however that was",
        arguments: Backend.allCases)
    func touched(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Set<CollectionPath>>()
            storage.setCommitObserver { observed.append($0.touched) }
            let list = ResourceList.collections(of: "b")
            let path = CollectionPath(bucket: "b", collection: "c")
            try await storage.write { _ = try $0.put("c", in: list) }
            try await storage.write { _ = try $0.put("c", 5, in: list) }
            try await storage.write { _ = try $0.delete("c", timestamp: nil, in: list) }
            let object = StoredObject(id: "c", timestamp: 3, members: [:])
            try await storage.write { try $0.restore(object, in: list) }
            try await storage.write { try $0.remove(["c"], from: list) }
            #expect(observed.all == Array(repeating: [path], count: 5))
            // Records that are put back, whatever the timestamp of their list.
            try await storage.write { try $0.restore(object, in: .records(of: path)) }
            #expect(observed.all.last == [path])
            try await storage.write { _ = try $0.put("g", in: .groups(of: "b")) }
            try await storage.write { _ = try $0.put("r", in: .records(of: path)) }
            #expect(observed.all.dropFirst(6).allSatisfy { $0.isEmpty })
        }
    }

    @Test(
        "tells which collections' timestamps hide something, and the newest change of each",
        arguments: Backend.allCases)
    func rewritten(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let observed = Recorder<Set<CollectionPath>>()
            storage.setCommitObserver { observed.append($0.rewritten) }
            #expect(try storage.rewrites() == [:])
            try await storage.write { _ = try $0.put("a", 5_000_000, in: .plugins) }
            try await storage.write { _ = try $0.put("b", 5_000_001, in: .plugins) }
            try await storage.write { _ = try $0.put("c", in: .plugins) }
            try await storage.write { _ = try $0.put("a", 5, in: .plugins) }
            try await storage.write { _ = try $0.delete("b", timestamp: 6, in: .plugins) }
            try await storage.write { try $0.remove(["b"], from: .plugins) }
            try await storage.write { try $0.removeTree(at: CollectionPath.plugins.uri) }
            try await storage.write { _ = try $0.put("a", 7, in: .plugins) }
            try await storage.write { _ = try $0.put("a", in: .plugins) }
            let own: Set<CollectionPath> = [.plugins]
            #expect(observed.all == [[], [], [], own, own, own, own, own, []])
            // The last of them made the collection anew, with its fifth change.
            #expect(try storage.rewrites() == [.plugins: Revision(4)])
            try await storage.write { _ = try $0.put("old", 7, in: .plugins) }
            let last = try storage.changeLog().last?.revision
            #expect(try storage.rewrites() == [.plugins: try #require(last)])
            try await storage.read { reader throws in
                let newest = try storage.changeLog().last
                #expect(try reader.change(of: .plugins) == newest)
                #expect(try reader.change(of: .addons) == nil)
            }
        }
    }

    @Test("is told of before the write that made it is answered", arguments: Backend.allCases)
    func order(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let events = Recorder<String>()
            storage.setCommitObserver { commit in
                for change in commit.changes { events.append("change \(change.revision)") }
            }
            for number in 1...20 {
                storage.write({ _ = try $0.put("r", in: .plugins) }) { _ in
                    events.append("answer \(number)")
                }
            }
            try await storage.write { _ in }
            let all = events.all
            #expect(all.count == 40)
            #expect(all.filter { $0.hasPrefix("change") } == (1...20).map { "change \($0)" })
            #expect(all.filter { $0.hasPrefix("answer") } == (1...20).map { "answer \($0)" })
            for number in 1...20 {
                let change = try #require(all.firstIndex(of: "change \(number)"))
                let answer = try #require(all.firstIndex(of: "answer \(number)"))
                #expect(change < answer)
            }
        }
    }

    @Test(
        "notes a removed collection with a higher timestamp, and goes on above it",
        arguments: Backend.allCases)
    func removal(backend: Backend) async throws {
        try await withStorage(backend) { storage, clock throws in
            try await storage.write { transaction throws in
                try transaction.put("a", 5_000_000, in: .plugins)
                try transaction.put("b", in: .addons)
            }
            try await storage.write { try $0.removeTree(at: CollectionPath.plugins.uri) }
            #expect(
                try storage.changeLog() == [
                    change(.addons, 1_000_000, 2),
                    change(.plugins, 5_000_001, 3, isTombstone: true),
                ])
            #expect(try await storage.read { try $0.timestamp(of: .plugins) } == nil)
            // Removing what is gone changes nothing.
            try await storage.write { try $0.removeTree(at: CollectionPath.plugins.uri) }
            #expect(try storage.changeLog().last?.revision == Revision(3))
            let first = try await storage.write { try $0.put("a", in: .plugins).timestamp }
            #expect(first == 5_000_002)
            clock.set(6_000_000)
            try await storage.write { try $0.removeTree(at: CollectionPath.plugins.uri) }
            #expect(
                try storage.changeLog().last == change(.plugins, 6_000_000, 5, isTombstone: true))
            #expect(try await storage.write { try $0.ensureTimestamp(of: .plugins) } == 6_000_001)
            #expect(try storage.changeLog().last == change(.plugins, 6_000_001, 6))
        }
    }

    @Test(
        "lets a collection return above its removal, whatever timestamp is given",
        arguments: Backend.allCases,
        [
            (6_000_000, 6_000_002), (6_000_001, 6_000_002),
            (6_000_002, 6_000_002), (6_000_003, 6_000_003),
        ] as [(Int64, Int64)])
    func returning(backend: Backend, example: (given: Int64, list: Int64)) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("a", 6_000_000, in: .plugins)
                try transaction.removeTree(at: "/buckets/main")
            }
            let given = Timestamp(milliseconds: example.given)
            let object = try await storage.write { try $0.put("a", given, in: .plugins) }
            let list = try await storage.read { try $0.timestamp(of: .plugins) }
            #expect(list?.milliseconds == example.list)
            #expect(object.timestamp == (given == 6_000_001 ? 6_000_002 : given))
            #expect(
                try storage.changeLog() == [
                    change(.plugins, Timestamp(milliseconds: example.list), 2)
                ])
        }
    }

    @Test(
        "has one change for a collection that was removed and made again in one write",
        arguments: Backend.allCases)
    func removedAndMade(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { _ = try $0.put("a", in: .plugins) }
            try await storage.write { transaction throws in
                try transaction.removeTree(at: "/buckets/main")
                try transaction.put("b", in: .plugins)
            }
            #expect(try storage.changeLog() == [change(.plugins, 1_000_002, 2)])
            #expect(try await storage.read { try $0.ids(ObjectQuery(.plugins)) } == ["b"])
        }
    }

    @Test(
        "keeps its tombstones and revisions when everything is removed",
        arguments: Backend.allCases)
    func everything(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("a", in: .plugins)
                try transaction.put("b", in: .addons)
                try transaction.put("main", in: .buckets)
                try transaction.setPermissions(["read": ["me"]], of: "/buckets/main")
                try transaction.setMembers(of: "/buckets/main/groups/g", to: ["me"])
            }
            try await storage.write { try $0.removeEverything() }
            let log = try storage.changeLog()
            #expect(log.map(\.isTombstone) == [true, true])
            #expect(log.map(\.timestamp) == [1_000_001, 1_000_001])
            #expect(log.map(\.revision) == [Revision(3), Revision(4)])
            #expect(Set(log.map(\.path)) == [.plugins, .addons])
            try await storage.read { reader throws in
                #expect(try reader.timestamp(of: .buckets) == nil)
                #expect(try reader.count(ObjectQuery(.buckets)) == 0)
                #expect(try reader.permissions(of: "/buckets/main").isEmpty)
                #expect(try reader.groups(containing: ["me"]).isEmpty)
            }
        }
    }
}
