// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing

@testable import Streams

/// What users of the tests may read.
private let publicOnly = Visibility(buckets: ["p"], collections: [])
private let mine = Visibility(buckets: ["p", "mine"], collections: [])
private let yours = Visibility(
    buckets: ["p"], collections: [CollectionPath(bucket: "shared", collection: "yours")])

@Suite("A stream that shows what its viewer may read")
struct PrivateStreamsTests {
    private func access(_ user: String) -> StreamAccess {
        StreamAccess(viewer: Viewer(userID: user), path: nil)
    }

    private func begin(
        _ bench: Bench, _ slot: UInt32, _ visibility: Visibility, user: String = "me",
        room: Int = .max / 2, encoding: StreamEncoding = .eventStream,
        filter: ChangeFilter = .all, cursor: String? = nil
    ) -> StreamID {
        var filter = filter
        filter.visibility = visibility
        return bench.subscribe(
            slot, room: room, encoding: encoding, filter: filter, cursor: cursor,
            grant: StreamGrant(access: access(user), changes: bench.hub.accessChanges))
    }

    /// Has permissions asked for again, with this outcome.
    private func change(_ bench: Bench, _ visibilities: [String: Visibility]) {
        bench.hub.publish(Commit(changesAccess: true))
        bench.fanOut.synchronize()
        check(bench, visibilities)
    }

    private func check(_ bench: Bench, _ visibilities: [String: Visibility]) {
        #expect(bench.fanOut.accessesToCheck() != nil)
        var found: [Viewer: Visibility] = [:]
        for (user, visibility) in visibilities { found[Viewer(userID: user)] = visibility }
        bench.fanOut.accessChecked(lost: [], visibilities: found)
        bench.fanOut.accessPauseEnded()
    }

    /// What came since the test last looked.
    private func news(_ bench: Bench, _ id: StreamID, after length: Int) -> String {
        String(bench.text(id).dropFirst(length))
    }

    private func collections(_ text: String) -> [String] {
        Received(text).changes.map(\.collection)
    }

    private func cursor(_ timestamp: Int64, _ visibility: Visibility, _ revision: Int) -> String {
        "\(timestamp).\(Bench.epoch.viewed(visibility.digest)).\(revision)"
    }

    @Test("tells what may be read, and no timestamp of anything else")
    func filtering() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        bench.write("secret", 999, bucket: "theirs")
        let id = begin(bench, 0, mine)
        #expect(collections(bench.text(id)) == ["a"])
        #expect(bench.text(id).hasSuffix("event: ready\ndata: {\"timestamp\":10}\n\n"))
        #expect(Received(bench.text(id)).lastID == cursor(10, mine, 2))
        bench.write("secret", 1_000, bucket: "theirs")
        bench.fanOut.synchronize()
        bench.write("new", 11, bucket: "mine")
        bench.fanOut.synchronize()
        #expect(collections(bench.text(id)) == ["a", "new"])
        #expect(Received(bench.text(id)).lastID == cursor(11, mine, 4))
        #expect(!bench.text(id).contains("999") && !bench.text(id).contains("1000"))
    }

    @Test("shares one cohort, and one frame, with all who may read the same")
    func cohorts() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        let visibilities = [publicOnly, mine, yours]
        let ids = (0..<1_000).map { number in
            // Each user's is found out separately.
            let own: Visibility
            switch number % 3 {
            case 0: own = Visibility(buckets: ["p"], collections: [])
            case 1: own = Visibility(buckets: ["mine", "p"], collections: [])
            case _: own = yours
            }
            return begin(bench, UInt32(number), own, user: "user-\(number)")
        }
        #expect(bench.fanOut.cohorts.count == 3)
        bench.write("b", 11, bucket: "p")
        bench.fanOut.synchronize()
        bench.settle()
        for (number, id) in ids.enumerated() {
            #expect(
                Received(bench.text(id)).lastID == cursor(11, visibilities[number % 3], 2))
        }
        // All moves of users end in the cohorts that there are.
        var moved: [String: Visibility] = [:]
        for number in 0..<1_000 { moved["user-\(number)"] = mine }
        change(bench, moved)
        #expect(bench.fanOut.cohorts.count == 1)
    }

    @Test("has its frames encoded once for each visibility")
    func frames() throws {
        var log = ChangeLog(epoch: Bench.epoch)
        let change = Change(
            path: CollectionPath(bucket: "p", collection: "a"),
            timestamp: Timestamp(milliseconds: 10), revision: Revision(1), isTombstone: false)
        let entry = Entry(id: "a", change: change, host: "h")
        log.append(entry)
        var table = CohortTable()
        func cohort(_ filter: ChangeFilter) throws -> CohortTable.Cohort {
            let number = table.retain(.monitor(filter), in: log)
            return table[try #require(number)]
        }
        let one = try cohort(ChangeFilter(visibility: mine))
        let same = try cohort(ChangeFilter(bucket: "p", visibility: mine))
        let other = try cohort(ChangeFilter(visibility: yours))
        var encoder = LiveEncoder(entries: [entry], log: log)
        let frame = encoder.frame(of: [0], .eventStream, for: one)
        #expect(encoder.frame(of: [0], .eventStream, for: one) === frame)
        #expect(encoder.frame(of: [0], .eventStream, for: same) === frame)
        #expect(encoder.frame(of: [0], .eventStream, for: other) !== frame)
    }

    @Test("whose viewer may read more is told to begin anew, then everything, then what is live")
    func gain() {
        let bench = Bench()
        bench.write("b", 9, bucket: "mine")
        bench.write("a", 10, bucket: "p")
        bench.write("c", 11, bucket: "theirs")
        let id = begin(bench, 0, publicOnly)
        let other = begin(bench, 1, publicOnly, user: "you")
        let length = bench.text(id).utf8.count
        change(bench, ["me": mine, "you": publicOnly])
        let text = news(bench, id, after: length)
        #expect(text.hasPrefix("event: reset\ndata: {\"reason\":\"access\"}\n\n"))
        #expect(collections(text) == ["b", "a"])
        #expect(Received(text).named == ["reset", "ready"])
        #expect(Received(text).lastID == cursor(10, mine, 3))
        #expect(bench.text(other).utf8.count == length, "nothing has changed for others")
        bench.write("b", 12, bucket: "mine")
        bench.fanOut.synchronize()
        #expect(collections(bench.text(id)).last == "b")
        #expect(bench.text(other).utf8.count == length)
    }

    @Test("whose viewer may read less keeps nothing of it, also over WebSocket")
    func loss() {
        let bench = Bench()
        bench.write("b", 9, bucket: "mine")
        bench.write("a", 8, bucket: "p")
        let id = begin(bench, 0, mine)
        _ = begin(bench, 1, mine, encoding: .webSocket)
        let length = bench.text(id).utf8.count
        let socketLength = bench.transport.sockets[1]?.received.count ?? 0
        change(bench, ["me": publicOnly])
        let text = news(bench, id, after: length)
        #expect(Received(text).named == ["reset", "ready"])
        #expect(collections(text) == ["a"])
        #expect(text.hasSuffix("data: {\"timestamp\":8}\n\n"))
        let frames = bench.transport.sockets[1]?.received.dropFirst(socketLength) ?? []
        let messages = String(decoding: frames, as: UTF8.self)
        #expect(messages.contains("{\"type\":\"reset\",\"reason\":\"access\"}"))
        #expect(messages.contains("\"collection\":\"a\"") && !messages.contains("\"mine\""))
        #expect(messages.contains("\"timestamp\":8}"))
        bench.write("b", 10, bucket: "mine")
        bench.fanOut.synchronize()
        #expect(news(bench, id, after: length) == text)
    }

    @Test("whose viewer may read the same is sent nothing")
    func unchanged() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        let id = begin(bench, 0, mine)
        let length = bench.text(id).utf8.count
        change(bench, ["me": Visibility(buckets: ["mine", "p"], collections: [])])
        #expect(bench.text(id).utf8.count == length)
    }

    @Test("is told of a deletion that takes its permission along, and not to begin anew")
    func deletion() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        bench.write("yours", 11, bucket: "shared")
        let id = begin(bench, 0, yours)
        let length = bench.text(id).utf8.count
        bench.write("yours", 12, bucket: "shared", deletes: true)
        change(bench, ["me": publicOnly])
        let text = news(bench, id, after: length)
        let received = Received(text)
        #expect(received.changes.map(\.isTombstone) == [true])
        #expect(received.named == ["ready"])
        // The cursor is good from then on: who resumes there is owed nothing.
        #expect(received.lastID == cursor(10, publicOnly, 3))
        let resumed = begin(bench, 1, publicOnly, cursor: received.lastID)
        #expect(Received(bench.text(resumed)).named == ["ready"])
        #expect(collections(bench.text(resumed)).isEmpty)
        bench.write("a", 13, bucket: "p")
        bench.fanOut.synchronize()
        #expect(collections(bench.text(id)).last == "a")
    }

    @Test("that lags is told to begin anew when it reads again, behind what was begun before")
    func lagging() {
        let bench = Bench()
        bench.write("b", 9, bucket: "mine")
        bench.write("a", 10, bucket: "p")
        let id = begin(bench, 0, mine, room: 40)
        change(bench, ["me": publicOnly])
        bench.write("b", 11, bucket: "mine")
        bench.write("a", 12, bucket: "p")
        bench.fanOut.synchronize()
        #expect(bench.text(id).utf8.count == 40, "its socket is full")
        if bench.transport.read(id, bytes: 1 << 20) { bench.fanOut.drained(id) }
        let parts = bench.text(id).split(separator: "event: reset", maxSplits: 1)
        #expect(parts.count == 2)
        let rest = String(parts.last ?? "")
        #expect(rest.hasPrefix("\ndata: {\"reason\":\"access\"}\n\n"))
        #expect(collections(rest) == ["a"])
        #expect(Received(rest).named == ["ready"])
        #expect(Received(rest).lastID == cursor(12, publicOnly, 4))
        bench.write("a", 13, bucket: "p")
        bench.fanOut.synchronize()
        #expect(collections(bench.text(id)).last == "a", "and is live then")
    }

    @Test("that lags is not told of a deletion that was its, nor of one that was another's")
    func laggingDeletion() {
        // A collection goes that could be read; a bucket that could not, and is one's own then.
        for (before, after) in [(yours, publicOnly), (publicOnly, mine)] {
            let bench = Bench()
            bench.write("yours", 11, bucket: "shared")
            bench.write("theirs", 11, bucket: "mine")
            let id = begin(bench, 0, before)
            let length = bench.text(id).utf8.count
            // The socket is full from now on.
            bench.transport.setRoom(id, 0)
            bench.write("a", 12, bucket: "p")
            bench.fanOut.synchronize()
            bench.write("yours", 13, bucket: "shared", deletes: true)
            bench.write("theirs", 14, bucket: "mine", deletes: true)
            change(bench, ["me": after])
            if bench.transport.read(id, bytes: 1 << 20) { bench.fanOut.drained(id) }
            let text = news(bench, id, after: length)
            #expect(Received(text).named == ["reset", "ready"])
            #expect(collections(text) == ["a"])
        }
    }

    @Test("is not told of others' deletions when a bucket with the same name is its viewer's")
    func formerBucket() {
        let bench = Bench()
        bench.write("theirs", 11, bucket: "mine")
        bench.write("a", 12, bucket: "p")
        let id = begin(bench, 0, publicOnly)
        let length = bench.text(id).utf8.count
        bench.write("theirs", 13, bucket: "mine", deletes: true)
        change(bench, ["me": mine])
        #expect(Received(news(bench, id, after: length)).named == ["ready"])
        #expect(!bench.text(id).contains("theirs"))
        for (slot, cursor) in [nil, "12", "10", cursor(12, publicOnly, 2)].enumerated() {
            let later = begin(bench, UInt32(slot + 1), mine, cursor: cursor)
            #expect(!bench.text(later).contains("theirs"))
        }
    }

    @Test("that is paced begins anew at once, and is told what comes later at its moment")
    func paced() {
        var configuration = StreamConfiguration(paceMilliseconds: 1_000)
        configuration.paceSlices = 2
        let bench = Bench(configuration: configuration)
        bench.write("a", 10, bucket: "p")
        bench.write("b", 11, bucket: "mine")
        bench.write("yours", 12, bucket: "shared")
        let ids = (0..<8).map { begin(bench, $0, mine) }
        let others = (8..<16).map { begin(bench, $0, yours, user: "you") }
        // Told to nobody yet: the end of what others could read.
        bench.write("yours", 13, bucket: "shared", deletes: true)
        let lengths = (ids + others).map { bench.text($0).utf8.count }
        change(bench, ["me": publicOnly, "you": publicOnly])
        for (id, length) in zip(ids + others, lengths) {
            let text = news(bench, id, after: length)
            #expect(Received(text).named == ["reset", "ready"])
            #expect(collections(text) == ["a"])
        }
        bench.write("b", 14, bucket: "mine")
        bench.write("a", 15, bucket: "p")
        bench.fanOut.synchronize()
        for _ in 0..<4 { bench.fanOut.paceTick() }
        for id in ids + others {
            #expect(collections(bench.text(id)).suffix(2) == ["a", "a"])
        }
        // Where the list stays the same, what was not told yet is.
        bench.write("a", 16, bucket: "p")
        let before = ids.map { bench.text($0).utf8.count }
        change(bench, ["me": Visibility(buckets: ["p", "empty"], collections: [])])
        for _ in 0..<4 { bench.fanOut.paceTick() }
        for (id, length) in zip(ids, before) {
            #expect(Received(news(bench, id, after: length)).named == ["ready"])
            #expect(collections(news(bench, id, after: length)) == ["a"])
        }
    }

    @Test("whose viewer's account is gone ends, and those of others go on")
    func end() {
        let bench = Bench()
        let ids = [begin(bench, 0, mine), begin(bench, 1, mine, user: "you")]
        bench.hub.publish(Commit(changesAccess: true))
        #expect(Set(bench.fanOut.accessesToCheck() ?? []) == [access("me"), access("you")])
        bench.fanOut.accessChecked(
            lost: [access("me")], visibilities: [Viewer(userID: "you"): mine])
        #expect(bench.transport.sockets[ids[0].slot]?.isEnded == true)
        #expect(bench.transport.sockets[ids[1].slot]?.isEnded == false)
    }

    @Test("ends when its viewer may read something else and the loop has no room for that")
    func noRoom() {
        let bench = Bench()
        let id = begin(bench, 0, mine)
        for number in 1..<Limits.channelsPerLoopMax {
            let filter = ChangeFilter(bucket: "b\(number)")
            _ = bench.subscribe(UInt32(number), filter: filter)
        }
        change(bench, ["me": publicOnly])
        #expect(bench.transport.sockets[0]?.isEnded == true)
        #expect(!bench.text(id).contains("reset"))
    }

    // MARK: Cursors and messages

    @Test("resumes with a cursor of what it may read; with another one it begins anew")
    func resuming() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        bench.write("b", 11, bucket: "mine")
        let exact = begin(bench, 0, mine, cursor: cursor(10, mine, 1))
        #expect(collections(bench.text(exact)) == ["b"])
        #expect(Received(bench.text(exact)).named == ["ready"])
        for other in [cursor(10, yours, 1), cursor(10, publicOnly, 2), "10.\(Bench.epoch).1"] {
            let id = begin(bench, 1, mine, cursor: other)
            #expect(bench.text(id).hasPrefix("event: reset\ndata: {\"reason\":\"access\"}\n\n"))
            #expect(collections(bench.text(id)) == ["a", "b"])
            bench.transport.close(id)
            bench.fanOut.closed(id)
        }
        let polled = begin(bench, 1, mine, cursor: "10")
        #expect(collections(bench.text(polled)) == ["b"])
    }

    @Test("does not tell by a reset which timestamps others' collections have")
    func probing() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        bench.write("gone", 20, bucket: "p", deletes: true)
        bench.write("secret", 1_000, bucket: "theirs")
        for (slot, timestamp) in [10, 20, 21, 999, 1_000, 1_001].enumerated() {
            let id = begin(bench, UInt32(slot), publicOnly, cursor: "\(timestamp)")
            let isReset = bench.text(id).contains("\"reason\":\"future\"")
            #expect(isReset == (timestamp > 20), "\(timestamp)")
        }
    }

    @Test("goes on showing what may be read when its filter is replaced")
    func replacing() {
        let bench = Bench()
        bench.write("a", 10, bucket: "p")
        bench.write("c", 11, bucket: "theirs")
        let id = begin(bench, 0, mine, filter: ChangeFilter(bucket: "mine"))
        #expect(bench.fanOut.replace(id, filter: .all, cursor: nil) == .done)
        #expect(collections(bench.text(id)) == ["a"])
        let filter = ChangeFilter(resources: [.bucket("theirs")])
        #expect(bench.fanOut.replace(id, filter: filter, cursor: nil) == .done)
        #expect(collections(bench.text(id)) == ["a"])
        change(bench, ["me": Visibility(buckets: ["theirs"], collections: [])])
        #expect(collections(bench.text(id)) == ["a", "c"], "and its filter stays")
    }

    @Test("has the timestamps of what it shows, after any changes", arguments: 0..<200)
    func timestamps(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = ChangeLog(epoch: Bench.epoch)
        var kept = VisibleTimestamps(of: mine, in: log)
        var highest: Timestamp?
        for turn in 0..<40 as Range<UInt64> {
            var entries: [Entry] = []
            for place in 0..<3 as Range<UInt64> where Bool.random(using: &random) {
                let bucket = ["p", "mine", "theirs"][Int.random(in: 0..<3, using: &random)]
                let change = Change(
                    path: CollectionPath(bucket: bucket, collection: "c\(place)"),
                    timestamp: Timestamp(milliseconds: Int64.random(in: 0..<9, using: &random)),
                    revision: Revision(turn * 3 + place + 1),
                    isTombstone: Int.random(in: 0..<4, using: &random) == 0)
                entries.append(Entry(id: "", change: change, host: ""))
            }
            log.apply(entries, head: Revision(turn * 3 + 3))
            kept.note(entries, of: mine, in: log)
            let shown = log.entries(after: .zero).filter { mine.shows($0.change.path) }
            let live = shown.filter { !$0.change.isTombstone }
            #expect(kept.newest == live.map(\.timestamp).max())
            let now = entries.filter { mine.shows($0.change.path) }.map(\.timestamp).max()
            highest = [highest, now].compactMap { $0 }.max()
            #expect(kept.highest == highest)
        }
    }
}
