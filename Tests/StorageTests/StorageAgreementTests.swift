// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing

/// The memory storage undoes by dropping a copy, SQLite by savepoints and a log of rows. Whatever
/// is done to both, also in groups, with parts and writes that fail, they must end alike.
@Suite("Memory and SQLite")
struct StorageAgreementTests {
    /// One thing that is done within a write.
    indirect enum Step: Sendable {
        case put(String, ResourceList, Timestamp?)
        case delete(String, ResourceList, Timestamp?)
        case remove(String, ResourceList)
        case ensure(ResourceList)
        case removeTree(String)
        case removeEverything
        case permissions(String, [String: Set<String>])
        case members(String, Set<String>)
        case attempt([Step], fails: Bool)
    }

    /// A write: its steps, and whether it fails in the end.
    struct Write: Sendable {
        var steps: [Step]
        var fails: Bool
    }

    /// Writes made up from a seed.
    struct Author {
        var state: UInt64
        static let collections = ["a", "b"].flatMap { bucket in
            ["x", "y"].map { CollectionPath(bucket: bucket, collection: $0) }
        }

        mutating func number(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }

        mutating func list() -> ResourceList {
            switch number(below: 6) {
            case 0: .buckets
            case 1: .collections(of: "a")
            case let other: .records(of: Self.collections[other - 2])
            }
        }

        mutating func given() -> Timestamp? {
            guard number(below: 3) == 0 else { return nil }
            return Timestamp(milliseconds: 999_990 + Int64(number(below: 60)))
        }

        mutating func step(depth: Int) -> Step {
            let id = "r\(number(below: 5))"
            switch number(below: depth == 0 ? 13 : 16) {
            case 0...5: return .put(id, list(), given())
            case 6: return .delete(id, list(), given())
            case 7:
                if number(below: 3) == 0 { return .remove(id, list()) }
                return .delete(id, list(), given())
            case 8: return .ensure(list())
            case 9: return .removeTree(Self.collections[number(below: 4)].uri)
            case 10: return number(below: 3) == 0 ? .removeTree("/buckets/a") : .ensure(list())
            case 11: return .permissions("/buckets/\(id)", ["read": ["p\(number(below: 3))"]])
            case 12:
                if number(below: 8) == 0 { return .removeEverything }
                return .members("/buckets/a/groups/\(id)", ["p\(number(below: 3))"])
            default:
                let steps = (0...number(below: 4)).map { _ in step(depth: depth - 1) }
                return .attempt(steps, fails: number(below: 2) == 0)
            }
        }

        mutating func write() -> Write {
            let steps = (0...number(below: 5)).map { _ in step(depth: 2) }
            return Write(steps: steps, fails: number(below: 4) == 0)
        }
    }

    private static func run(_ steps: [Step], in transaction: any StorageTransaction) throws {
        for step in steps {
            // What is asked for between writes must not be remembered beyond them.
            _ = try describeRemembered(transaction)
            switch step {
            case .put(let id, let list, let given): try transaction.put(id, given, in: list)
            case .delete(let id, let list, let given):
                try transaction.delete(id, timestamp: given, in: list)
            case .remove(let id, let list): try transaction.remove([id], from: list)
            case .ensure(let list): _ = try transaction.ensureTimestamp(of: list)
            case .removeTree(let uri): try transaction.removeTree(at: uri)
            case .removeEverything: try transaction.removeEverything()
            case .permissions(let uri, let all): try transaction.setPermissions(all, of: uri)
            case .members(let group, let all): try transaction.setMembers(of: group, to: all)
            case .attempt(let steps, let fails):
                do {
                    try transaction.attempt {
                        try run(steps, in: transaction)
                        if fails { throw Refusal() }
                    }
                } catch is Refusal {}
            }
        }
    }

    /// Everything that can be asked of a storage, as text.
    private static func describe(_ reader: any StorageReader) throws -> String {
        var lines: [String] = []
        let records = Author.collections.map { ResourceList.records(of: $0) }
        let lists = [ResourceList.buckets, .collections(of: "a")] + records
        for list in lists {
            lines.append("\(list): \(String(describing: try reader.timestamp(of: list)))")
            var query = ObjectQuery(list)
            query.includesTombstones = true
            try reader.visit(query) { object in
                lines.append(object.text)
                return true
            }
        }
        return try (lines + describeRemembered(reader)).joined(separator: "\n")
    }

    /// What a writer may remember from one write to the next, as text.
    private static func describeRemembered(_ reader: any StorageReader) throws -> [String] {
        var lines: [String] = []
        for number in 0..<5 {
            for list in [ResourceList.buckets, .collections(of: "a")] {
                let object = try reader.object("r\(number)", in: list)
                lines.append(object?.text ?? "none")
            }
            let permissions = try reader.permissions(of: "/buckets/r\(number)")
            lines.append("\(permissions.mapValues { $0.sorted() })")
        }
        for number in 0..<3 {
            lines.append("\(try reader.groups(containing: ["p\(number)"]).sorted())")
        }
        return lines
    }

    /// Runs all writes in groups and returns what is there after each group.
    private func outcomes(_ backend: Backend, _ groups: [[Write]]) async throws -> [String] {
        var outcomes: [String] = []
        try await withStorage(backend) { storage, clock throws in
            let observed = Recorder<Change>()
            storage.setCommitObserver { observed.append(contentsOf: $0.changes) }
            for (number, writes) in groups.enumerated() {
                clock.set(1_000_000 + Int64(number))
                let entered = Gate()
                let gate = Gate()
                storage.write({ _ in
                    entered.open()
                    gate.wait()
                }) { _ in }
                entered.wait()
                for write in writes {
                    storage.write({ transaction in
                        try Self.run(write.steps, in: transaction)
                        if write.fails { throw Refusal() }
                    }) { _ in }
                }
                gate.open()
                let within = try await storage.write { try Self.describe($0) }
                let after = try await storage.read { try Self.describe($0) }
                #expect(within == after)
                outcomes.append(after)
                // The log is the newest change of each collection; lists and log agree (I3).
                let log = try storage.changeLog()
                var newest: [CollectionPath: Change] = [:]
                for change in observed.all { newest[change.path] = change }
                #expect(log == newest.values.sorted { $0.revision < $1.revision })
                #expect(
                    observed.all.map(\.revision.number)
                        == (0..<observed.all.count).map { UInt64($0) + 1 })
                for change in log {
                    let list = try await storage.read {
                        try $0.timestamp(of: .records(of: change.path))
                    }
                    #expect(list == (change.isTombstone ? nil : change.timestamp))
                }
                outcomes.append("\(log)")
            }
        }
        return outcomes
    }

    @Test("end alike whatever is done to them", arguments: 1...12)
    func agreement(seed: UInt64) async throws {
        var author = Author(state: seed)
        let groups = (0..<25).map { _ in (0...author.number(below: 5)).map { _ in author.write() } }
        let memory = try await outcomes(.memory, groups)
        let database = try await outcomes(.sqlite, groups)
        for (one, other) in zip(memory, database) { #expect(one == other) }
        #expect(memory.count == database.count)
    }
}
