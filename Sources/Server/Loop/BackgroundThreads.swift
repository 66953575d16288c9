// SPDX-License-Identifier: MIT

import Core
import Dispatch
import KintoAPI
import Synchronization

/// The few threads for what takes long, such as the hash of a password, with a bounded queue before
/// them.
final class BackgroundThreads: BackgroundWorkers {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var running = 0
    }

    private let state = Mutex(State())
    private let threadsMax: Int
    private let jobsMax: Int

    /// Makes threads that have nothing to do; they are there only while they have.
    init(threadsMax: Int, jobsMax: Int) {
        precondition(threadsMax > 0 && jobsMax > 0)
        self.threadsMax = threadsMax
        self.jobsMax = jobsMax
    }

    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, needsThread) = state.withLock { state in
            guard state.waiting.count < jobsMax else { return (false, false) }
            state.waiting.append(work)
            guard state.running < threadsMax else { return (true, false) }
            state.running += 1
            return (true, true)
        }
        if needsThread { DispatchQueue.global(qos: .utility).async { self.work() } }
        return isTaken
    }

    /// Works until nothing waits any more.
    private func work() {
        while let job = next() { job() }
    }

    /// The job that has waited longest; nil ends the thread.
    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
