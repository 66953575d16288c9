// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import Streams

@Suite("A stream's life")
struct LivenessTests {
    private let interval = Limits.heartbeatSecondsDefault * 1_000

    @Test("begins its heartbeats at a random time, so that no tick writes to everyone")
    func spread() throws {
        let bench = Bench()
        var tenths = [Int](repeating: 0, count: 10)
        for slot in 0..<2_000 {
            let id = bench.subscribe(UInt32(slot))
            let deadline = try #require(bench.transport.sockets[id.slot]?.deadline)
            #expect((interval / 2...interval).contains(deadline))
            tenths[min(9, (deadline - interval / 2) * 20 / interval)] += 1
        }
        #expect(tenths.allSatisfy { (120...280).contains($0) })
    }

    @Test("over WebSocket ends when a ping is not answered before the next, and not when it is")
    func pong() {
        let bench = Bench()
        let silent = bench.subscribe(0, encoding: .webSocket)
        let alive = bench.subscribe(1, encoding: .webSocket)
        bench.fanOut.deadlineReached(silent)
        bench.fanOut.deadlineReached(alive)
        #expect(bench.transport.sockets[0]?.isEnded == false)
        bench.fanOut.heard(from: alive)
        bench.fanOut.deadlineReached(silent)
        bench.fanOut.deadlineReached(alive)
        #expect(bench.transport.sockets[0]?.isEnded == true)
        #expect(bench.transport.sockets[1]?.isEnded == false)
    }

    @Test("is not judged by pongs that a full socket kept from being read")
    func stalledPong() {
        let bench = Bench()
        let id = bench.subscribe(0, room: 300, encoding: .webSocket)
        bench.fanOut.deadlineReached(id)
        bench.write("a", 1)
        bench.write("b", 2)
        bench.fanOut.synchronize()
        #expect(bench.transport.hasPendingOutput(id))
        bench.fanOut.deadlineReached(id)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.read(id, bytes: 10_000))
        bench.fanOut.drained(id)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[0]?.isEnded == false)
    }

    @Test("with a full socket goes on while the peer's kernel answers, and no longer")
    func stalledSilence() {
        let bench = Bench()
        let id = bench.subscribe(0, room: 10)
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(bench.transport.hasPendingOutput(id))
        bench.transport.setSilence(id, milliseconds: Limits.stalledSilenceMillisecondsMax)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[0]?.isCut == false)
        bench.transport.setSilence(id, milliseconds: Limits.stalledSilenceMillisecondsMax + 1)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[0]?.isCut == true)
    }

    @Test("gives the kernel one interval to have what is sent acknowledged")
    func peerTimeout() {
        let bench = Bench()
        let id = bench.subscribe(0)
        #expect(bench.transport.sockets[id.slot]?.peerTimeout == interval)
    }

    @Test(
        "ends at an age of its own, between 80 and 100 % of the setting, and is told to return",
        arguments: [StreamEncoding.eventStream, .webSocket])
    func age(encoding: StreamEncoding) throws {
        let most = 100_000
        let bench = Bench(configuration: StreamConfiguration(ageMillisecondsMax: most))
        var ages: Set<Int> = []
        for slot in 0..<50 {
            let id = bench.subscribe(UInt32(slot), encoding: encoding)
            var age = 0
            while bench.transport.sockets[id.slot]?.isEnded == false {
                age += try #require(bench.transport.sockets[id.slot]?.deadline)
                try #require(age <= most)
                bench.fanOut.heard(from: id)
                bench.fanOut.deadlineReached(id)
            }
            #expect((most * 4 / 5...most).contains(age))
            ages.insert(age)
            let bytes = try #require(bench.transport.sockets[id.slot]?.received)
            let text = String(decoding: bytes, as: UTF8.self)
            switch encoding.dialect {
            case .eventStream:
                let last = try #require(text.split(separator: "\n\n").last)
                let retry = try #require(Int(last.dropFirst("retry: ".count)))
                #expect(Limits.retryMilliseconds.contains(retry))
            case .webSocket, .push: #expect(text.contains("return in "))
            }
        }
        #expect(ages.count > 40)
    }

    @Test("has no greatest age unless one is set")
    func noAge() {
        let bench = Bench()
        let id = bench.subscribe(0)
        for _ in 0..<1_000 { bench.fanOut.deadlineReached(id) }
        #expect(bench.transport.sockets[id.slot]?.isEnded == false)
    }
}
