// SPDX-License-Identifier: MIT

import Core
import Hub
import Synchronization
import Testing

private func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1_000) }

@Suite("The debounce of broadcasts")
struct DebounceTests {
    @Test("has nothing to emit before the first version, and emits that at once")
    func first() {
        var debounce = Debounce(intervalSeconds: 300)
        #expect(debounce.decision(at: at(1_000)) == .nothing)
        debounce.note(at(990))
        #expect(debounce.decision(at: at(1_000)) == .emit(at(990)))
    }

    @Test("counts from the last emission, whatever the timestamps of the changes are")
    func emissionClock() {
        var debounce = Debounce(intervalSeconds: 300)
        debounce.note(at(10))
        debounce.emitted(at(10), at: at(1_000))
        #expect(debounce.decision(at: at(5_000)) == .nothing)
        debounce.note(at(9_000))
        let expected: [(Int64, Debounce.Decision)] = [
            (1_001, .wait(milliseconds: 299_000)), (1_299, .wait(milliseconds: 1_000)),
            (1_300, .emit(at(9_000))), (2_000, .emit(at(9_000))),
        ]
        for (seconds, decision) in expected {
            #expect(debounce.decision(at: at(seconds)) == decision)
        }
    }

    @Test("never emits a version below the last, nor the same again")
    func backwards() {
        var debounce = Debounce(intervalSeconds: 300, last: (at(1_000), at(1_000)))
        debounce.note(at(900))
        #expect(debounce.decision(at: at(500_000)) == .nothing)
        debounce.note(at(1_000))
        #expect(debounce.decision(at: at(500_000)) == .nothing)
    }

    @Test("waits no longer than the interval when the clock was set back")
    func clockSetBack() {
        var debounce = Debounce(intervalSeconds: 300, last: (at(1_000), at(1_000_000)))
        debounce.note(at(1_001))
        #expect(debounce.decision(at: at(2_000)) == .wait(milliseconds: 300_000))
    }

    @Test("without an interval emits every version")
    func noInterval() {
        var debounce = Debounce(intervalSeconds: 0, last: (at(1), at(50)))
        debounce.note(at(2))
        #expect(debounce.decision(at: at(50)) == .emit(at(2)))
    }
}

/// What an emitter did, and the time.
private final class World: Sendable {
    private struct State {
        var now: Int64 = 1_000
        var persisted: [Broadcast] = []
        var completions: [@Sendable (Bool) -> Void] = []
        var timers: [(Int64, @Sendable () -> Void)] = []
        var questions: [@Sendable (Visibility?) -> Void] = []
    }

    private let state = Mutex(State())

    var versions: [String] { state.withLock { $0.persisted.map(\.version) } }
    var waits: [Int64] { state.withLock { $0.timers.map(\.0) } }

    func advance(_ seconds: Int64) { state.withLock { $0.now += seconds } }

    /// The storage has taken what it was given, or not.
    func complete(_ isDone: Bool = true) {
        let completions = state.withLock { state in
            defer { state.completions = [] }
            return state.completions
        }
        for completion in completions { completion(isDone) }
    }

    func fire() {
        let timers = state.withLock { state in
            defer { state.timers = [] }
            return state.timers
        }
        for timer in timers { timer.1() }
    }

    /// How often it was asked what everyone may read, and not answered yet.
    var questions: Int { state.withLock { $0.questions.count } }

    /// Tells what everyone may read.
    func answer(_ buckets: Set<String>?) {
        let questions = state.withLock { state in
            defer { state.questions = [] }
            return state.questions
        }
        let visibility = buckets.map { Visibility(buckets: $0, collections: []) }
        for question in questions { question(visibility) }
    }

    func emitter(
        _ log: [Change] = [], last: Broadcast? = nil, isPrivate: Bool = false
    ) -> BroadcastEmitter {
        let find: BroadcastEmitter.Actions.FindPublic = { question in
            self.state.withLock { $0.questions.append(question) }
        }
        return makeEmitter(log, last: last, findPublic: isPrivate ? find : nil)
    }

    private func makeEmitter(
        _ log: [Change], last: Broadcast?, findPublic: BroadcastEmitter.Actions.FindPublic?
    ) -> BroadcastEmitter {
        BroadcastEmitter(
            intervalSeconds: 300, log: log, last: last, isMonitored: { $0.bucket != "other" },
            actions: .init(
                clock: { at(self.state.withLock { $0.now }) },
                schedule: { milliseconds, body in
                    self.state.withLock { $0.timers.append((milliseconds, body)) }
                },
                persist: { broadcast, completion in
                    self.state.withLock {
                        $0.persisted.append(broadcast)
                        $0.completions.append(completion)
                    }
                }, findPublic: findPublic))
    }
}

@Suite("The emitter of broadcasts")
struct BroadcastEmitterTests {
    private func change(
        _ timestamp: Int64, bucket: String = "b", collection: String = "c", deletes: Bool = false
    ) -> Change {
        Change(
            path: CollectionPath(bucket: bucket, collection: collection),
            timestamp: Timestamp(milliseconds: timestamp), revision: Revision(1),
            isTombstone: deletes)
    }

    @Test("emits a first change at once, and the newest of a burst when the interval ends")
    func trailing() {
        let world = World()
        let emitter = world.emitter()
        emitter.start()
        #expect(world.versions == [])
        emitter.note(Commit(changes: [change(10)]))
        world.complete()
        for timestamp in Int64(11)...20 { emitter.note(Commit(changes: [change(timestamp)])) }
        #expect(world.versions == ["\"10\""])
        #expect(world.waits == [300_000], "one timer, however many changes")
        world.advance(300)
        world.fire()
        #expect(world.versions == ["\"10\"", "\"20\""])
        world.complete()
        world.advance(1_000)
        #expect(world.waits == [])
    }

    @Test("writes one announcement at a time, and what came meanwhile after the interval")
    func oneAtATime() {
        let world = World()
        let emitter = world.emitter()
        emitter.note(Commit(changes: [change(10)]))
        emitter.note(Commit(changes: [change(11)]))
        #expect(world.versions == ["\"10\""])
        world.complete()
        #expect(world.waits == [300_000])
    }

    @Test("tries again when the storage could not take an announcement")
    func failure() {
        let world = World()
        let emitter = world.emitter()
        emitter.note(Commit(changes: [change(10)]))
        world.complete(false)
        #expect(world.waits == [Limits.broadcastRetryMilliseconds])
        emitter.note(Commit(changes: [change(11)]))
        world.complete(false)
        #expect(world.waits == [Limits.broadcastRetryMilliseconds], "one timer is enough")
        world.fire()
        #expect(world.versions.last == "\"11\"")
        emitter.stop()
        world.complete(false)
        #expect(world.waits == [])
    }

    @Test("goes on after a restart with the emission that was remembered")
    func restart() {
        let world = World()
        let last = Broadcast(id: Broadcast.monitorChangesID, version: "\"10\"", time: at(900))
        world.emitter([change(10)], last: last).start()
        #expect(world.versions == [])
        #expect(world.waits == [])
        let emitter = world.emitter([change(10), change(12)], last: last)
        emitter.start()
        #expect(world.versions == [])
        #expect(world.waits == [200_000])
        world.advance(200)
        world.fire()
        #expect(world.versions == ["\"12\""])
    }

    @Test("measures what waits by another interval as soon as it is set")
    func otherInterval() {
        let world = World()
        let emitter = world.emitter()
        emitter.note(Commit(changes: [change(10)]))
        world.complete()
        emitter.note(Commit(changes: [change(11)]))
        world.advance(50)
        emitter.setInterval(seconds: 400)
        #expect(world.waits == [300_000, 350_000])
        emitter.setInterval(seconds: 60)
        #expect(world.waits == [300_000, 350_000, 10_000])
        world.advance(10)
        world.fire()
        #expect(world.versions == ["\"10\"", "\"11\""], "the timers that were given up do nothing")
        world.complete()
        emitter.note(Commit(changes: [change(12)]))
        #expect(world.waits == [60_000])
        emitter.setInterval(seconds: 0)
        #expect(world.versions.last == "\"12\"")
    }

    @Test("passes over what not everyone may read, which it asks for when permissions change")
    func publicPart() {
        let world = World()
        let log = [change(10, bucket: "p"), change(12, bucket: "q"), change(15, bucket: "secret")]
        let emitter = world.emitter(log, isPrivate: true)
        emitter.start()
        #expect(world.versions == [])
        // What comes before the answer counts, what ends before it does not.
        emitter.note(Commit(changes: [change(11, bucket: "p"), change(16, bucket: "secret")]))
        emitter.note(Commit(changes: [change(13, bucket: "q", deletes: true)]))
        #expect(world.questions == 1)
        world.answer(["p", "q"])
        #expect(world.versions == ["\"11\""])
        world.complete()
        world.advance(300)
        emitter.note(Commit(changes: [change(17, bucket: "secret")]))
        #expect(world.questions == 0)
        #expect(world.versions.count == 1)
        emitter.note(Commit(changes: [change(18, bucket: "p")], changesAccess: true))
        #expect(world.versions.count == 1, "it may have been public only before")
        world.answer(["secret"])
        #expect(world.versions.last == "\"17\"")
    }

    @Test("asks again when permissions change before the answer, and when there is none")
    func publicPartAgain() {
        let world = World()
        let emitter = world.emitter([change(10)], isPrivate: true)
        emitter.start()
        emitter.note(Commit(changesAccess: true))
        #expect(world.questions == 1)
        world.answer(["b"])
        #expect(world.versions == [])
        #expect(world.questions == 1)
        world.answer(nil)
        #expect(world.questions == 0)
        #expect(world.waits == [Limits.broadcastRetryMilliseconds])
        world.fire()
        world.answer(["b"])
        #expect(world.versions == ["\"10\""])
        emitter.stop()
        emitter.note(Commit(changesAccess: true))
        #expect(world.questions == 0)
    }

    @Test("asks anew, in another way, what everyone may read when settings change")
    func otherPublicPart() {
        let world = World()
        let log = [change(10, bucket: "p"), change(12, bucket: "secret")]
        let emitter = world.emitter(log, isPrivate: true)
        emitter.start()
        let asked = Mutex<[@Sendable (Visibility?) -> Void]>([])
        emitter.setPublic { question in asked.withLock { $0.append(question) } }
        #expect(asked.withLock { $0.count } == 0, "one question at a time")
        world.answer(["p", "secret"])
        #expect(world.versions == [], "that was by the settings of before")
        let questions = asked.withLock { $0 }
        #expect(questions.count == 1)
        questions.first?(Visibility(buckets: ["p"], collections: []))
        #expect(world.versions == ["\"10\""])
        world.complete()
        world.advance(300)
        emitter.note(Commit(changes: [change(13, bucket: "secret")], changesAccess: true))
        #expect(asked.withLock { $0.count } == 2)
        #expect(world.questions == 0)
    }

    @Test("has nothing to ask where everyone may read everything, whatever changes")
    func everythingPublic() {
        let world = World()
        let emitter = world.emitter([change(10)])
        emitter.setPublic { $0(.nothing) }
        emitter.start()
        #expect(world.versions == ["\"10\""])
    }

    @Test("passes over what is not monitored, what ended, and names with -preview anywhere")
    func previews() {
        let world = World()
        let emitter = world.emitter()
        for change in [
            change(1, bucket: "other"), change(2, bucket: "b-preview"),
            change(3, collection: "c-preview"), change(4, deletes: true),
            change(5, bucket: "b-preview-2"), change(6, collection: "-previews"),
        ] {
            emitter.note(Commit(changes: [change]))
        }
        #expect(world.versions == [])
        emitter.note(Commit(changes: [change(7, collection: "preview")]))
        #expect(world.versions == ["\"7\""])
    }
}

@Suite("The table of broadcasts")
struct BroadcastTableTests {
    @Test("owes who knows a number the newest version of each broadcast above it")
    func owed() {
        var table = BroadcastTable()
        for (id, version) in [("a", "1"), ("b", "1"), ("a", "2"), ("a", "2")] {
            table.publish(Broadcast(id: id, version: version, time: .zero))
        }
        #expect(table.head == 3)
        #expect(table.count == 2)
        #expect(table.entries(after: 0).map(\.id) == ["b", "a"])
        #expect(table.entries(after: 2).map(\.version) == ["2"])
        #expect(table.entries(after: 3) == [])
        #expect(table.all.map(\.id) == ["a", "b"])
        #expect(table.version(of: "a") == "2")
        #expect(table.version(of: "c") == nil)
    }

    @Test("is the hub's, which wakes the loops for it")
    func hub() {
        let known = Broadcast(id: "a", version: "1", time: .zero)
        let hub = Hub(epoch: Epoch(randomBits: 1), host: "h", log: [], broadcasts: [known]) { _ in
            true
        }
        let woken = Mutex(0)
        let loop = hub.attach { woken.withLock { $0 += 1 } }.loop
        hub.setListening(true, loop: loop)
        #expect(hub.broadcasts(after: 0)?.version(of: "a") == "1")
        #expect(hub.broadcasts(after: 1) == nil)
        hub.publish(Commit(broadcasts: [Broadcast(id: "a", version: "2", time: .zero)]))
        #expect(woken.withLock { $0 } == 1)
        #expect(hub.broadcasts(after: 1)?.version(of: "a") == "2")
    }
}
