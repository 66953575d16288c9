// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Streams

@Suite("Streams whose loop takes over another configuration")
struct ConfigurationTests {
    private let paced = StreamConfiguration(paceMilliseconds: 64_000)

    /// Lets all ticks pass that are due.
    private func tick(_ bench: Bench) {
        while bench.transport.takeAlarm() != nil { bench.fanOut.paceTick() }
    }

    @Test("get their next heartbeat when it was due, and those after it by the new interval")
    func heartbeat() throws {
        let bench = Bench()
        let id = bench.subscribe(1)
        let due = try #require(bench.transport.sockets[1]?.deadline)
        bench.fanOut.adopt(StreamConfiguration(heartbeatMilliseconds: 1_000))
        #expect(bench.transport.sockets[1]?.deadline == due)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[1]?.deadline == 1_000)
        _ = bench.subscribe(2)
        #expect(500...1_000 ~= (try #require(bench.transport.sockets[2]?.deadline)))
    }

    @Test("are told other times to return by")
    func retry() {
        let bench = Bench()
        bench.fanOut.adopt(StreamConfiguration(retryMilliseconds: 7...7))
        #expect(bench.fanOut.drawRetryMilliseconds() == 7)
    }

    @Test("count another greatest age from then on, or none")
    func age() {
        let bench = Bench()
        let ids = (0..<2).map { bench.subscribe($0) }
        bench.fanOut.adopt(StreamConfiguration(ageMillisecondsMax: 40_000))
        // The heartbeat that was due does not count, nor does the next: they are 30 seconds off.
        for _ in 0..<2 { bench.fanOut.deadlineReached(ids[0]) }
        #expect(bench.transport.sockets[0]?.isEnded == false)
        bench.fanOut.deadlineReached(ids[0])
        #expect(bench.transport.sockets[0]?.isEnded == true)
        bench.fanOut.adopt(StreamConfiguration())
        for _ in 0..<4 { bench.fanOut.deadlineReached(ids[1]) }
        #expect(bench.transport.sockets[1]?.isEnded == false)
    }

    @Test("are paced from then on, and told at once again, and miss and repeat nothing")
    func pace() {
        let bench = Bench()
        let ids = (0..<200).map { bench.subscribe($0, room: $0 % 3 == 0 ? 400 : .max / 2) }
        let dashboard = bench.subscribe(200, encoding: .webSocket)
        bench.write("a", 1)
        bench.fanOut.adopt(paced)
        #expect(ids.allSatisfy { bench.revisions($0) == [1] }, "what is owed comes first")
        bench.write("b", 2)
        bench.fanOut.synchronize()
        #expect(bench.text(dashboard).contains("\"collection\":\"b\""))
        #expect(ids.allSatisfy { bench.revisions($0) == [1] })
        for _ in 0..<(Limits.paceSlices / 2) {
            _ = bench.transport.takeAlarm()
            bench.fanOut.paceTick()
        }
        let told = ids.count { bench.revisions($0).last == 2 }
        #expect((50...150).contains(told))
        bench.fanOut.adopt(StreamConfiguration())
        bench.write("c", 3)
        bench.fanOut.synchronize()
        for id in ids where bench.transport.read(id, bytes: 100_000) { bench.fanOut.drained(id) }
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2, 3] })
        tick(bench)
        #expect(ids.allSatisfy { bench.revisions($0) == [1, 2, 3] })
        for id in ids + [dashboard] { bench.fanOut.closed(id) }
        #expect(bench.transport.groupCount == 0)
    }

    @Test("that are paced follow another window from the next tick on")
    func window() throws {
        let bench = Bench(configuration: paced)
        let id = bench.subscribe(0)
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(bench.transport.takeAlarm() == 64_000 / Limits.paceSlices)
        bench.fanOut.adopt(StreamConfiguration(paceMilliseconds: 6_400))
        bench.fanOut.paceTick()
        #expect(bench.transport.takeAlarm() == 6_400 / Limits.paceSlices)
        bench.fanOut.paceTick()
        tick(bench)
        #expect(bench.revisions(id) == [1])
        #expect(bench.text(bench.subscribe(1)).contains("\"window_ms\":6400}"))
    }

    @Test("of browsers are paced from then on, too")
    func broadcasts() {
        let bench = Bench()
        let ids = (0..<100).map { bench.subscribe($0, encoding: .push, channel: .broadcasts) }
        for id in ids.dropLast() { bench.fanOut.greet(id, known: []) }
        bench.fanOut.adopt(paced)
        bench.fanOut.greet(ids[99], known: [])
        let before = ids.map { bench.text($0).utf8.count }
        func announce(_ version: String) {
            let broadcast = Broadcast(
                id: "a/b", version: version, time: Timestamp(milliseconds: 1))
            bench.hub.publish(Commit(broadcasts: [broadcast]))
            bench.fanOut.synchronize()
        }
        announce("7")
        #expect(zip(ids, before).allSatisfy { bench.text($0).utf8.count == $1 })
        tick(bench)
        #expect(ids.allSatisfy { bench.text($0).contains("\"a/b\":\"7\"") })
        bench.fanOut.adopt(StreamConfiguration())
        announce("8")
        #expect(ids.allSatisfy { bench.text($0).contains("\"a/b\":\"8\"") })
    }
}
