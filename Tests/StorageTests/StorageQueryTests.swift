// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

@Suite("A storage's lists")
struct StorageQueryTests {
    /// Five objects, two of them of one timestamp, and a tombstone: by time a, b, d, c, t, e.
    private func fill(_ storage: any Storage) async throws {
        try await storage.write { transaction throws in
            try transaction.put("e", 50, in: .plugins)
            try transaction.put("a", 10, in: .plugins)
            try transaction.put("d", 20, in: .plugins)
            try transaction.put("b", 20, in: .plugins)
            try transaction.put("c", 30, in: .plugins)
            try transaction.put("t", 5, in: .plugins)
            try transaction.delete("t", timestamp: 40, in: .plugins)
            try transaction.put("x", 20, in: .addons)
        }
    }

    /// A query and the ids it must give.
    struct Example: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var ids: [String]
        var query: ObjectQuery

        init(_ name: String, _ ids: [String], _ change: (inout ObjectQuery) -> Void) {
            testDescription = name
            self.ids = ids
            query = ObjectQuery(.plugins)
            change(&query)
        }
    }

    static let examples = [
        Example("all, newest first", ["e", "c", "d", "b", "a"]) { _ in },
        Example("oldest first", ["a", "b", "d", "c", "e"]) { $0.order = .oldestFirst },
        Example("by id", ["a", "b", "c", "d", "e"]) { $0.order = .byID },
        Example("with tombstones", ["e", "t", "c", "d", "b", "a"]) {
            $0.includesTombstones = true
        },
        Example("by id with tombstones", ["a", "b", "c", "d", "e", "t"]) {
            $0.includesTombstones = true
            $0.order = .byID
        },
        Example("after one below", ["e", "c", "d", "b"]) { $0.after = 19 },
        Example("after the same", ["e", "c"]) { $0.after = 20 },
        Example("after one above", ["e", "c"]) { $0.after = 21 },
        Example("after the last", []) { $0.after = 50 },
        Example("before one below", ["a"]) { $0.before = 19 },
        Example("before the same", ["a"]) { $0.before = 20 },
        Example("before one above", ["d", "b", "a"]) { $0.before = 21 },
        Example("before the first", []) { $0.before = 10 },
        Example("between", ["b", "d", "c"]) {
            $0.after = 10
            $0.before = 50
            $0.order = .oldestFirst
        },
        Example("between, nothing left", []) {
            $0.after = 30
            $0.before = 20
        },
        Example("between, by id", ["b", "c", "d"]) {
            $0.after = 10
            $0.before = 50
            $0.order = .byID
        },
        Example("limit none", []) { $0.limit = 0 },
        Example("limit one", ["e"]) { $0.limit = 1 },
        Example("limit through equal timestamps", ["e", "c", "d"]) { $0.limit = 3 },
        Example("limit as many", ["e", "c", "d", "b", "a"]) { $0.limit = 5 },
        Example("limit more", ["e", "c", "d", "b", "a"]) { $0.limit = 6 },
        Example("limit counts after the conditions", ["c"]) {
            $0.before = 50
            $0.limit = 1
        },
        Example("ids", ["e", "d", "b"]) { $0.ids = ["b", "e", "d", "b", "t", "no", "x"] },
        Example("ids, oldest first", ["b", "d", "e"]) {
            $0.ids = ["e", "d", "b"]
            $0.order = .oldestFirst
        },
        Example("ids by id, limited", ["b", "d"]) {
            $0.ids = ["e", "d", "b"]
            $0.order = .byID
            $0.limit = 2
        },
        Example("ids with tombstones in a range", ["t", "c"]) {
            $0.ids = ["e", "t", "c", "a"]
            $0.includesTombstones = true
            $0.after = 20
            $0.before = 50
        },
        Example("no ids", []) { $0.ids = [] },
        Example("an id that wants escaping", []) { $0.ids = ["a\"b", "'", "\\"] },
        Example("another list", ["x"]) { $0.list = .addons },
        Example("an unknown list", []) { $0.list = .buckets },
    ]

    @Test(
        "are visited in order, within ranges, up to a limit",
        arguments: Backend.allCases, examples)
    func lists(backend: Backend, example: Example) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await fill(storage)
            let query = example.query
            #expect(try await storage.read { try $0.ids(query) } == example.ids)
            #expect(try await storage.write { try $0.ids(query) } == example.ids)
            var all = query
            all.limit = nil
            let total = try await storage.read { [all] in try $0.ids(all).count }
            #expect(try await storage.read { try $0.count(query) } == total)
        }
    }

    @Test(
        "end when the visitor has enough, and pass on what it throws",
        arguments: Backend.allCases)
    func stops(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await fill(storage)
            for isWrite in [false, true] {
                let body: @Sendable (any StorageReader) throws -> Void = { reader throws in
                    var seen: [String] = []
                    try reader.visit(ObjectQuery(.plugins)) { object in
                        seen.append(object.id)
                        return seen.count < 2
                    }
                    #expect(seen == ["e", "c"])
                    #expect(throws: Refusal.self) {
                        try reader.visit(ObjectQuery(.plugins)) { _ in throw Refusal() }
                    }
                    // One list within another, twice the same question.
                    var pairs = 0
                    try reader.visit(ObjectQuery(.plugins)) { _ in
                        pairs += try reader.ids(ObjectQuery(.plugins)).count
                        return true
                    }
                    #expect(pairs == 25)
                }
                if isWrite {
                    try await storage.write { try body($0) }
                } else {
                    try await storage.read(body)
                }
            }
        }
    }

    @Test("may be changed while they are visited", arguments: Backend.allCases)
    func changesWhileVisiting(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await fill(storage)
            try await storage.write { transaction throws in
                var oldest = ObjectQuery(.plugins)
                oldest.order = .oldestFirst
                var visited = 0
                try transaction.visit(oldest) { object in
                    visited += 1
                    try transaction.put(object.id, in: .plugins)
                    return true
                }
                #expect(visited == 5)
                try transaction.visit(oldest) { object in
                    try transaction.delete(object.id, timestamp: nil, in: .plugins) != nil
                }
                #expect(try transaction.count(oldest) == 0)
            }
        }
    }

    @Test("hold many objects", arguments: Backend.allCases)
    func many(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            let count = 3_000
            try await storage.write { transaction throws in
                for number in 0..<count {
                    try transaction.put("r\((number * 7_919) % count)", in: .plugins)
                }
            }
            try await storage.read { reader throws in
                #expect(try reader.count(ObjectQuery(.plugins)) == count)
                var query = ObjectQuery(.plugins)
                query.after = Timestamp(milliseconds: 1_000_000 + 999)
                query.order = .oldestFirst
                query.limit = 2
                #expect(
                    try reader.ids(query) == ["r\(7_919_000 % count)", "r\(7_926_919 % count)"])
                query.order = .newestFirst
                #expect(try reader.ids(query).first == "r\((count - 1) * 7_919 % count)")
            }
        }
    }

    @Test("of one resource give the ids of what lives in them", arguments: Backend.allCases)
    func idsOfAll(backend: Backend) async throws {
        try await withStorage(backend) { storage, _ throws in
            try await fill(storage)
            try await storage.write { transaction throws in
                _ = try transaction.put("g", 10, in: .groups(of: "main"))
            }
            try await storage.read { reader throws in
                let ids = try reader.ids(ofAll: "record").mapValues { $0.sorted() }
                #expect(
                    ids == [
                        ResourceList.plugins.parent: ["a", "b", "c", "d", "e"],
                        ResourceList.addons.parent: ["x"],
                    ])
                #expect(try reader.ids(ofAll: "group") == ["/buckets/main": ["g"]])
                #expect(try reader.ids(ofAll: "nothing").isEmpty)
            }
        }
    }
}
