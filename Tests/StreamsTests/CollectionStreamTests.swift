// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

@Suite("A stream of one collection")
struct CollectionStreamTests {
    private let path = CollectionPath(bucket: "private", collection: "c")
    private let other = CollectionPath(bucket: "private", collection: "d")

    @Test("tells what the monitor feed does not: each change of a collection not monitored")
    func lifetime() {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        bench.write("d", 11, bucket: "private")
        bench.write("c", 12, bucket: "b")
        let id = bench.subscribe(0, channel: .collection(path))
        let monitor = bench.subscribe(1)
        #expect(bench.revisions(id) == [1])
        #expect(bench.text(id).hasSuffix("event: ready\ndata: {\"timestamp\":10}\n\n"))
        #expect(Received(bench.text(id)).lastID == "10.\(Bench.epoch).3")
        bench.write("c", 13, bucket: "private")
        bench.write("d", 14, bucket: "private")
        bench.fanOut.synchronize()
        #expect(bench.revisions(id) == [1, 4])
        #expect(Received(bench.text(id)).lastID == "13.\(Bench.epoch).4")
        #expect(bench.revisions(monitor) == [3])
        // What resumes there is owed what came later, as on the monitor feed.
        let late = bench.subscribe(
            2, channel: .collection(path), cursor: "10.\(Bench.epoch).1")
        #expect(bench.revisions(late) == [4])
    }

    @Test("goes on when the collection is deleted, and tells when there is one again")
    func deletion() {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        let id = bench.subscribe(0, channel: .collection(path))
        bench.write("c", 11, bucket: "private", deletes: true)
        bench.fanOut.synchronize()
        bench.write("c", 12, bucket: "private")
        bench.fanOut.synchronize()
        let changes = Received(bench.text(id)).changes
        #expect(changes.map(\.isTombstone) == [false, true, false])
    }

    @Test(
        "with a cursor that cannot be right gets reset and the newest entry",
        arguments: [("11", "future"), ("1.ffffffffffff.1", "epoch"), ("x", "malformed")])
    func reset(cursor: String, reason: String) {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        // Other collections' timestamps say nothing about this one's.
        bench.write("d", 99, bucket: "private")
        let id = bench.subscribe(0, channel: .collection(path), cursor: cursor)
        #expect(bench.text(id).hasPrefix("event: reset\ndata: {\"reason\":\"\(reason)\"}\n\n"))
        #expect(bench.revisions(id) == [1])
    }

    @Test("has no filter to replace, but can be begun anew from another cursor")
    func replacing() {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        let id = bench.subscribe(0, channel: .collection(path))
        let filter = ChangeFilter(bucket: "b")
        #expect(bench.fanOut.replace(id, filter: filter, cursor: nil) == .hasNoFilter)
        #expect(bench.fanOut.replace(id, filter: .all, cursor: nil) == .done)
        #expect(bench.revisions(id) == [1, 1])
    }

    // MARK: Permissions

    private func access(_ user: String, _ path: CollectionPath) -> StreamAccess {
        StreamAccess(viewer: Viewer(userID: user), path: path)
    }

    private func grant(_ access: StreamAccess, _ bench: Bench) -> StreamGrant {
        StreamGrant(access: access, changes: bench.hub.accessChanges)
    }

    private func begin(
        _ bench: Bench, _ slot: UInt32, _ access: StreamAccess,
        encoding: StreamEncoding = .eventStream
    ) -> StreamID {
        bench.subscribe(
            slot, encoding: encoding, channel: .collection(access.path ?? path),
            grant: grant(access, bench))
    }

    @Test("ends when its permission is gone, those of others go on; each is asked for once")
    func revocation() {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        let (mine, yours) = (access("me", path), access("you", path))
        let ended = [begin(bench, 0, mine), begin(bench, 1, mine, encoding: .webSocket)]
        let kept = [begin(bench, 2, yours), begin(bench, 3, access("me", other))]
        #expect(bench.fanOut.accessesToCheck() == nil, "nothing has changed")
        bench.hub.publish(Commit(changesAccess: true))
        let asked = bench.fanOut.accessesToCheck()
        #expect(asked?.count == 3)
        #expect(Set(asked ?? []) == [mine, yours, access("me", other)])
        bench.fanOut.accessChecked(lost: [mine])
        for id in ended { #expect(bench.transport.sockets[id.slot]?.isEnded == true) }
        for id in kept { #expect(bench.transport.sockets[id.slot]?.isEnded == false) }
        let close = WebSocketFrameEncoder.close(.policyViolation, reason: "permission lost")
        let received = bench.transport.sockets[1]?.received ?? []
        #expect(received.suffix(close.count).elementsEqual(close))
        bench.write("c", 11, bucket: "private")
        bench.fanOut.synchronize()
        #expect(bench.revisions(ended[0]) == [1])
        #expect(bench.revisions(kept[0]) == [1, 2])
    }

    @Test("is checked at once if permissions changed between its admission and its beginning")
    func race() {
        let bench = Bench()
        let mine = access("me", path)
        let admitted = grant(mine, bench)
        bench.hub.publish(Commit(changesAccess: true))
        #expect(bench.fanOut.accessesToCheck() == nil, "no stream lives by a permission yet")
        _ = bench.subscribe(0, channel: .collection(path), grant: admitted)
        #expect(bench.fanOut.accessesToCheck() == [mine])
    }

    @Test("is checked again after a change during a check, and after one that was not answered")
    func again() {
        let bench = Bench()
        _ = begin(bench, 0, access("me", path))
        bench.hub.publish(Commit(changesAccess: true))
        #expect(bench.fanOut.accessesToCheck() != nil)
        bench.hub.publish(Commit(changesAccess: true))
        #expect(bench.fanOut.accessesToCheck() == nil, "one check at a time")
        bench.fanOut.accessChecked(lost: [])
        #expect(bench.fanOut.accessesToCheck() == nil, "and a pause after each")
        bench.fanOut.accessPauseEnded()
        #expect(bench.fanOut.accessesToCheck() != nil)
        bench.fanOut.accessChecked(lost: nil)
        bench.fanOut.accessPauseEnded()
        #expect(bench.fanOut.accessesToCheck() != nil)
        bench.fanOut.accessChecked(lost: [])
        bench.fanOut.accessPauseEnded()
        #expect(bench.fanOut.accessesToCheck() == nil)
    }

    @Test("that is lagging when its permission goes gets nothing more")
    func lagging() {
        let bench = Bench()
        bench.write("c", 10, bucket: "private")
        let mine = access("me", path)
        let id = bench.subscribe(
            0, room: 20, channel: .collection(path), grant: grant(mine, bench))
        bench.write("c", 11, bucket: "private")
        bench.hub.publish(Commit(changesAccess: true))
        bench.fanOut.synchronize()
        #expect(bench.fanOut.accessesToCheck() == [mine])
        bench.fanOut.accessChecked(lost: [mine])
        if bench.transport.read(id, bytes: 10_000) { bench.fanOut.drained(id) }
        #expect(bench.revisions(id) == [1])
        #expect(bench.transport.sockets[0]?.isEnded == true)
    }

    @Test("that leaves leaves no permission behind")
    func leaving() {
        let bench = Bench()
        let mine = access("me", path)
        let ids = [begin(bench, 0, mine), begin(bench, 1, mine)]
        for id in ids { bench.fanOut.closed(id) }
        bench.hub.publish(Commit(changesAccess: true))
        #expect(bench.fanOut.accessesToCheck() == nil)
        _ = begin(bench, 2, access("you", path))
        #expect(bench.fanOut.accessesToCheck() == nil, "it began after the change")
    }
}
