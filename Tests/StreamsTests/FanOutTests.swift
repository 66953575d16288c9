// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

/// Questions in the order in which they were asked.
final class Questions {
    var asked: [ChangesQuestion] = []
}

/// A hub, a loop's fan-out and simulated sockets.
final class Bench {
    static let epoch = Epoch(randomBits: 0xE0)
    /// Buckets whose names begin with `private` are not monitored.
    let hub = Hub(epoch: Bench.epoch, host: "h", log: []) { !$0.bucket.hasPrefix("private") }
    let transport = SimulatedTransport()
    let fanOut: FanOut<SimulatedTransport, SeededGenerator>
    let webSockets: WebSocketStreams<SimulatedTransport, SeededGenerator>
    private(set) var history: [Change] = []
    /// What the storage was asked and has not answered yet.
    let questions = Questions()

    init(seed: UInt64 = 1, configuration: StreamConfiguration = StreamConfiguration()) {
        fanOut = FanOut(
            hub: hub, transport: transport, configuration: configuration,
            random: SeededGenerator(seed: seed), wake: {},
            ask: { [questions] in questions.asked.append($0) })
        webSockets = WebSocketStreams(
            fanOut: fanOut, transport: transport,
            clock: { Timestamp(milliseconds: 1_700_000_000_000) })
    }

    func write(
        _ collection: String, _ timestamp: Int64, bucket: String = "b", deletes: Bool = false
    ) {
        let change = Change(
            path: CollectionPath(bucket: bucket, collection: collection),
            timestamp: Timestamp(milliseconds: timestamp),
            revision: Revision(UInt64(history.count + 1)), isTombstone: deletes)
        history.append(change)
        hub.publish(Commit(changes: [change]))
    }

    func subscribe(
        _ slot: UInt32, generation: UInt32 = 1, room: Int = .max / 2,
        encoding: StreamEncoding = .eventStream, filter: ChangeFilter = .all,
        channel: Channel? = nil, cursor: String? = nil, preamble: String = "",
        grant: StreamGrant? = nil
    ) -> StreamID {
        let id = transport.open(slot, generation: generation, room: room)
        #expect(
            fanOut.begin(
                id, encoding: encoding, preamble: EncodedFrame(preamble),
                channel: channel ?? .monitor(filter), cursor: cursor,
                grant: grant))
        return id
    }

    func text(_ id: StreamID) -> String {
        String(decoding: transport.sockets[id.slot]?.received ?? [], as: UTF8.self)
    }

    /// The revisions of the events a peer has, in their order.
    func revisions(_ id: StreamID) -> [UInt64] {
        Received(text(id)).changes.map(\.revision)
    }
}

/// What a peer read of an event stream, taken apart in the plainest way.
struct Received {
    struct Event {
        let revision: UInt64
        let collection: String
        let timestamp: Int64
        let isTombstone: Bool
    }

    var changes: [Event] = []
    var named: [String] = []
    var lastID: String?

    init(_ text: String) {
        for block in text.split(separator: "\n\n") {
            var id: String?
            var name: String?
            var data: String?
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { id = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { data = String(line.dropFirst(6)) }
            }
            if let id { lastID = id }
            if let name { named.append(name) }
            guard name == nil, let id, let data,
                let object = (try? JSONParser.parse(data))?.object,
                let revision = UInt64(id.split(separator: ".")[2])
            else { continue }
            changes.append(
                Event(
                    revision: revision, collection: object["collection"]?.string ?? "",
                    timestamp: object["last_modified"]?.integer ?? -1,
                    isTombstone: object["deleted"]?.bool ?? false))
        }
    }
}

@Suite("A subscriber")
struct FanOutTests {
    @Test("gets the head, the list, ready, and then each change as it happens")
    func lifetime() {
        let bench = Bench()
        bench.write("a", 10)
        bench.write("b", 11)
        let id = bench.subscribe(0, preamble: "HEAD\n\n")
        let opening = bench.text(id)
        #expect(opening.hasPrefix("HEAD\n\nid: "))
        #expect(opening.hasSuffix("event: ready\ndata: {\"timestamp\":11}\n\n"))
        #expect(bench.revisions(id) == [1, 2])
        bench.write("a", 12)
        bench.fanOut.synchronize()
        #expect(bench.revisions(id) == [1, 2, 3])
        #expect(Received(bench.text(id)).lastID == "12.\(Bench.epoch).3")
    }

    @Test("that begins sees a change announced before, even if its loop was not woken yet")
    func beginAfterPublish() {
        let bench = Bench()
        bench.write("a", 10)
        #expect(bench.revisions(bench.subscribe(0)) == [1])
    }

    @Test("is sent several changes of one turn with one call, each collection once")
    func batching() {
        let bench = Bench()
        let id = bench.subscribe(0)
        let calls = bench.transport.sendCalls
        for number in 1...5 as ClosedRange<Int64> { bench.write("a", number) }
        bench.write("b", 6)
        bench.fanOut.synchronize()
        #expect(bench.transport.sendCalls == calls + 1)
        #expect(bench.revisions(id) == [5, 6])
    }

    @Test("with a filter is told of nothing else, not even by an empty call")
    func filters() {
        let bench = Bench()
        let filter = ChangeFilter(resources: [.bucket("wanted")])
        let id = bench.subscribe(0, filter: filter)
        let calls = bench.transport.sendCalls
        bench.write("a", 1)
        bench.fanOut.synchronize()
        #expect(bench.transport.sendCalls == calls)
        bench.write("a", 2, bucket: "wanted")
        bench.fanOut.synchronize()
        #expect(bench.revisions(id) == [2])
    }

    @Test("that does not read loses no final state and takes no memory for what it misses")
    func conflation() {
        let bench = Bench()
        let id = bench.subscribe(0, room: 200)
        for number in 1...500 as ClosedRange<Int64> {
            bench.write("c\(number % 3)", number)
            bench.fanOut.synchronize()
        }
        #expect((bench.transport.sockets[0]?.pending.count ?? 0) < 400)
        while bench.transport.read(id, bytes: 10_000) { bench.fanOut.drained(id) }
        let revisions = bench.revisions(id)
        #expect(revisions.suffix(3) == [498, 499, 500])
        #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 })
        bench.write("c0", 501)
        bench.fanOut.synchronize()
        #expect(bench.revisions(id).last == 501)
    }

    @Test("resuming by its last id gets exactly what it missed")
    func resume() {
        let bench = Bench()
        let id = bench.subscribe(0)
        bench.write("a", 1)
        bench.write("b", 2)
        bench.fanOut.synchronize()
        let last = Received(bench.text(id)).lastID
        bench.transport.close(id)
        bench.fanOut.closed(id)
        bench.write("a", 3)
        let again = bench.subscribe(0, generation: 2, cursor: last)
        #expect(bench.revisions(again) == [3])
        #expect(Received(bench.text(again)).named == ["ready"])
    }

    @Test("with a cursor of another history is told so, then gets the whole list")
    func reset() {
        let bench = Bench()
        bench.write("a", 1)
        let id = bench.subscribe(0, cursor: "1.\(Epoch(randomBits: 1)).1")
        #expect(Received(bench.text(id)).named == ["reset", "ready"])
        #expect(bench.text(id).contains("{\"reason\":\"epoch\"}"))
        #expect(bench.revisions(id) == [1])
    }

    @Test("gets a long list in several frames, with cursors that are right at each point")
    func longList() {
        let bench = Bench()
        for number in 1...2_000 as ClosedRange<Int64> {
            bench.write("c\(number)", number % 7 == 0 ? 5 : number + 1_000)
        }
        let id = bench.subscribe(0)
        let events = Received(bench.text(id))
        #expect(events.changes.map(\.revision) == Array(1...2_000))
        #expect(events.named == ["ready"])
        #expect(bench.transport.sendCalls > 3)
    }

    @Test("replacing its filter gets what is owed under the new one, then ready")
    func replacing() {
        let bench = Bench()
        bench.write("a", 1, bucket: "one")
        bench.write("a", 2, bucket: "two")
        let id = bench.subscribe(0, filter: ChangeFilter(bucket: "one"))
        #expect(bench.revisions(id) == [1])
        let outcome = bench.fanOut.replace(id, filter: ChangeFilter(bucket: "two"), cursor: nil)
        #expect(outcome == .done)
        #expect(bench.revisions(id) == [1, 2])
        #expect(Received(bench.text(id)).named == ["ready", "ready"])
        bench.write("b", 3, bucket: "one")
        bench.write("b", 4, bucket: "two")
        bench.fanOut.synchronize()
        #expect(bench.revisions(id) == [1, 2, 4])
    }

    @Test("that leaves leaves nothing behind: no group, no filter")
    func leaving() {
        let bench = Bench()
        let ids = (0..<5 as Range<UInt32>).map {
            bench.subscribe($0, filter: ChangeFilter(bucket: "b\($0)"))
        }
        #expect(bench.transport.groupCount == 5)
        for id in ids { bench.fanOut.closed(id) }
        #expect(bench.transport.groupCount == 0)
        #expect(bench.fanOut.statistics.subscribers.allSatisfy { $0 == 0 })
    }

    @Test("is sent a heartbeat within the interval, unless its socket is full")
    func heartbeat() throws {
        let bench = Bench()
        let id = bench.subscribe(0)
        let first = try #require(bench.transport.sockets[0]?.deadline)
        #expect((15_000...30_000).contains(first))
        bench.fanOut.deadlineReached(id)
        #expect(bench.text(id).hasSuffix(": ping\n\n"))
        #expect(bench.transport.sockets[0]?.deadline == 30_000)
        let full = bench.subscribe(1, room: 10)
        let before = bench.transport.sendCalls
        bench.fanOut.deadlineReached(full)
        #expect(bench.transport.sendCalls == before)
    }

    @Test("that ends but does not take its last bytes is cut an interval later")
    func cutting() {
        let bench = Bench()
        let id = bench.subscribe(0, room: 10)
        bench.fanOut.end(id, farewell: nil)
        #expect(bench.transport.sockets[0]?.isCut == false)
        bench.fanOut.deadlineReached(id)
        #expect(bench.transport.sockets[0]?.isCut == true)
    }

    @Test("going back to polling at any event misses nothing", arguments: 0..<50)
    func pollingFallback(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = Bench(seed: seed)
        for _ in 0..<40 {
            let collection = "c\(Int.random(in: 0..<20, using: &random))"
            bench.write(collection, Int64.random(in: 0..<30, using: &random))
        }
        let list = bench.hub.monitoredEntries().entries
        let id = bench.subscribe(0)
        var seen: Set<String> = []
        for block in bench.text(id).split(separator: "\n\n") {
            guard block.hasPrefix("id: "), !block.contains("event: ") else { continue }
            let event = try #require(Received(String(block)).changes.first)
            seen.insert(event.collection)
            let cursor = try #require(Received(String(block)).lastID)
            let timestamp = try #require(Int64(cursor.split(separator: ".")[0]))
            let polled = list.filter { $0.timestamp.milliseconds > timestamp }
            let known = seen.union(polled.map(\.change.path.collection))
            #expect(known.count == list.count)
        }
    }
}
