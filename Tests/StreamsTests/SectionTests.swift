// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

extension Bench {
    /// Lets the loop go on until everyone has been told, and returns the turns that it took.
    @discardableResult
    func settle() -> Int {
        var turns = 0
        while transport.takeTurn() {
            fanOut.goOn()
            turns += 1
        }
        return turns
    }
}

@Suite("A crowd")
struct SectionTests {
    private let section = Limits.sectionMembersMax
    private let turn = Limits.toldPerTurnMax

    /// How many of the streams have the change of a revision.
    private func told(_ bench: Bench, _ ids: [StreamID], _ revision: UInt64) -> Int {
        ids.count { bench.revisions($0).contains(revision) }
    }

    /// More streams than a turn tells, each with a filter of its own that lets bucket `b` pass.
    private func subscribeByOwnFilters(_ bench: Bench) -> [StreamID] {
        (0..<turn * 2).map {
            bench.subscribe(
                UInt32($0), filter: ChangeFilter(resources: [.bucket("b"), .bucket("f\($0)")]))
        }
    }

    private func leave(_ bench: Bench, _ ids: [StreamID]) {
        for id in ids {
            bench.transport.close(id)
            bench.fanOut.closed(id)
        }
    }

    @Test("is told in parts, and other events have their turn between them")
    func parts() {
        let bench = Bench()
        let ids = (0..<UInt32(turn * 3)).map { bench.subscribe($0) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(told(bench, ids, 1) == turn, "as many at once as a turn may")
        #expect(bench.fanOut.isTelling)
        #expect(bench.transport.takeTurn())
        bench.fanOut.goOn()
        #expect(told(bench, ids, 1) == turn * 2)
        #expect(bench.settle() == 1)
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
        #expect(!bench.fanOut.isTelling)
    }

    @Test(
        "that one turn can tell is told at once",
        arguments: [StreamEncoding.eventStream, .webSocket])
    func atOnce(encoding: StreamEncoding) {
        let bench = Bench()
        let ids = (0..<UInt32(turn)).map { bench.subscribe($0, encoding: encoding) }
        let before = ids.map { bench.text($0).utf8.count }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(zip(ids, before).allSatisfy { bench.text($0).utf8.count > $1 })
        #expect(!bench.transport.takeTurn(), "nothing is left to tell")
    }

    @Test("is told the newest state when its turn comes, at the rate of the turns")
    func conflation() {
        let bench = Bench()
        let ids = (0..<UInt32(turn * 4)).map { bench.subscribe($0) }
        let rounds = 40
        for round in 0..<rounds {
            bench.write("c\(round % 3)", Int64(round))
            bench.fanOut.synchronize()
            if bench.transport.takeTurn() { bench.fanOut.goOn() }
        }
        let passes = bench.fanOut.passes
        #expect((9...15).contains(passes), "a pass takes three turns or four")
        bench.settle()
        let newest = (rounds - 2...rounds).map(UInt64.init)
        for id in ids {
            let revisions = bench.revisions(id)
            #expect(revisions.suffix(3) == newest[...])
            #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 })
            // Three collections change in a pass; who were first were told one change then.
            #expect((Int(passes) * 2...Int(passes + 2) * 3).contains(revisions.count))
        }
    }

    @Test("is told in the order in which its parts fell behind")
    func order() {
        let bench = Bench()
        let ids = (0..<UInt32(turn * 3)).map { bench.subscribe($0) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        let first = ids.filter { bench.revisions($0) == [1] }
        bench.write("b", 2)
        bench.fanOut.synchronize()
        for _ in 0..<2 {
            #expect(told(bench, first, 2) == 0, "the others waited longer")
            _ = bench.transport.takeTurn()
            bench.fanOut.goOn()
        }
        #expect(told(bench, ids, 2) == turn * 2)
        bench.settle()
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2] })
    }

    @Test("takes in who comes while it is told, and tells everyone everything once")
    func newcomers() {
        let bench = Bench()
        // One more would make a section that waits for nothing.
        let early = (0..<UInt32(turn * 3 - 1)).map { bench.subscribe($0) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        bench.write("b", 2)
        let late = (20_000..<20_003).map { bench.subscribe($0) }
        #expect(late.allSatisfy { bench.revisions($0) == [1, 2] }, "the list comes at once")
        bench.write("a", 3)
        bench.settle()
        bench.fanOut.synchronize()
        bench.settle()
        #expect(early.allSatisfy { bench.revisions($0).last == 3 })
        #expect(late.allSatisfy { bench.revisions($0) == [1, 2, 3] })
        for id in early {
            let revisions = bench.revisions(id)
            #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test("is in as few parts as it can be, whoever leaves and returns")
    func sections() {
        let bench = Bench()
        for slot in 0..<UInt32(section) { _ = bench.subscribe(slot) }
        #expect(bench.transport.groupCount == 1)
        _ = bench.subscribe(UInt32(section))
        #expect(bench.transport.groupCount == 2)
        for slot in 0..<UInt32(section * 4) where slot > section { _ = bench.subscribe(slot) }
        #expect(bench.transport.groupCount == 4)
        for round in 0..<3 {
            let third = stride(from: round, to: section * 4, by: 3).map { UInt32($0) }
            leave(bench, third.map { StreamID(slot: $0, generation: 1) })
            for slot in third { _ = bench.subscribe(slot) }
            #expect(bench.transport.groupCount == 4)
        }
    }

    @Test("that is sent away is told before what it has not been told yet")
    func sentAway() {
        let bench = Bench()
        let ids = (0..<UInt32(turn * 2)).map { bench.subscribe($0) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        for id in ids { bench.fanOut.sendAway(id, returnMilliseconds: 1_000) }
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
        bench.settle()
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
    }

    @Test("keeps what it is owed when one of it is pinged into a full socket")
    func heartbeat() {
        let bench = Bench()
        let ids = (0..<UInt32(turn * 2)).map { bench.subscribe($0) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        let waiting = ids.filter { bench.revisions($0).isEmpty }
        for id in waiting {
            bench.transport.setRoom(id, 1)
            bench.fanOut.deadlineReached(id)
        }
        bench.settle()
        #expect(told(bench, waiting, 1) == 0)
        for id in waiting where bench.transport.read(id, bytes: 10_000) { bench.fanOut.drained(id) }
        bench.write("b", 2)
        bench.fanOut.synchronize()
        bench.settle()
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2] })
    }

    @Test("of many filters is told in parts, too")
    func filters() {
        let bench = Bench()
        let ids = subscribeByOwnFilters(bench)
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(told(bench, ids, 1) == turn)
        bench.write("b", 2)
        bench.fanOut.synchronize()
        bench.settle()
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2] })
        leave(bench, ids)
        #expect(bench.transport.groupCount == 0)
    }

    @Test("loses nothing when its filters end and others begin while it is told")
    func reusedNumbers() {
        let bench = Bench()
        let ids = subscribeByOwnFilters(bench)
        bench.write("a", 1)
        bench.fanOut.synchronize()
        leave(bench, ids)
        let others = (0..<10).map {
            bench.subscribe(UInt32($0), generation: 2, filter: ChangeFilter(bucket: "b"))
        }
        bench.write("b", 2)
        bench.fanOut.synchronize()
        bench.settle()
        #expect(others.allSatisfy { bench.revisions($0) == [1, 2] })
        #expect(bench.transport.groupCount == 1)
    }

    @Test("is told whole of what changed when the storage has answered")
    func changes() throws {
        let bench = Bench()
        let path = CollectionPath(bucket: "b", collection: "c")
        let ids = (0..<UInt32(turn * 2 + 1)).map {
            bench.subscribe($0, channel: .collection(path, includesChanges: true))
        }
        bench.write("c", 1)
        bench.fanOut.synchronize()
        #expect(told(bench, ids, 1) == 0)
        #expect(bench.questions.asked.count == 1, "once for all")
        let question = try #require(bench.questions.asked.first)
        let change = try #require(bench.history.last)
        bench.fanOut.changesAnswered(question, ChangesAnswer(change: change, records: nil))
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
        #expect(!bench.fanOut.isTelling)
    }

    @Test("of browsers is told a broadcast in parts, each once")
    func broadcasts() {
        let bench = Bench()
        let ids = (0..<UInt32(turn + section)).map {
            bench.subscribe($0, encoding: .push, channel: .broadcasts)
        }
        for id in ids { bench.fanOut.greet(id, known: []) }
        let before = ids.map { bench.text($0).utf8.count }
        let broadcast = Broadcast(id: "a/b", version: "7", time: Timestamp(milliseconds: 1))
        bench.hub.publish(Commit(changes: [], broadcasts: [broadcast]))
        bench.fanOut.synchronize()
        let length = bench.text(ids[section]).utf8.count - before[section]
        #expect(zip(ids, before).count { bench.text($0).utf8.count > $1 } == turn)
        bench.settle()
        #expect(zip(ids, before).allSatisfy { bench.text($0).utf8.count == $1 + length })
    }
}
