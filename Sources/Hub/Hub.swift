// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// The internal publish/subscribe hub: takes committed changes, keeps those that are monitored,
/// and wakes the loops, each of which is a subscriber of the hub with a cursor of its own.
///
/// Nothing is queued per loop either: a loop that was busy asks for what is after its head and
/// gets the newest entries, whatever number of commits they cover.
package final class Hub: Sendable {
    /// The revision that loops have been told of; a loop below it must `changes(after:)` before
    /// it answers (DESIGN, invariant I2).
    private let announcedNumber: Atomic<UInt64>
    private let state: Mutex<State>
    private let host: String
    private let isMonitored: @Sendable (CollectionPath) -> Bool

    private struct State: Sendable {
        var log: ChangeLog
        var wakers: [@Sendable () -> Void] = []
        /// The live entries as polls show them, made at the first question after a change.
        var listed: [Entry]?
    }

    /// Makes a hub of the log that the storage kept.
    ///
    /// - Parameters:
    ///   - epoch: The identity of the history.
    ///   - host: The name that entries carry (`changes.http_host`).
    ///   - log: The changes of all collections by ascending revision.
    ///   - isMonitored: Whether a collection is shown.
    /// - Complexity: O(*n*).
    package init(
        epoch: Epoch, host: String, log changes: [Change],
        isMonitored: @escaping @Sendable (CollectionPath) -> Bool
    ) {
        self.host = host
        self.isMonitored = isMonitored
        var log = ChangeLog(epoch: epoch)
        for change in changes {
            if isMonitored(change.path) {
                log.append(Hub.entry(for: change, host: host, log: log))
            } else {
                log.advance(to: change.revision)
            }
        }
        log.checkInvariants()
        announcedNumber = Atomic(log.head.number)
        state = Mutex(State(log: log))
    }

    /// The newest revision that was announced.
    package var announced: Revision {
        Revision(announcedNumber.load(ordering: .acquiring))
    }

    /// Announces committed changes, by ascending revision, and wakes the loops if any is shown.
    ///
    /// Called by the storage's writer after each durable commit, before the writes are answered.
    ///
    /// - Complexity: O(number of changes + number of loops).
    package func publish(_ changes: [Change]) {
        let wakers = state.withLock { state -> [@Sendable () -> Void] in
            var isAnyMonitored = false
            for change in changes {
                if isMonitored(change.path) {
                    state.log.append(Hub.entry(for: change, host: host, log: state.log))
                    isAnyMonitored = true
                } else {
                    state.log.advance(to: change.revision)
                }
            }
            guard isAnyMonitored else { return [] }
            state.listed = nil
            announcedNumber.store(state.log.head.number, ordering: .releasing)
            return state.wakers
        }
        for wake in wakers { wake() }
    }

    /// Registers a loop, which `wake` is called for from the writer's thread, and gives it a log.
    package func attach(wake: @escaping @Sendable () -> Void) -> ChangeLog {
        state.withLock { state in
            state.wakers.append(wake)
            return state.log
        }
    }

    /// What a loop that has come to `revision` lacks: the newest entries, oldest change first, and
    /// the head they lead to.
    ///
    /// - Complexity: O(number of entries returned).
    package func changes(after revision: Revision) -> (entries: [Entry], head: Revision) {
        state.withLock { ($0.log.entries(after: revision), $0.log.head) }
    }

    /// The live entries, newest first, and the list's timestamp, nil if there is none.
    ///
    /// - Complexity: O(1) but for the first call after a change, O(*n* log *n*).
    package func monitoredEntries() -> (entries: [Entry], timestamp: Timestamp?) {
        state.withLock { state in
            if let listed = state.listed { return (listed, state.log.timestamp) }
            let listed = state.log.liveEntries()
            state.listed = listed
            return (listed, state.log.timestamp)
        }
    }

    private static func entry(for change: Change, host: String, log: ChangeLog) -> Entry {
        let id = log.entry(of: change.path)?.id ?? Entry.makeID(host: host, path: change.path)
        return Entry(id: id, change: change, host: host)
    }
}
