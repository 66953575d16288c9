// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

/// A collection in a storage that answers when a test lets it, and whose commits are read before
/// the hub is told of them, as they may be.
private final class Collection {
    struct Record: Equatable {
        var timestamp: Int64
        var isTombstone: Bool
    }

    let path = CollectionPath(bucket: "private", collection: "c")
    let bench: Bench
    private(set) var records: [String: Record] = [:]
    /// The records as of each revision.
    private(set) var states: [UInt64: [String: Record]] = [:]
    private(set) var change: Change
    private var timestamp: Int64 = 100
    private var revision: UInt64 = 0
    private var exists = true
    private var untold: [Commit] = []
    private var answers: [(question: ChangesQuestion, answer: ChangesAnswer?)] = []

    init(_ bench: Bench) {
        self.bench = bench
        change = Change(
            path: path, timestamp: Timestamp(milliseconds: 100), revision: .zero,
            isTombstone: false)
        commit()
        tellAll()
    }

    private func commit(isRewritten: Bool = false) {
        revision += 1
        change = Change(
            path: path, timestamp: Timestamp(milliseconds: timestamp),
            revision: Revision(revision), isTombstone: !exists)
        states[revision] = records
        untold.append(Commit(changes: [change], rewritten: isRewritten ? [path] : []))
    }

    func put(_ id: String, skipping: Int64 = 1) {
        timestamp += skipping
        exists = true
        records[id] = Record(timestamp: timestamp, isTombstone: false)
        commit()
    }

    /// Writes a record with a timestamp of long ago, which is no change of the collection.
    func putInThePast(_ id: String) {
        guard exists else { return }
        records[id] = Record(timestamp: timestamp - 50, isTombstone: false)
        untold.append(Commit(rewritten: [path]))
    }

    func bury(_ id: String) {
        guard exists, records[id]?.isTombstone == false else { return }
        timestamp += 1
        records[id] = Record(timestamp: timestamp, isTombstone: true)
        commit()
    }

    func remove() {
        guard exists else { return }
        timestamp += 1
        exists = false
        records = [:]
        commit(isRewritten: true)
    }

    /// Removes the collection and makes it anew in one commit.
    func replace(with id: String) {
        timestamp += 1
        records = [id: Record(timestamp: timestamp, isTombstone: false)]
        exists = true
        commit(isRewritten: true)
    }

    /// Tells the hub of the oldest commit that it does not know.
    func tell() {
        guard !untold.isEmpty else { return }
        bench.hub.publish(untold.removeFirst())
    }

    func tellAll() {
        while !untold.isEmpty { tell() }
        bench.fanOut.synchronize()
    }

    /// Reads what an open question asks for; fails or finds too much if told so.
    func read(_ place: Int, fails: Bool = false, isTooMuch: Bool = false) {
        let question = bench.questions.asked.remove(at: place)
        let since = question.since?.milliseconds
        let found = records.filter { record in
            guard let since else { return !record.value.isTombstone }
            return record.value.timestamp > since
        }
        let objects = found.map { id, record in
            "{\"id\":\"\(id)\",\"last_modified\":\(record.timestamp)"
                + (record.isTombstone ? ",\"deleted\":true}" : "}")
        }
        let records = isTooMuch || !exists ? nil : Array("[\(objects.joined(separator: ","))]".utf8)
        answers.append((question, fails ? nil : ChangesAnswer(change: change, records: records)))
    }

    /// Gives an answer to the loop.
    func answer(_ place: Int) {
        let (question, answer) = answers.remove(at: place)
        bench.fanOut.changesAnswered(question, answer)
    }

    var readCount: Int { answers.count }

    func answerAll() {
        while !(bench.questions.asked.isEmpty && answers.isEmpty) {
            while !bench.questions.asked.isEmpty { read(0) }
            while !answers.isEmpty { answer(0) }
        }
    }
}

/// What a client holds that does as the protocol says.
private struct Follower {
    var records: [String: Collection.Record] = [:]
    var revisions: [UInt64] = []
    var resets = 0
    var polls = 0

    /// Applies whole events, as sent.
    mutating func take(_ text: String, _ states: [UInt64: [String: Collection.Record]]) {
        var isReset = false
        for block in text.split(separator: "\n\n") {
            let lines = block.split(separator: "\n")
            if lines.contains("event: reset") { isReset = true }
            guard !lines.contains(where: { $0.hasPrefix("event: ") }),
                let id = lines.first(where: { $0.hasPrefix("id: ") }),
                let revision = UInt64(id.split(separator: ".")[2]),
                let data = lines.first(where: { $0.hasPrefix("data: ") })?.dropFirst(6),
                let entry = (try? JSONParser.parse(String(data)))?.object
            else { continue }
            revisions.append(revision)
            if isReset { (records, resets) = ([:], resets + 1) }
            isReset = false
            if entry["deleted"]?.bool == true {
                #expect(entry["changes"] == nil)
                records = [:]
            } else if let changes = entry["changes"]?.array {
                for change in changes { apply(change.object ?? JSONObject()) }
            } else {
                // Only the timestamp: the client fetches the collection as it is by then.
                polls += 1
                records = states[revision] ?? [:]
            }
        }
    }

    private mutating func apply(_ change: JSONObject) {
        guard let id = change["id"]?.string else { return }
        records[id] = Collection.Record(
            timestamp: change["last_modified"]?.integer ?? -1,
            isTombstone: change["deleted"]?.bool ?? false)
    }
}

@Suite("An event that carries what changed")
struct IncludedChangesTests {
    private func follow(
        _ collection: Collection, _ slot: UInt32, room: Int = .max / 2, generation: UInt32 = 1,
        cursor: String? = nil
    ) -> StreamID {
        collection.bench.subscribe(
            slot, generation: generation, room: room,
            channel: .collection(collection.path, includesChanges: true), cursor: cursor)
    }

    private func follower(_ collection: Collection, _ id: StreamID) -> Follower {
        var follower = Follower()
        follower.take(collection.bench.text(id), collection.states)
        return follower
    }

    @Test("is the entry with the records since the last event as one more member")
    func format() {
        let collection = Collection(Bench())
        let id = follow(collection, 0)
        #expect(collection.bench.text(id).isEmpty, "nothing is told before it is read")
        collection.answerAll()
        collection.put("a")
        collection.put("b")
        collection.bury("a")
        collection.tellAll()
        collection.answerAll()
        let text = collection.bench.text(id)
        #expect(text.contains("\"host\":\"h\",\"changes\":[]}\n\n"))
        #expect(text.contains("event: ready"))
        #expect(
            text.contains(",\"last_modified\":103,\"bucket\":\"private\",\"collection\":\"c\","))
        #expect(text.contains("{\"id\":\"a\",\"last_modified\":103,\"deleted\":true}"))
        #expect(text.contains("{\"id\":\"b\",\"last_modified\":102}"))
        #expect(follower(collection, id).revisions == [1, 4], "conflated")
    }

    @Test("is read once for all who stand at one position, and once for those who come later")
    func sharing() {
        let collection = Collection(Bench())
        let ids = (0..<5).map { follow(collection, UInt32($0)) }
        #expect(collection.bench.questions.asked.count == 1)
        collection.answerAll()
        let late = follow(collection, 9)
        #expect(collection.bench.questions.asked.isEmpty)
        #expect(follower(collection, late).revisions == [1])
        collection.put("a")
        collection.tellAll()
        #expect(collection.bench.questions.asked.count == 1)
        collection.answerAll()
        for id in ids + [late] { #expect(follower(collection, id).revisions == [1, 2]) }
    }

    @Test("is not told twice to one who came while it was being read for the others")
    func arrival() {
        let collection = Collection(Bench())
        let first = follow(collection, 0)
        collection.answerAll()
        collection.put("a")
        collection.tellAll()
        let second = follow(collection, 1)
        #expect(collection.bench.questions.asked.count == 2)
        // The newcomer's is answered first; it then waits for the others.
        collection.read(1)
        collection.answer(0)
        #expect(follower(collection, second).revisions == [2])
        collection.answerAll()
        #expect(follower(collection, first).revisions == [1, 2])
        #expect(follower(collection, second).revisions == [2])
        collection.put("b")
        collection.tellAll()
        collection.answerAll()
        for id in [first, second] { #expect(follower(collection, id).revisions.last == 3) }
    }

    @Test("tells only the timestamp when too much changed, or the storage cannot answer")
    func timestampOnly() {
        let collection = Collection(Bench())
        let id = follow(collection, 0)
        collection.answerAll()
        collection.put("a")
        collection.tellAll()
        collection.read(0, isTooMuch: true)
        collection.answer(0)
        collection.put("b")
        collection.tellAll()
        collection.read(0, fails: true)
        collection.answer(0)
        let follower = follower(collection, id)
        #expect(follower.revisions == [1, 2, 3])
        #expect(follower.polls == 2)
    }

    @Test("begins anew with reset when timestamps do not tell what changed")
    func rewritten() {
        let collection = Collection(Bench())
        let id = follow(collection, 0)
        collection.answerAll()
        collection.put("a")
        collection.tellAll()
        collection.answerAll()
        collection.putInThePast("old")
        collection.put("b")
        collection.tellAll()
        collection.answerAll()
        #expect(
            collection.bench.text(id).contains("event: reset\ndata: {\"reason\":\"rewritten\"}"))
        #expect(follower(collection, id).records == collection.records)
        #expect(follower(collection, id).resets == 1)
        collection.put("c")
        collection.tellAll()
        collection.answerAll()
        #expect(follower(collection, id).resets == 1, "once")
    }

    @Test("is read anew for who comes after a write that moved no timestamp")
    func fresh() {
        let collection = Collection(Bench())
        collection.put("a")
        collection.tellAll()
        _ = follow(collection, 0)
        collection.answerAll()
        collection.putInThePast("old")
        collection.tellAll()
        let late = follow(collection, 1)
        collection.answerAll()
        #expect(follower(collection, late).records == collection.records)
    }

    @Test("that was read before such a write is not for who came after it")
    func readBefore() {
        let collection = Collection(Bench())
        let first = follow(collection, 0)
        collection.read(0)
        collection.putInThePast("old")
        collection.tellAll()
        let late = follow(collection, 1)
        collection.answer(0)
        #expect(follower(collection, first).revisions == [1])
        #expect(follower(collection, late).revisions.isEmpty)
        collection.answerAll()
        #expect(follower(collection, late).records == collection.records)
        #expect(follower(collection, late).revisions == [1])
    }

    @Test("is held until it is known who may read it, and never told to who may not any more")
    func revoked() {
        let collection = Collection(Bench())
        let bench = collection.bench
        let accesses = ["me", "you"].map {
            StreamAccess(viewer: Viewer(userID: $0), path: collection.path)
        }
        let ids = accesses.enumerated().map { slot, access in
            bench.subscribe(
                UInt32(slot), channel: .collection(collection.path, includesChanges: true),
                grant: StreamGrant(access: access, changes: bench.hub.accessChanges))
        }
        collection.answerAll()
        bench.hub.publish(Commit(changesAccess: true))
        collection.put("secret")
        collection.tellAll()
        collection.answerAll()
        let late = bench.subscribe(
            2, channel: .collection(collection.path, includesChanges: true),
            grant: StreamGrant(access: accesses[1], changes: bench.hub.accessChanges))
        collection.answerAll()
        for id in ids + [late] { #expect(!bench.text(id).contains("secret")) }
        #expect(Set(bench.fanOut.accessesToCheck() ?? []) == Set(accesses))
        bench.hub.publish(Commit(changesAccess: true))
        bench.fanOut.accessChecked(lost: [accesses[0]])
        #expect(!bench.text(ids[1]).contains("secret"), "permissions have changed once more")
        bench.fanOut.accessPauseEnded()
        #expect(bench.fanOut.accessesToCheck()?.contains(accesses[1]) == true)
        bench.fanOut.accessChecked(lost: [])
        collection.answerAll()
        #expect(!bench.text(ids[0]).contains("secret"))
        for id in [ids[1], late] { #expect(follower(collection, id).records == collection.records) }
    }

    @Test("waits until the hub knows of the commit that was read")
    func early() {
        let collection = Collection(Bench())
        let id = follow(collection, 0)
        collection.answerAll()
        collection.put("a")
        collection.tellAll()
        collection.put("b")
        collection.answerAll()
        #expect(follower(collection, id).revisions == [1])
        collection.tellAll()
        #expect(follower(collection, id).revisions == [1, 3])
        #expect(follower(collection, id).records == collection.records)
    }

    @Test(
        "leaves each subscriber with the records as they are, in any interleaving",
        arguments: 0..<400)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let collection = Collection(Bench(seed: seed))
        let bench = collection.bench
        var peers: [(id: StreamID, follower: Follower, cursor: String?, isOpen: Bool)] = []
        for step in 0..<250 {
            let record = "r\(Int.random(in: 0..<5, using: &random))"
            switch Int.random(in: 0..<24, using: &random) {
            case 0...3: collection.put(record, skipping: .random(in: 1...20, using: &random))
            case 4: collection.bury(record)
            case 5: collection.putInThePast(record)
            case 6 where Bool.random(using: &random): collection.remove()
            case 7 where Bool.random(using: &random): collection.replace(with: record)
            case 8...10: collection.tell()
            case 11, 12: bench.fanOut.synchronize()
            case 13...15:
                guard let place = bench.questions.asked.indices.randomElement(using: &random)
                else { continue }
                collection.read(
                    place, fails: Int.random(in: 0..<12, using: &random) == 0,
                    isTooMuch: Int.random(in: 0..<6, using: &random) == 0)
            case 16...18:
                guard collection.readCount > 0 else { continue }
                collection.answer(Int.random(in: 0..<collection.readCount, using: &random))
            case 19 where peers.count < 8:
                let id = follow(
                    collection, UInt32(peers.count), room: .random(in: 0..<900, using: &random))
                peers.append((id, Follower(), nil, true))
            case 20, 21:
                guard let place = peers.indices.randomElement(using: &random) else { continue }
                let bytes = Int.random(in: 1..<700, using: &random)
                if bench.transport.read(peers[place].id, bytes: bytes) {
                    bench.fanOut.drained(peers[place].id)
                }
            default:
                guard let place = peers.indices.randomElement(using: &random) else { continue }
                if peers[place].isOpen {
                    let whole = wholeEvents(bench.text(peers[place].id))
                    peers[place].follower.take(whole, collection.states)
                    peers[place].cursor = Received(whole).lastID ?? peers[place].cursor
                    bench.transport.close(peers[place].id)
                    bench.fanOut.closed(peers[place].id)
                } else {
                    peers[place].id = follow(
                        collection, peers[place].id.slot, room: 300, generation: UInt32(step + 2),
                        cursor: peers[place].cursor)
                }
                peers[place].isOpen.toggle()
            }
        }
        // A last change, so that nothing from the past stays untold.
        collection.put("last")
        collection.tellAll()
        collection.answerAll()
        for place in peers.indices {
            if !peers[place].isOpen {
                peers[place].id = follow(
                    collection, peers[place].id.slot, generation: 9_999,
                    cursor: peers[place].cursor)
            }
            while bench.transport.read(peers[place].id, bytes: 1 << 20) {
                bench.fanOut.drained(peers[place].id)
                collection.answerAll()
            }
            collection.answerAll()
            peers[place].follower.take(bench.text(peers[place].id), collection.states)
            check(peers[place].follower, collection)
        }
    }

    private func check(_ follower: Follower, _ collection: Collection) {
        let revisions = follower.revisions
        #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 }, "I4, nothing twice")
        #expect(revisions.last == collection.change.revision.number)
        func live(_ records: [String: Collection.Record]) -> [String: Int64] {
            records.filter { !$0.value.isTombstone }.mapValues(\.timestamp)
        }
        #expect(live(follower.records) == live(collection.records))
    }

    private func wholeEvents(_ text: String) -> String {
        var blocks = text.split(separator: "\n\n", omittingEmptySubsequences: false)
        blocks.removeLast()
        return blocks.joined(separator: "\n\n") + "\n\n"
    }
}
