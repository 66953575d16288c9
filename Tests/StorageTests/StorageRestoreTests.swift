// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

/// What copies of another storage need.
@Suite("A storage that is filled from another")
struct StorageRestoreTests {
    @Test("keeps an object as it is given, and the list's timestamp", arguments: Backend.allCases)
    func objects(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.restoreTimestamp(700, of: .plugins)
                for timestamp: Timestamp in [900, 700, -3] {
                    let object = StoredObject(
                        id: "a", timestamp: timestamp, members: JSONObject([("n", 1)]))
                    try transaction.restore(object, in: .plugins)
                    #expect(try transaction.object("a", in: .plugins)?.text == object.text)
                    #expect(try transaction.timestamp(of: .plugins) == 700)
                }
                #expect(try transaction.count(ObjectQuery(.plugins)) == 1)
            }
        }
    }

    @Test("keeps the tombstone of an id that never lived", arguments: Backend.allCases)
    func tombstones(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.restore(StoredObject(tombstone: "x", timestamp: 40), in: .plugins)
                #expect(try transaction.timestamp(of: .plugins) == 40)
                #expect(try transaction.object("x", in: .plugins) == nil)
                var all = ObjectQuery(.plugins)
                all.includesTombstones = true
                all.after = 39
                #expect(try transaction.ids(all) == ["x"])
                all.after = 40
                #expect(try transaction.ids(all) == [])
                // A live object and its tombstone take each other's place.
                let live = StoredObject(id: "x", timestamp: 41, members: JSONObject())
                try transaction.restore(live, in: .plugins)
                #expect(try transaction.ids(all) == ["x"])
                try transaction.restore(StoredObject(tombstone: "x", timestamp: 42), in: .plugins)
                #expect(try transaction.count(ObjectQuery(.plugins)) == 0)
            }
        }
    }

    @Test(
        "takes a list's timestamp in any direction, and notes it once in the change log",
        arguments: Backend.allCases)
    func timestamps(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("a", in: .plugins)
                try transaction.restoreTimestamp(2_000_000, of: .plugins)
                try transaction.restoreTimestamp(500, of: .plugins)
                try transaction.restoreTimestamp(60, of: .collections(of: "main"))
            }
            try await storage.write { transaction throws in
                try transaction.restoreTimestamp(500, of: .plugins)
                #expect(try transaction.timestamp(of: .plugins) == 500)
                #expect(try transaction.timestamp(of: .collections(of: "main")) == 60)
            }
            let change = Change(
                path: .plugins, timestamp: 500, revision: Revision(1), isTombstone: false)
            #expect(try storage.changeLog() == [change])
        }
    }

    @Test(
        "takes the timestamp of a list below that with which it was removed",
        arguments: Backend.allCases)
    func afterRemoval(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("a", in: .plugins)
                try transaction.removeTree(at: CollectionPath.plugins.uri)
            }
            try await storage.write { transaction throws in
                let object = StoredObject(id: "b", timestamp: 5, members: JSONObject())
                try transaction.restore(object, in: .plugins)
                try transaction.restoreTimestamp(6, of: .plugins)
                #expect(try transaction.timestamp(of: .plugins) == 6)
            }
            let last = try #require(try storage.changeLog().last)
            #expect(last.timestamp == 6)
            #expect(!last.isTombstone)
        }
    }
}
