// SPDX-License-Identifier: MIT
//
// The hub keeps the newest entry of every collection. Loops copy only the log of the monitored
// ones, which every stream of the monitor feed reads; of the others, which may be many more, a loop
// keeps the entries of those that it has streams of.

import Core
import Synchronization

/// The internal publish/subscribe hub: takes committed changes, keeps the newest of each
/// collection, and wakes the loops, each of which is a subscriber of the hub with a cursor of its
/// own.
///
/// Nothing is queued per loop either: a loop that was busy asks for what is after its head and
/// gets the newest entries, whatever number of commits they cover.
package final class Hub: Sendable {
    /// The revision that loops have been told of; a loop below it must ask for `news(after:)`
    /// before it answers (DESIGN, invariant I2).
    private let announcedNumber: Atomic<UInt64>
    private let accessNumber = Atomic<UInt64>(0)
    private let commitNumber = Atomic<UInt64>(0)
    private let broadcastNumber: Atomic<UInt64>
    private let state: Mutex<State>
    private let host: String
    private let isMonitored: @Sendable (CollectionPath) -> Bool

    /// A loop that learns of changes from the hub.
    private struct AttachedLoop: Sendable {
        let wake: @Sendable () -> Void
        var listens = false
    }

    private struct State: Sendable {
        var monitored: ChangeLog
        var others: ChangeLog
        var loops: [AttachedLoop] = []
        /// Up to which revision a collection's timestamps do not tell what happened in it.
        var rewritten: [CollectionPath: Revision] = [:]
        var broadcasts = BroadcastTable()
        /// How many commits wrote to a collection or its metadata.
        var commits: UInt64 = 0
        /// Which of them was the last that wrote to a collection.
        var stamps: [CollectionPath: UInt64] = [:]
        /// The live entries as polls show them, made at the first question after a change.
        var listed: [Entry]?

        /// How the loops are woken that listen.
        var wakers: [@Sendable () -> Void] {
            loops.compactMap { $0.listens ? $0.wake : nil }
        }

        /// Notes what a commit wrote to.
        mutating func stamp(_ commit: Commit) {
            guard !commit.changes.isEmpty || !commit.rewritten.isEmpty || !commit.touched.isEmpty
            else { return }
            commits += 1
            for change in commit.changes { stamps[change.path] = commits }
            for path in commit.rewritten { stamps[path] = commits }
            for path in commit.touched { stamps[path] = commits }
        }

        mutating func append(_ change: Change, host: String, isMonitored: Bool) {
            if isMonitored {
                let id =
                    monitored.entry(of: change.path)?.id
                    ?? Entry.makeID(host: host, path: change.path)
                monitored.append(Entry(id: id, change: change, host: host))
                listed = nil
            } else {
                others.append(Entry(unrendered: change, host: host))
            }
            monitored.advance(to: change.revision)
            others.advance(to: change.revision)
        }
    }

    /// Makes a hub of the log that the storage kept.
    ///
    /// - Parameters:
    ///   - epoch: The identity of the history.
    ///   - host: The name that entries carry (`changes.http_host`).
    ///   - log: The changes of all collections by ascending revision.
    ///   - rewrites: Up to which revision a collection's timestamps do not tell what happened.
    ///   - broadcasts: The broadcasts that the storage kept.
    ///   - isMonitored: Whether a collection is shown by the monitor feed.
    /// - Complexity: O(*n*).
    package init(
        epoch: Epoch, host: String, log changes: [Change],
        rewrites: [CollectionPath: Revision] = [:], broadcasts: [Broadcast] = [],
        isMonitored: @escaping @Sendable (CollectionPath) -> Bool
    ) {
        self.host = host
        self.isMonitored = isMonitored
        var state = State(monitored: ChangeLog(epoch: epoch), others: ChangeLog(epoch: epoch))
        for change in changes {
            state.append(change, host: host, isMonitored: isMonitored(change.path))
        }
        for broadcast in broadcasts { state.broadcasts.publish(broadcast) }
        state.monitored.checkInvariants()
        state.others.checkInvariants()
        state.rewritten = rewrites
        announcedNumber = Atomic(state.monitored.head.number)
        broadcastNumber = Atomic(state.broadcasts.head)
        self.state = Mutex(state)
    }

    /// The newest revision that was announced.
    package var announced: Revision {
        Revision(announcedNumber.load(ordering: .acquiring))
    }

    /// How many commits changed who may read what. Who decided on a permission when this was
    /// lower must decide again.
    package var accessChanges: UInt64 { accessNumber.load(ordering: .acquiring) }

    /// How many commits wrote to a collection's records or metadata since the start; it moves
    /// before any such write is answered.
    package var commits: UInt64 { commitNumber.load(ordering: .acquiring) }

    /// Which commit, by a number of the hub's own, was the last that wrote to the records of a
    /// collection or to its metadata; 0 if there was none since the start.
    ///
    /// What was read of the collection after this was asked for is right as long as this stays: it
    /// moves before any write is answered.
    package func stamp(of path: CollectionPath) -> UInt64 {
        state.withLock { $0.stamps[path] ?? 0 }
    }

    /// Announces a commit and wakes the loops.
    ///
    /// Called by the storage's writer after each durable commit, before the writes are answered.
    ///
    /// - Complexity: O(number of changes + number of loops).
    package func publish(_ commit: Commit) {
        let wakers = state.withLock { state -> [@Sendable () -> Void] in
            for change in commit.changes {
                state.append(change, host: host, isMonitored: isMonitored(change.path))
            }
            state.stamp(commit)
            for (path, revision) in commit.rewrites(head: state.monitored.head) {
                state.rewritten[path] = revision
            }
            commitNumber.store(state.commits, ordering: .releasing)
            if commit.changesAccess { accessNumber.add(1, ordering: .releasing) }
            announcedNumber.store(state.monitored.head.number, ordering: .releasing)
            for broadcast in commit.broadcasts { state.broadcasts.publish(broadcast) }
            broadcastNumber.store(state.broadcasts.head, ordering: .releasing)
            let isNews =
                !commit.changes.isEmpty || commit.changesAccess || !commit.broadcasts.isEmpty
            return isNews ? state.wakers : []
        }
        for wake in wakers { wake() }
    }

    /// Announces that who may read what may have changed otherwise than by a commit.
    ///
    /// - Complexity: O(number of loops).
    package func noteAccessChange() {
        accessNumber.add(1, ordering: .releasing)
        for wake in state.withLock({ $0.wakers }) { wake() }
    }

    /// Registers a loop, and gives it the log of the monitored collections.
    ///
    /// - Parameter wake: Called from the writer's thread for news, while the loop listens.
    /// - Returns: The loop's number, and the log. The loop does not listen yet.
    package func attach(wake: @escaping @Sendable () -> Void) -> (loop: Int, log: ChangeLog) {
        state.withLock { state in
            state.loops.append(AttachedLoop(wake: wake))
            return (state.loops.count - 1, state.monitored)
        }
    }

    /// Begins or ends to wake a loop when there is news. A loop that nobody streams from need not
    /// be woken: it asks for what is new before it answers.
    ///
    /// Of what is published after a loop began to listen, it is woken for; what was published
    /// before, it sees when it asks from then on.
    package func setListening(_ listens: Bool, loop: Int) {
        state.withLock { $0.loops[loop].listens = listens }
    }

    /// The broadcasts, by the number of the newest.
    package var broadcasts: BroadcastTable { state.withLock { $0.broadcasts } }

    /// The broadcasts if there are newer ones than `number`, else nil.
    package func broadcasts(after number: UInt64) -> BroadcastTable? {
        broadcastNumber.load(ordering: .acquiring) > number ? broadcasts : nil
    }

    /// What a loop that has come to `revision` lacks.
    ///
    /// - Complexity: O(number of entries returned).
    package func news(after revision: Revision) -> News {
        state.withLock { Hub.news(after: revision, in: $0) }
    }

    /// What a loop that has come to `revision` lacks, and the newest entry of a collection as of
    /// the same head; nil if the collection never had a records timestamp.
    ///
    /// - Complexity: O(number of entries returned).
    package func news(
        after revision: Revision, with path: CollectionPath
    ) -> (news: News, entry: Entry?) {
        state.withLock { state in
            let entry = state.monitored.entry(of: path) ?? state.others.entry(of: path)
            return (Hub.news(after: revision, in: state), entry)
        }
    }

    /// Whether what happened in a collection after `revision` is told by the timestamps of its
    /// records: none was written with one from the past, and the collection was not made anew.
    package func isOrdered(_ path: CollectionPath, after revision: Revision) -> Bool {
        guard let last = state.withLock({ $0.rewritten[path] }) else { return true }
        return last < revision
    }

    /// The live entries of the monitored collections, newest first, and the list's timestamp, nil
    /// if there is none.
    ///
    /// - Complexity: O(1) but for the first call after a change, O(*n* log *n*).
    package func monitoredEntries() -> (entries: [Entry], timestamp: Timestamp?) {
        state.withLock { state in
            if let listed = state.listed { return (listed, state.monitored.timestamp) }
            let listed = state.monitored.liveEntries()
            state.listed = listed
            return (listed, state.monitored.timestamp)
        }
    }

    private static func news(after revision: Revision, in state: State) -> News {
        News(
            monitored: state.monitored.entries(after: revision),
            others: state.others.entries(after: revision), head: state.monitored.head)
    }
}
