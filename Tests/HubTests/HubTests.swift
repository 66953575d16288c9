// SPDX-License-Identifier: MIT

import Core
import Synchronization
import Testing

@testable import Hub

@Suite("The hub")
struct HubTests {
    func makeHub(
        log: [Change] = [], rewrites: [CollectionPath: Revision] = [:]
    ) -> Hub {
        Hub(epoch: Fixture.epoch, host: "h", log: log, rewrites: rewrites) { $0.bucket == "b" }
    }

    func change(
        _ collection: String, _ revision: UInt64, _ timestamp: Int64, bucket: String = "b",
        isTombstone: Bool = false
    ) -> Change {
        Change(
            path: CollectionPath(bucket: bucket, collection: collection),
            timestamp: Timestamp(milliseconds: timestamp), revision: Revision(revision),
            isTombstone: isTombstone)
    }

    @Test("wakes loops, and gives each what it lacks, conflated, the monitored apart")
    func publishing() {
        let hub = makeHub()
        let wakes = Mutex(0)
        var (loop, log) = hub.attach { wakes.withLock { $0 += 1 } }
        hub.setListening(true, loop: loop)
        hub.publish(Commit(changes: [change("x", 1, 10, bucket: "other")]))
        #expect(hub.announced == Revision(1))
        hub.publish(Commit(changes: [change("c", 2, 11)]))
        hub.publish(Commit(changes: [change("d", 3, 12), change("c", 4, 13)]))
        #expect(wakes.withLock { $0 } == 3)
        #expect(hub.announced == Revision(4))
        let news = hub.news(after: log.head)
        #expect(news.monitored.map(\.change.revision) == [Revision(3), Revision(4)])
        #expect(news.others.map(\.change.revision) == [Revision(1)])
        log.apply(news.monitored, head: news.head)
        #expect(log.head == Revision(4))
        #expect(hub.monitoredEntries().entries.map(\.change.path.bucket) == ["b", "b"])
        let other = change("x", 1, 10, bucket: "other")
        #expect(hub.news(after: Revision(4), with: other.path).entry?.change == other)
    }

    @Test("wakes only the loops that listen, and only as long as they do")
    func listening() {
        let hub = makeHub()
        let wakes = Mutex([0, 0])
        let loops = (0..<2).map { number in hub.attach { wakes.withLock { $0[number] += 1 } }.loop }
        hub.publish(Commit(changes: [change("c", 1, 10)]))
        #expect(wakes.withLock { $0 } == [0, 0])
        hub.setListening(true, loop: loops[1])
        hub.publish(Commit(changes: [change("c", 2, 11)]))
        hub.publish(Commit(changesAccess: true))
        hub.noteAccessChange()
        #expect(wakes.withLock { $0 } == [0, 3])
        hub.setListening(false, loop: loops[1])
        hub.setListening(true, loop: loops[0])
        hub.publish(Commit(changes: [change("c", 3, 12)]))
        #expect(wakes.withLock { $0 } == [1, 3])
    }

    @Test("has for each collection the last commit that wrote to it in any way")
    func stamps() {
        let hub = makeHub()
        let one = CollectionPath(bucket: "b", collection: "c")
        let other = CollectionPath(bucket: "other", collection: "x")
        #expect(hub.stamp(of: one) == 0)
        var stamps = [hub.stamp(of: one)]
        for commit in [
            Commit(changes: [change("c", 1, 10)]), Commit(rewritten: [one]),
            Commit(touched: [one]),
        ] {
            hub.publish(commit)
            stamps.append(hub.stamp(of: one))
            hub.publish(Commit(changesAccess: true))
            hub.publish(Commit(touched: [other]))
            #expect(hub.stamp(of: one) == stamps.last)
        }
        #expect(Set(stamps).count == 4 && stamps == stamps.sorted())
        #expect(hub.stamp(of: other) > hub.stamp(of: one))
    }

    @Test("counts the commits that change who may read what, and wakes loops for them")
    func access() {
        let hub = makeHub()
        let wakes = Mutex(0)
        let loop = hub.attach { wakes.withLock { $0 += 1 } }.loop
        hub.setListening(true, loop: loop)
        hub.publish(Commit(changes: [change("c", 1, 11)]))
        #expect(hub.accessChanges == 0)
        hub.publish(Commit(changesAccess: true))
        #expect(hub.accessChanges == 1)
        #expect(wakes.withLock { $0 } == 2)
    }

    @Test("counts changes of who may read what that no commit made, too")
    func accessWithoutCommit() {
        let hub = makeHub()
        let wakes = Mutex(0)
        let loop = hub.attach { wakes.withLock { $0 += 1 } }.loop
        hub.setListening(true, loop: loop)
        hub.noteAccessChange()
        #expect(hub.accessChanges == 1)
        #expect(wakes.withLock { $0 } == 1)
    }

    @Test("knows from where on timestamps tell what happened in a collection")
    func order() {
        let path = change("c", 0, 0).path
        let hub = makeHub(log: [change("c", 5, 11)], rewrites: [path: Revision(4)])
        #expect(!hub.isOrdered(path, after: Revision(4)), "as the storage knew")
        #expect(hub.isOrdered(path, after: Revision(5)))
        #expect(hub.isOrdered(change("d", 0, 0).path, after: .zero))
        // A write with a timestamp from the past is no change.
        hub.publish(Commit(rewritten: [path]))
        #expect(!hub.isOrdered(path, after: Revision(5)))
        hub.publish(Commit(changes: [change("c", 6, 12)]))
        #expect(!hub.isOrdered(path, after: Revision(5)))
        #expect(hub.isOrdered(path, after: Revision(6)))
        // One in a commit that also changed the collection: who has the change has both.
        hub.publish(Commit(changes: [change("c", 7, 13)], rewritten: [path]))
        #expect(!hub.isOrdered(path, after: Revision(6)))
        #expect(hub.isOrdered(path, after: Revision(7)))
    }

    @Test("starts from the storage's log, with a head that counts unmonitored changes too")
    func start() {
        let hub = makeHub(log: [change("c", 3, 11), change("x", 9, 12, bucket: "other")])
        #expect(hub.announced == Revision(9))
        #expect(hub.monitoredEntries().entries.count == 1)
        #expect(hub.monitoredEntries().timestamp == Timestamp(milliseconds: 11))
    }

    @Test("lists live entries anew after each change")
    func listing() {
        let hub = makeHub()
        #expect(hub.monitoredEntries().timestamp == nil)
        hub.publish(Commit(changes: [change("c", 1, 10), change("d", 2, 11)]))
        #expect(hub.monitoredEntries().entries.map(\.change.path.collection) == ["d", "c"])
        hub.publish(Commit(changes: [change("d", 3, 20, isTombstone: true)]))
        #expect(hub.monitoredEntries().entries.map(\.change.path.collection) == ["c"])
        #expect(hub.monitoredEntries().timestamp == Timestamp(milliseconds: 10))
    }
}

@Suite("A filter")
struct ChangeFilterTests {
    let path = CollectionPath(bucket: "main", collection: "one")

    @Test("passes what all of its conditions allow")
    func conditions() {
        #expect(ChangeFilter.all.matches(path))
        #expect(ChangeFilter(bucket: "main").matches(path))
        #expect(!ChangeFilter(bucket: "other").matches(path))
        #expect(ChangeFilter(collection: "one").matches(path))
        #expect(!ChangeFilter(bucket: "main", collection: "two").matches(path))
        #expect(ChangeFilter(resources: [.bucket("main")]).matches(path))
        #expect(ChangeFilter(resources: [.bucket("x"), .collection(path)]).matches(path))
        #expect(!ChangeFilter(resources: [.bucket("x")]).matches(path))
        #expect(!ChangeFilter(bucket: "x", resources: [.bucket("main")]).matches(path))
    }

    @Test("with an empty list of resources passes nothing, without one everything")
    func emptiness() {
        #expect(!ChangeFilter(resources: []).matches(path))
        #expect(ChangeFilter(resources: nil).matches(path))
    }
}
