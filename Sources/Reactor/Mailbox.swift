// SPDX-License-Identifier: MIT
//
// The only way into a loop from other threads: a bounded array of jobs under a lock, and an
// eventfd that epoll watches edge-triggered, so that it is written once per wake and never read.
//
// A poster appends, then sets the signal; the loop clears the signal, then takes the jobs. Both
// exchanges are acquire and release: if the loop's clears what the poster's set, it also sees the
// job; if not, the poster's finds the signal clear and writes.

import CLinux
import Synchronization

/// Jobs for a loop's thread, and the means to wake it.
final class Mailbox: Sendable {
    /// Work for the loop's thread.
    typealias Job = @Sendable () -> Void

    private struct Contents {
        var jobs: [Job] = []
        var isClosed = false
    }

    /// The eventfd, to be watched edge-triggered.
    let descriptor: Descriptor
    private let jobsMax: Int
    private let contents = Mutex(Contents())
    private let hasSignal = Atomic(false)
    private let stopRequested = Atomic(false)

    /// Makes an open mailbox for at most `jobsMax` waiting jobs.
    ///
    /// - Throws: `ReactorError.systemCall`.
    init(jobsMax: Int) throws(ReactorError) {
        let raw = hg_eventfd()
        guard raw >= 0 else { throw .systemCall("eventfd", errno: hg_errno()) }
        descriptor = Descriptor(adopting: raw)
        self.jobsMax = jobsMax
    }

    /// Adds a job and wakes the loop; false if the mailbox is full or closed.
    func post(_ job: @escaping Job) -> Bool {
        let accepted = contents.withLock { contents in
            guard !contents.isClosed, contents.jobs.count < jobsMax else { return false }
            contents.jobs.append(job)
            return true
        }
        if accepted { wake() }
        return accepted
    }

    /// Makes the loop look, unless it is about to.
    func wake() {
        if !hasSignal.exchange(true, ordering: .acquiringAndReleasing) {
            _ = hg_eventfd_signal(descriptor.raw)
        }
    }

    /// Whether the loop is to look.
    var isSignalled: Bool { hasSignal.load(ordering: .relaxed) }

    /// Makes the loop end after its turn.
    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        wake()
    }

    /// Whether the loop is to end.
    var isStopRequested: Bool { stopRequested.load(ordering: .acquiring) }

    /// Clears the signal and takes the jobs that wait; the loop's thread only.
    func take() -> [Job] {
        _ = hasSignal.exchange(false, ordering: .acquiringAndReleasing)
        return contents.withLock { contents in
            var jobs: [Job] = []
            swap(&jobs, &contents.jobs)
            return jobs
        }
    }

    /// Refuses jobs from now on, and takes those that wait.
    func close() -> [Job] {
        contents.withLock { contents in
            contents.isClosed = true
            var jobs: [Job] = []
            swap(&jobs, &contents.jobs)
            return jobs
        }
    }
}
