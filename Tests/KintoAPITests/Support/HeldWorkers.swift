// SPDX-License-Identifier: MIT

import Dispatch
import Synchronization

@testable import KintoAPI

/// Workers that count their jobs and, if they are told to, keep them until a test lets them go.
final class HeldWorkers: BackgroundWorkers {
    private struct State {
        var isOpen = true
        var jobsMax = Int.max
        var held: [@Sendable () -> Void] = []
        var count = 0
    }

    private let state = Mutex(State())

    /// How many jobs there were.
    var count: Int { state.withLock { $0.count } }

    /// How many jobs wait.
    var heldCount: Int { state.withLock { $0.held.count } }

    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, runs) = state.withLock { state in
            guard state.held.count < state.jobsMax else { return (false, false) }
            state.count += 1
            if !state.isOpen { state.held.append(work) }
            return (true, state.isOpen)
        }
        if runs { DispatchQueue.global().async(execute: work) }
        return isTaken
    }

    /// Holds jobs from now on, at most `jobsMax` of them.
    func hold(jobsMax: Int = Int.max) {
        state.withLock { state in
            state.isOpen = false
            state.jobsMax = jobsMax
        }
    }

    /// Lets all jobs go, those to come too.
    func open() {
        let jobs = state.withLock { state in
            let jobs = state.held
            state.held = []
            state.isOpen = true
            state.jobsMax = Int.max
            return jobs
        }
        for job in jobs { DispatchQueue.global().async(execute: job) }
    }

    /// Waits until so many jobs are held.
    func waitUntilHeld(_ count: Int) async throws {
        while heldCount < count { try await Task.sleep(for: .milliseconds(1)) }
    }
}
