// SPDX-License-Identifier: MIT
//
// Follows the commits, and announces the newest version of the monitor feed when the debounce lets
// it. An announcement is written to the storage first, which remembers it over a restart; the hub,
// and so every loop and every poll, learns of it from that commit, as of any other broadcast.
//
// Where not everyone may read everything, what is announced is what everyone may read: a change
// that only some may know of must neither be told to all browsers nor make them poll. What everyone
// may read is found out when permissions have changed, not with each change.

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
        /// Finds out what everyone may read by now, then calls a function with it, or with nil if
        /// that cannot be told; nil if everyone may read everything.
        package var findPublic: FindPublic?

        /// A way to find out what everyone may read.
        package typealias FindPublic =
            @Sendable (@escaping @Sendable (Visibility?) -> Void) -> Void

        /// Makes the actions of functions.
        package init(
            clock: @escaping @Sendable () -> Timestamp,
            schedule: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void,
            persist: @escaping @Sendable (Broadcast, @escaping @Sendable (Bool) -> Void) -> Void,
            findPublic: FindPublic? = nil
        ) {
            self.clock = clock
            self.schedule = schedule
            self.persist = persist
            self.findPublic = findPublic
        }
    }

    /// What is known of what everyone may read.
    private enum Public {
        /// It has to be found out.
        case unknown
        /// It is being found out; it has to be again if permissions changed meanwhile.
        case beingFound(isStale: Bool)
        /// This.
        case known(Visibility)
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
        var publicPart: Public
        /// Finds out what everyone may read; nil if that is everything.
        var find: Actions.FindPublic?
        /// The timestamps of what would be announced if everyone may read it; empty where everyone
        /// may read everything.
        var timestamps: [CollectionPath: Timestamp] = [:]

        /// The number of a new timer; nil if there is one already.
        mutating func setTimer() -> Int? {
            guard timer == nil else { return nil }
            lastTimer += 1
            timer = lastTimer
            return lastTimer
        }

        /// What everyone may read has to be found out anew.
        mutating func forgetPublic() {
            switch publicPart {
            case .unknown: break
            case .beingFound: publicPart = .beingFound(isStale: true)
            case .known: publicPart = .unknown
            }
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
        self.isMonitored = isMonitored
        self.actions = actions
        let announced = log.filter { $0.isAnnounced(isMonitored) }
        guard actions.findPublic == nil else {
            var state = State(
                debounce: debounce, publicPart: .unknown, find: actions.findPublic)
            for change in announced { state.timestamps[change.path] = change.timestamp }
            self.state = Mutex(state)
            return
        }
        for change in announced { debounce.note(change.timestamp) }
        state = Mutex(State(debounce: debounce, publicPart: .known(.everything)))
    }

    /// Announces what came while no server ran.
    package func start() {
        findPublic()
        proceed()
    }

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

    /// Takes another way to find out what everyone may read, and finds it out anew. Nothing changes
    /// where everyone may read everything.
    package func setPublic(_ find: Actions.FindPublic?) {
        state.withLock { state in
            guard state.find != nil, let find else { return }
            state.find = find
            state.forgetPublic()
        }
        findPublic()
    }

    /// Takes note of a commit that the hub knows already, so that who is told can fetch.
    ///
    /// - Complexity: O(number of changes).
    package func note(_ commit: Commit) {
        let isGuarded = actions.findPublic != nil
        let isNews = state.withLock { state -> Bool in
            if isGuarded { noteGuarded(commit, in: &state) }
            guard case .known(let visibility) = state.publicPart else { return false }
            let announced = commit.changes.filter {
                $0.isAnnounced(isMonitored) && visibility.shows($0.path)
            }
            let newest = announced.map(\.timestamp).max()
            if let newest { state.debounce.note(newest) }
            return newest != nil
        }
        findPublic()
        if isNews { proceed() }
    }

    private func noteGuarded(_ commit: Commit, in state: inout State) {
        for change in commit.changes {
            state.timestamps[change.path] =
                change.isAnnounced(isMonitored) ? change.timestamp : nil
        }
        if commit.changesAccess { state.forgetPublic() }
    }

    /// Has it found out what everyone may read, if that is not known.
    private func findPublic() {
        let find = state.withLock { state -> Actions.FindPublic? in
            guard case .unknown = state.publicPart, !state.isStopped else { return nil }
            state.publicPart = .beingFound(isStale: false)
            return state.find
        }
        find? { [weak self] visibility in self?.found(visibility) }
    }

    private func found(_ visibility: Visibility?) {
        let isKnown = state.withLock { state -> Bool in
            guard let visibility, case .beingFound(false) = state.publicPart else {
                state.publicPart = .unknown
                return false
            }
            state.publicPart = .known(visibility)
            let newest = state.timestamps.lazy
                .filter { visibility.shows($0.key) }.map(\.value).max()
            if let newest { state.debounce.note(newest) }
            return true
        }
        if isKnown {
            proceed()
        } else if visibility != nil {
            findPublic()
        } else {
            actions.schedule(Limits.broadcastRetryMilliseconds) { [weak self] in
                self?.findPublic()
            }
        }
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
        !isTombstone && isMonitored(path) && !Change.isOfPreview(path.bucket)
            && !Change.isOfPreview(path.collection)
    }

    /// Whether an id says that what it names is for reviewers: `-preview` is somewhere in it.
    ///
    /// - Complexity: O(length of the id).
    private static func isOfPreview(_ id: String) -> Bool {
        var rest = id.utf8[...]
        while let dash = rest.firstIndex(of: UInt8(ascii: "-")) {
            rest = rest[dash...]
            if rest.starts(with: "-preview".utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
