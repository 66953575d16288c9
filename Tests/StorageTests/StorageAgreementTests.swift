// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Storage

/// Two storages that have nothing in common but the contract are given the same random writes; each
/// difference is a mistake in one of them, or in the contract.
@Suite("Memory and SQLite")
struct StorageAgreementTests {
    @Test("answer every question alike after the same random writes", arguments: 1...6)
    func randomWrites(seed: Int) async throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        let memory = MemoryStorage(epoch: Epoch(randomBits: 7), clock: clock.function)
        let sqlite = try SQLiteStorage(path: directory.file("test.db"), clock: clock.function)
        let storages: [any Storage] = [memory, sqlite]
        let observed = [Recorder<Change>(), Recorder<Change>()]
        for (storage, recorder) in zip(storages, observed) {
            storage.setCommitObserver { recorder.append(contentsOf: $0) }
        }
        var random = Chance(state: UInt64(seed))
        for step in 0..<120 {
            clock.set(1_000 + Int64(step) * Int64(random.below(3)))
            let writes = (0...random.below(6)).map { _ in RandomWrite(&random) }
            let question = RandomQuestion(&random)
            var told: [String] = []
            var answers: [String] = []
            for storage in storages {
                // The whole write fails when its last part says so.
                let outcome = try? await storage.write { transaction in
                    try writes.map { try $0.run(transaction) }
                }
                told.append("\(outcome ?? [])")
                answers.append(try await storage.read { try question.ask($0) })
                answers[answers.count - 1] += "\(try storage.changeLog())"
            }
            let isSame = told[0] == told[1] && answers[0] == answers[1]
            guard isSame, observed[0].all == observed[1].all else {
                Issue.record(
                    "step \(step), \(writes), \(question): \(told), \(answers)")
                break
            }
        }
        #expect(observed[0].all.contains { $0.isTombstone })
        let revisions = observed[0].all.map(\.revision.number)
        #expect(revisions == revisions.indices.map { UInt64($0) + 1 })
        for storage in storages { storage.close() }
    }
}

/// A small generator (SplitMix64), so that a seed reproduces a failure.
private struct Chance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// 0 up to but not including `bound`.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

private let principals = ["account:a", "account:b", "group:\"x\"", "système.Everyone"]
private let uris = [
    "/buckets/a", "/buckets/a/collections/c", "/buckets/a/collections/c/records/r0",
    "/buckets/a/collections/cc", "/buckets/ab", "/buckets/ab/collections/c", "/buckets/a/groups/g",
]
private let lists = [
    ResourceList.buckets, .collections(of: "a"), .groups(of: "a"),
    .records(of: CollectionPath(bucket: "a", collection: "c")),
    .records(of: CollectionPath(bucket: "a", collection: "cc")),
    .records(of: CollectionPath(bucket: "ab", collection: "c")),
]

/// Some of the principals, perhaps none.
private func some(_ random: inout Chance) -> Set<String> {
    Set((0..<random.below(4)).map { _ in random.pick(principals) })
}

/// A timestamp of a writer's own, or none.
private func given(_ random: inout Chance) -> Timestamp? {
    let near = Int64(1_000 + random.below(360))
    return random.pick([nil, nil, nil, Timestamp(milliseconds: near), -1, 5, 0])
}

/// One part of a write.
private enum RandomWrite: Sendable {
    case put(String, Timestamp?, ResourceList)
    case delete(String, Timestamp?, ResourceList)
    case ensure(ResourceList)
    case removeTree(String)
    case removeEverything
    case permissions([String: Set<String>], String)
    case removePermissions([String])
    case members(String, Set<String>)
    case failedPart(String, ResourceList)
    case fail

    init(_ random: inout Chance) {
        let id = "r\(random.below(5))"
        let list = random.pick(lists)
        switch random.below(40) {
        case 0..<16: self = .put(id, given(&random), list)
        case 16..<22: self = .delete(id, given(&random), list)
        case 22..<25: self = .ensure(list)
        case 25..<28: self = .removeTree(random.pick(uris))
        case 28: self = random.below(4) == 0 ? .removeEverything : .ensure(list)
        case 29..<33:
            let permissions = ["read": some(&random), "write": some(&random)]
            self = .permissions(permissions, random.pick(uris))
        case 33: self = .removePermissions([random.pick(uris), random.pick(uris)])
        case 34..<37: self = .members(random.pick(uris), some(&random))
        case 37..<39: self = .failedPart(id, list)
        case _: self = .fail
        }
    }

    /// Does it, and tells what came of it.
    func run(_ transaction: any StorageTransaction) throws -> String {
        switch self {
        case .put(let id, let timestamp, let list):
            return try transaction.put(id, timestamp, in: list).text
        case .delete(let id, let timestamp, let list):
            return try transaction.delete(id, timestamp: timestamp, in: list)?.text ?? "none"
        case .ensure(let list): return try transaction.ensureTimestamp(of: list).description
        case .removeTree(let uri): try transaction.removeTree(at: uri)
        case .removeEverything: try transaction.removeEverything()
        case .permissions(let permissions, let uri):
            try transaction.setPermissions(permissions, of: uri)
        case .removePermissions(let uris): try transaction.removePermissions(of: uris)
        case .members(let uri, let members): try transaction.setMembers(of: uri, to: members)
        case .failedPart(let id, let list):
            try? transaction.attempt {
                try transaction.put(id, in: list)
                try transaction.removeTree(at: "/buckets/a")
                throw Refusal()
            }
        case .fail: throw Refusal()
        }
        return "done"
    }
}

/// Something to ask each storage, with all that hardly costs anything.
private struct RandomQuestion: Sendable {
    let query: ObjectQuery
    let principals: Set<String>
    let prefix: String

    init(_ random: inout Chance) {
        var query = ObjectQuery(random.pick(lists))
        query.includesTombstones = random.below(2) == 0
        query.after = given(&random)
        query.before = given(&random)
        query.order = random.pick([.newestFirst, .oldestFirst, .byID])
        query.limit = random.pick([nil, 0, 1, 3])
        query.ids = random.pick([nil, nil, [], ["r0", "r3", "r0"], ["r1", "none"]])
        self.query = query
        principals = some(&random)
        prefix = random.pick(["", "/buckets/a", "/buckets/a/", "/buckets/a/collections/c", "/x"])
    }

    /// The answers as one text.
    func ask(_ reader: any StorageReader) throws -> String {
        var answers: [String] = []
        try reader.visit(query) { object in
            answers.append("\(object.isTombstone) \(object.timestamp) \(object.text)")
            return true
        }
        answers.append("\(try reader.count(query))")
        for list in lists {
            answers.append("\(try reader.timestamp(of: list)?.description ?? "-")")
            answers.append("\(try reader.ids(ObjectQuery(list)))")
            answers.append(try reader.object("r2", in: list)?.text ?? "-")
        }
        let one = try uris.map { try Self.sorted(reader.permissions(of: $0)) }
        let all = try reader.permissions(of: uris)
        answers += one
        answers += uris.map { Self.sorted(all[$0] ?? [:]) }
        let granted = try reader.uris(
            under: prefix, grantedTo: principals, permissions: ["write", "other"])
        answers.append("\(granted.sorted())")
        answers.append("\(try reader.groups(containing: principals).sorted())")
        return answers.joined(separator: "\n")
    }

    private static func sorted(_ permissions: [String: Set<String>]) -> String {
        permissions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sorted())" }.joined()
    }
}
