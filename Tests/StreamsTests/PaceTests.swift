// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

@Suite("A paced change")
struct PaceTests {
    private let windowMilliseconds = 64_000

    private func makeBench(seed: UInt64 = 1) -> Bench {
        Bench(seed: seed, configuration: StreamConfiguration(paceMilliseconds: windowMilliseconds))
    }

    /// Lets so many ticks pass, and returns the time that they took.
    @discardableResult
    private func tick(_ bench: Bench, _ count: Int = Limits.paceSlices) -> Int {
        var elapsed = 0
        for _ in 0..<count {
            guard let pause = bench.transport.takeAlarm() else { break }
            elapsed += pause
            bench.fanOut.paceTick()
        }
        return elapsed
    }

    @Test("reaches WebSocket streams at once, and every event stream within the window, once")
    func window() {
        let bench = makeBench()
        let dashboard = bench.subscribe(0, encoding: .webSocket)
        let ids = (1...500).map { bench.subscribe(UInt32($0)) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(bench.text(dashboard).contains(#""collection":"a""#))
        #expect(ids.allSatisfy { bench.revisions($0).isEmpty })
        #expect(tick(bench) == windowMilliseconds)
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
        #expect(bench.transport.takeAlarm() == nil, "nothing is left to tell")
    }

    @Test("is spread evenly over the window")
    func evenly() {
        let bench = makeBench()
        let ids = (0..<6_400).map { bench.subscribe(UInt32($0)) }
        let before = ids.map { bench.text($0).utf8.count }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        var told = 0
        for _ in 0..<Limits.paceSlices {
            tick(bench, 1)
            let now = zip(ids, before).count { bench.text($0).utf8.count > $1 }
            #expect((50...150).contains(now - told), "the mean is 100 a tick")
            told = now
        }
        #expect(told == ids.count)
    }

    @Test("is conflated with what follows in the same window")
    func conflation() {
        let bench = makeBench()
        let ids = (0..<100).map { bench.subscribe(UInt32($0)) }
        for round in 0..<Limits.paceSlices {
            bench.write("c\(round % 3)", Int64(round))
            bench.fanOut.synchronize()
            tick(bench, 1)
        }
        tick(bench)
        for id in ids {
            let revisions = bench.revisions(id)
            #expect(revisions.suffix(3) == [62, 63, 64])
            #expect(revisions.count <= 6, "the newest of three collections, twice at most")
            #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test("comes once to a stream that begins between the change and its moment")
    func newcomers() {
        let bench = makeBench()
        let early = (0..<200).map { bench.subscribe(UInt32($0)) }
        bench.write("a", 1)
        bench.fanOut.synchronize()
        let late = (200..<400).map { bench.subscribe(UInt32($0)) }
        #expect(late.allSatisfy { bench.revisions($0) == [1] }, "the list comes at once")
        tick(bench)
        bench.write("b", 2)
        bench.fanOut.synchronize()
        tick(bench)
        #expect((early + late).allSatisfy { bench.revisions($0) == [1, 2] })
    }

    @Test("reaches streams of one collection over the window, and those with records at once")
    func collections() {
        let bench = makeBench()
        let path = CollectionPath(bucket: "private", collection: "c")
        let plain = bench.subscribe(0, channel: .collection(path))
        let full = bench.subscribe(1, channel: .collection(path, includesChanges: true))
        bench.write("c", 1, bucket: "private")
        bench.fanOut.synchronize()
        #expect(bench.questions.asked.count == 1, "asked for at once")
        #expect(bench.revisions(plain).isEmpty)
        tick(bench)
        #expect(bench.revisions(plain) == [1])
        #expect(!bench.text(full).contains("window_ms"))
    }

    @Test("does not make a stalled stream lose or repeat anything")
    func stalled() {
        let bench = makeBench()
        let ids = (0..<64).map { bench.subscribe(UInt32($0), room: 150) }
        for number in 1...5 {
            bench.write("c\(number)", Int64(number))
            bench.fanOut.synchronize()
            tick(bench)
        }
        for id in ids where bench.transport.read(id, bytes: 100_000) {
            bench.fanOut.drained(id)
        }
        tick(bench)
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2, 3, 4, 5] })
    }

    @Test("is longer than one frame and told whole", arguments: [300, 2_000])
    func long(count: Int) {
        let bench = makeBench()
        let id = bench.subscribe(0)
        for number in 1...count { bench.write("collection-\(number)", Int64(number)) }
        bench.fanOut.synchronize()
        tick(bench)
        #expect(bench.revisions(id) == Array(1...UInt64(count)))
    }

    @Test("is announced by the window in ready, but not to those who are told at once")
    func ready() {
        let bench = makeBench()
        let paced = bench.subscribe(0)
        let dashboard = bench.subscribe(1, encoding: .webSocket)
        #expect(bench.text(paced).contains(#""window_ms":64000}"#))
        #expect(!bench.text(dashboard).contains("window_ms"))
        let plain = Bench()
        #expect(!plain.text(plain.subscribe(0)).contains("window_ms"))
    }

    @Test("reaches browsers' push services over the window")
    func broadcasts() throws {
        let bench = makeBench()
        let ids = (0..<200).map {
            bench.subscribe(UInt32($0), encoding: .push, channel: .broadcasts)
        }
        for id in ids { bench.fanOut.greet(id, known: []) }
        let before = ids.map { bench.text($0).utf8.count }
        let broadcast = Broadcast(
            id: "a/b", version: "7", time: Timestamp(milliseconds: 1))
        bench.hub.publish(Commit(changes: [], broadcasts: [broadcast]))
        bench.fanOut.synchronize()
        #expect(zip(ids, before).allSatisfy { bench.text($0).utf8.count == $1 })
        tick(bench, Limits.paceSlices / 2)
        let half = zip(ids, before).count { bench.text($0).utf8.count > $1 }
        #expect((50...150).contains(half))
        tick(bench)
        #expect(
            ids.allSatisfy { bench.text($0).components(of: #""a/b":"7""#) == 1 }, "each once")
    }

    @Test("ends the groups of a filter with its last stream")
    func groups() {
        let bench = makeBench()
        for slot in 0..<100 {
            let id = bench.subscribe(
                UInt32(slot), filter: ChangeFilter(bucket: "b\(slot % 10)"))
            #expect(bench.transport.groupCount > 0)
            if slot >= 50 { bench.fanOut.closed(id) }
        }
        for slot in 0..<50 { bench.fanOut.closed(StreamID(slot: UInt32(slot), generation: 1)) }
        #expect(bench.transport.groupCount == 0)
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let start = rest.utf8.indices.first(where: { rest[$0...].hasPrefix(part) }) {
            count += 1
            rest = rest[start...].dropFirst(part.count)
        }
        return count
    }
}
