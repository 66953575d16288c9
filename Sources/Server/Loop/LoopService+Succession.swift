// SPDX-License-Identifier: MIT
//
// How other settings come into a loop: as one value that it takes over between two requests, so
// that each request is answered by the old settings or by the new ones. What was begun keeps the
// dispatcher that it began with.

import Streams

extension LoopService {
    /// What a loop takes over when settings change.
    struct Succession: Sendable {
        /// Takes requests from now on.
        let dispatcher: RequestDispatcher
        /// How streams behave from now on.
        let streams: StreamConfiguration
        /// How many connections the loop may have.
        let connectionsMax: Int
        /// Called when the loop has taken it over.
        let isTakenOver: @Sendable () -> Void
    }

    /// Makes the loop take over other settings in its next turn; to be called on any thread.
    func succeed(with succession: Succession) {
        let skipped = successor.withLock { successor in
            defer { successor = succession }
            return successor
        }
        skipped?.isTakenOver()
        loop.wake()
    }

    /// Takes over what the loop was given since, if anything.
    func takeOver() {
        let taken = successor.withLock { successor in
            defer { successor = nil }
            return successor
        }
        guard let taken else { return }
        dispatcher = taken.dispatcher
        changes.dispatcher = taken.dispatcher
        repeats.forget()
        fanOut.adopt(taken.streams)
        loop.setConnectionsMax(taken.connectionsMax)
        taken.isTakenOver()
    }
}
