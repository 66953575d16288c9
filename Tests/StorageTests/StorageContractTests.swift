// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

/// What every storage does, in files by subject: each suite runs on memory and on SQLite.
@Suite("A storage")
struct StorageContractTests {
    @Test("stores an object with its id and timestamp first", arguments: Backend.allCases)
    func objects(backend: Backend) async throws {
        try await withStorage(backend) { storage, clock throws in
            let members = JSONObject([
                ("b", "grüße \"1\""), ("id", "forged"), ("last_modified", 5), ("a", [1, .null]),
            ])
            let stored = try await storage.write {
                try $0.put("one", members: members, timestamp: nil, in: .plugins)
            }
            #expect(
                stored.text
                    == #"{"id":"one","last_modified":1000000,"b":"grüße \"1\"","a":[1,null]}"#)
            let read = try #require(
                try await storage.read { try $0.object("one", in: .plugins) })
            #expect(read.json == stored.json)
            #expect(read.id == "one")
            #expect(read.timestamp == clock.now)
            #expect(!read.isTombstone)
            #expect(try await storage.read { try $0.object("one", in: .addons) } == nil)
            #expect(try await storage.read { try $0.object("two", in: .plugins) } == nil)
        }
    }

    @Test("replaces an object of the same id", arguments: Backend.allCases)
    func replaces(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("one", in: .plugins)
                try transaction.put("one", members: JSONObject(), timestamp: nil, in: .plugins)
                #expect(try transaction.count(ObjectQuery(.plugins)) == 1)
                let read = try transaction.object("one", in: .plugins)
                #expect(read?.text == #"{"id":"one","last_modified":1000001}"#)
            }
        }
    }

    @Test(
        "turns a deleted object into a tombstone, and a new one replaces that",
        arguments: Backend.allCases)
    func tombstones(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("one", in: .plugins)
                let tombstone = try transaction.delete("one", timestamp: nil, in: .plugins)
                #expect(
                    tombstone?.text == #"{"id":"one","last_modified":1000001,"deleted":true}"#)
                #expect(tombstone?.isTombstone == true)
                #expect(try transaction.object("one", in: .plugins) == nil)
                #expect(try transaction.ids(ObjectQuery(.plugins)) == [])
                var all = ObjectQuery(.plugins)
                all.includesTombstones = true
                var seen: [String] = []
                try transaction.visit(all) { object in
                    #expect(object.isTombstone)
                    seen.append(object.text)
                    return true
                }
                #expect(seen == [tombstone?.text])
                #expect(try transaction.delete("one", timestamp: nil, in: .plugins) == nil)
                #expect(try transaction.delete("none", timestamp: nil, in: .plugins) == nil)
                #expect(try transaction.delete("none", timestamp: nil, in: .addons) == nil)
                #expect(try transaction.timestamp(of: .plugins) == 1_000_001)
                #expect(try transaction.timestamp(of: .addons) == nil)
                try transaction.put("one", in: .plugins)
                #expect(try transaction.ids(all) == ["one"])
                #expect(try transaction.object("one", in: .plugins)?.isTombstone == false)
            }
        }
    }

    // MARK: Timestamps

    @Test(
        "gives a write without timestamp the time, but always a higher one than before",
        arguments: Backend.allCases)
    func assignsTimestamps(backend: Backend) async throws {
        try await withStorage(backend) { storage, clock throws in
            func put(_ id: String) async throws -> Timestamp {
                try await storage.write { try $0.put(id, in: .plugins).timestamp }
            }
            #expect(try await put("a") == 1_000_000)
            #expect(try await put("b") == 1_000_001)
            #expect(try await put("a") == 1_000_002)
            clock.set(1_000_003)
            #expect(try await put("c") == 1_000_003)
            clock.set(500)
            #expect(try await put("c") == 1_000_004)
            clock.set(2_000_000)
            #expect(try await put("c") == 2_000_000)
            #expect(try await storage.write { try $0.put("d", in: .addons).timestamp } == 2_000_000)
        }
    }

    @Test("keeps to Kinto's rule for given timestamps", arguments: Backend.allCases)
    func givenTimestamps(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                func put(_ given: Timestamp) throws -> [Timestamp?] {
                    let object = try transaction.put("a", given, in: .plugins)
                    return [object.timestamp, try transaction.timestamp(of: .plugins)]
                }
                // The first is taken as it is, then lower ones leave the list alone.
                #expect(try put(-1) == [-1, -1])
                #expect(try put(-2) == [-2, -1])
                #expect(try put(-1) == [0, 0])
                #expect(try put(5_000) == [5_000, 5_000])
                #expect(try put(4_999) == [4_999, 5_000])
                #expect(try put(5_000) == [5_001, 5_001])
                #expect(try put(5_002) == [5_002, 5_002])
                #expect(try put(9_000_000) == [9_000_000, 9_000_000])
                #expect(try transaction.put("b", in: .plugins).timestamp == 9_000_001)
                let past = try transaction.delete("a", timestamp: 3, in: .plugins)
                #expect(past?.timestamp == 3)
                #expect(try transaction.timestamp(of: .plugins) == 9_000_001)
                let same = try transaction.delete("b", timestamp: 9_000_001, in: .plugins)
                #expect(same?.timestamp == 9_000_002)
                #expect(try transaction.timestamp(of: .plugins) == 9_000_002)
            }
        }
    }

    @Test("keeps the timestamps of lists apart", arguments: Backend.allCases)
    func separateLists(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await storage.write { transaction throws in
                try transaction.put("main", 10, in: .buckets)
                try transaction.put("g", 20, in: .groups(of: "main"))
                try transaction.put("plugins", 30, in: .collections(of: "main"))
            }
            try await storage.read { reader throws in
                #expect(try reader.timestamp(of: .buckets) == 10)
                #expect(try reader.timestamp(of: .groups(of: "main")) == 20)
                #expect(try reader.timestamp(of: .collections(of: "main")) == 30)
                #expect(try reader.timestamp(of: .collections(of: "other")) == nil)
            }
            #expect(try storage.changeLog() == [])
        }
    }

    @Test(
        "makes a missing timestamp once, and notes it if it is of records",
        arguments: Backend.allCases)
    func ensuresTimestamps(backend: Backend) async throws {
        try await withStorage(backend) { storage, clock throws in
            #expect(try await storage.read { try $0.timestamp(of: .plugins) } == nil)
            let first = try await storage.write { try $0.ensureTimestamp(of: .plugins) }
            clock.set(3_000_000)
            let second = try await storage.write { try $0.ensureTimestamp(of: .plugins) }
            #expect(first == 1_000_000)
            #expect(second == first)
            #expect(try await storage.read { try $0.timestamp(of: .plugins) } == first)
            #expect(try await storage.write { try $0.ensureTimestamp(of: .buckets) } == 3_000_000)
            #expect(
                try storage.changeLog() == [
                    Change(
                        path: .plugins, timestamp: first, revision: Revision(1),
                        isTombstone: false)
                ])
        }
    }
}
