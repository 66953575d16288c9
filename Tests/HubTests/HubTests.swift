// SPDX-License-Identifier: MIT

import Core
import Synchronization
import Testing

@testable import Hub

@Suite("The hub")
struct HubTests {
    func makeHub(log: [Change] = []) -> Hub {
        Hub(epoch: Fixture.epoch, host: "h", log: log) { $0.bucket == "b" }
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

    @Test("wakes loops for monitored changes only, and gives each what it lacks, conflated")
    func publishing() {
        let hub = makeHub()
        let wakes = Mutex(0)
        var log = hub.attach { wakes.withLock { $0 += 1 } }
        hub.publish([change("x", 1, 10, bucket: "other")])
        #expect(wakes.withLock { $0 } == 0)
        #expect(hub.announced == .zero)
        hub.publish([change("c", 2, 11)])
        hub.publish([change("d", 3, 12), change("c", 4, 13)])
        #expect(wakes.withLock { $0 } == 2)
        #expect(hub.announced == Revision(4))
        let (entries, head) = hub.changes(after: log.head)
        #expect(entries.map(\.change.revision) == [Revision(3), Revision(4)])
        log.apply(entries, head: head)
        #expect(log.head == Revision(4))
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
        hub.publish([change("c", 1, 10), change("d", 2, 11)])
        #expect(hub.monitoredEntries().entries.map(\.change.path.collection) == ["d", "c"])
        hub.publish([change("d", 3, 20, isTombstone: true)])
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
