// SPDX-License-Identifier: MIT
//
// The interval runs from one emission to the next. (The reference lets it run from the timestamp of
// the change that was emitted, so that a change which was emitted late opens the way for the next
// one at once.) The trailing edge is always emitted: what came within the interval waits for its
// end. A version below the last one is never emitted, for it would send browsers back.

import Core

/// Decides when the newest version may be emitted.
package struct Debounce: Sendable {
    /// What is to be done at some moment.
    package enum Decision: Equatable, Sendable {
        /// Nothing is new.
        case nothing
        /// This version is to be emitted now.
        case emit(Timestamp)
        /// There will be something to emit in so many milliseconds.
        case wait(milliseconds: Int64)
    }

    private var intervalMilliseconds: Int64
    private var last: (version: Timestamp, time: Timestamp)?
    private var newest: Timestamp?

    /// Makes a debounce that goes on after an earlier emission.
    ///
    /// - Parameters:
    ///   - intervalSeconds: The shortest time between two emissions.
    ///   - last: What was emitted last, and when; nil if nothing ever was.
    package init(intervalSeconds: Int, last: (version: Timestamp, time: Timestamp)? = nil) {
        intervalMilliseconds = Int64(intervalSeconds) * 1_000
        self.last = last
    }

    /// Sets the shortest time between two emissions; the one since the last is measured by it, too.
    package mutating func setInterval(seconds: Int) {
        intervalMilliseconds = Int64(seconds) * 1_000
    }

    /// Takes note of a version.
    package mutating func note(_ version: Timestamp) {
        newest = max(newest ?? version, version)
    }

    /// Takes note of an emission.
    package mutating func emitted(_ version: Timestamp, at time: Timestamp) {
        last = (version, time)
    }

    /// What is to be done by now.
    package func decision(at now: Timestamp) -> Decision {
        guard let newest else { return .nothing }
        guard let last else { return .emit(newest) }
        guard newest > last.version else { return .nothing }
        let passed = now.milliseconds - last.time.milliseconds
        guard passed < intervalMilliseconds else { return .emit(newest) }
        // A clock that was set back must not make the wait longer than the interval.
        return .wait(milliseconds: intervalMilliseconds - max(0, passed))
    }
}
