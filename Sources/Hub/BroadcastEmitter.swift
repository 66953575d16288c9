// SPDX-License-Identifier: MIT
//
// Follows the commits, and announces the newest version of the monitor feed when the debounce lets
// it. An announcement is written to the storage first, which remembers it over a restart; the hub,
// and so every loop and every poll, learns of it from that commit, as of any other broadcast.

import Core
import Synchronization

/// Announces the newest timestamp of the monitored collections as a broadcast.
///
/// Neither writes nor waits by itself: it is given the ways to. Called from any thread.
package final class BroadcastEmitter: Sendable {
    /// How the emitter acts.
    package struct Actions: Sendable {
        /// The time of day.
        package var clock: @Sendable () -> Timestamp
        /// Calls a function after so many milliseconds, on another thread.
        package var schedule: @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
        /// Makes a broadcast durable without waiting for it, then calls a function with whether
        /// that worked.
        package var persist: @Sendable (Broadcast, @escaping @Sendable (Bool) -> Void) -> Void

        /// Makes the actions of functions.
        package init(
            clock: @escaping @Sendable () -> Timestamp,
            schedule: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void,
            persist: @escaping @Sendable (Broadcast, @escaping @Sendable (Bool) -> Void) -> Void
        ) {
            self.clock = clock
            self.schedule = schedule
            self.persist = persist
        }
    }

    private struct State {
        var debounce: Debounce
        /// Whether an announcement is being written.
        var isEmitting = false
        /// The number of the timer that will tell the end of the interval; nil if there is none.
        var timer: Int?
        /// The number of the last timer. An older one that is left tells nothing.
        var lastTimer = 0
        var isStopped = false

        /// The number of a new timer; nil if there is one already.
        mutating func setTimer() -> Int? {
            guard timer == nil else { return nil }
            lastTimer += 1
            timer = lastTimer
            return lastTimer
        }

        /// Ends a timer; false if it was given up before.
        mutating func endTimer(_ number: Int) -> Bool {
            guard timer == number else { return false }
            timer = nil
            return true
        }
    }

    private let state: Mutex<State>
    private let actions: Actions
    private let isMonitored: @Sendable (CollectionPath) -> Bool

    /// Makes an emitter that goes on after what the storage remembers.
    ///
    /// - Parameters:
    ///   - log: The changes of all collections so far.
    ///   - last: The announcement that the storage remembers.
    /// - Complexity: O(number of changes).
    package init(
        intervalSeconds: Int, log: [Change], last: Broadcast?,
        isMonitored: @escaping @Sendable (CollectionPath) -> Bool, actions: Actions
    ) {
        let emission = last.flatMap { last in
            Timestamp(quotedOrNot: last.version).map { (version: $0, time: last.time) }
        }
        var debounce = Debounce(intervalSeconds: intervalSeconds, last: emission)
        for change in log where change.isAnnounced(isMonitored) {
            debounce.note(change.timestamp)
        }
        self.isMonitored = isMonitored
        self.actions = actions
        state = Mutex(State(debounce: debounce))
    }

    /// Announces what came while no server ran.
    package func start() { proceed() }

    /// No announcement is begun any more.
    package func stop() { state.withLock { $0.isStopped = true } }

    /// Sets the shortest time between two announcements, also for the one that waits.
    package func setInterval(seconds: Int) {
        state.withLock { state in
            state.debounce.setInterval(seconds: seconds)
            state.timer = nil
        }
        proceed()
    }

    /// Takes note of a commit that the hub knows already, so that who is told can fetch.
    ///
    /// - Complexity: O(number of changes).
    package func note(_ commit: Commit) {
        let announced = commit.changes.filter { $0.isAnnounced(isMonitored) }
        guard let newest = announced.map(\.timestamp).max() else { return }
        state.withLock { $0.debounce.note(newest) }
        proceed()
    }

    private func proceed() {
        let now = actions.clock()
        let (decision, timer) = state.withLock { state -> (Debounce.Decision, Int) in
            guard !state.isEmitting, !state.isStopped else { return (.nothing, 0) }
            let decision = state.debounce.decision(at: now)
            switch decision {
            case .nothing: break
            case .emit: state.isEmitting = true
            case .wait:
                guard let timer = state.setTimer() else { return (.nothing, 0) }
                return (decision, timer)
            }
            return (decision, 0)
        }
        switch decision {
        case .nothing: break
        case .emit(let version):
            let broadcast = Broadcast(
                id: Broadcast.monitorChangesID, version: version.entityTag, time: now)
            actions.persist(broadcast) { [weak self] isDone in
                self?.persisted(version, at: now, isDone: isDone)
            }
        case .wait(let milliseconds): wait(milliseconds, timer)
        }
    }

    private func persisted(_ version: Timestamp, at time: Timestamp, isDone: Bool) {
        let timer = state.withLock { state -> Int? in
            state.isEmitting = false
            if isDone { state.debounce.emitted(version, at: time) }
            guard !isDone, !state.isStopped else { return nil }
            return state.setTimer()
        }
        if let timer {
            wait(Limits.broadcastRetryMilliseconds, timer)
        } else if isDone {
            proceed()
        }
    }

    private func wait(_ milliseconds: Int64, _ timer: Int) {
        actions.schedule(milliseconds) { [weak self] in
            let isDue = self?.state.withLock { $0.endTimer(timer) } ?? false
            if isDue { self?.proceed() }
        }
    }
}

extension Change {
    /// Whether everyone is told of the change: previews are for reviewers only, and what ceased to
    /// exist is not there to be fetched.
    func isAnnounced(_ isMonitored: (CollectionPath) -> Bool) -> Bool {
        !isTombstone && isMonitored(path) && !path.bucket.hasSuffix("-preview")
            && !path.collection.hasSuffix("-preview")
    }
}
