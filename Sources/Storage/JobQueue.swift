// SPDX-License-Identifier: MIT

/// A bounded queue of jobs from any thread to the threads that run them.
final class JobQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        /// The place of the first job that still waits; those before it were taken.
        var first = 0
        var isClosed = false

        var count: Int { jobs.count - first }

        mutating func take(atMost countMax: Int) -> [Job] {
            let taken: [Job]
            if first == 0, jobs.count <= countMax {
                taken = jobs
                jobs = []
            } else {
                let end = min(jobs.count, first + countMax)
                taken = Array(jobs[first..<end])
                first = end
            }
            if first > 0, first * 2 >= jobs.count {
                jobs.removeFirst(first)
                first = 0
            }
            return taken
        }
    }

    private let state = Monitor(State())
    private let jobsMax: Int

    /// Makes a queue in which at most `jobsMax` jobs wait.
    init(jobsMax: Int) {
        precondition(jobsMax > 0)
        self.jobsMax = jobsMax
    }

    /// Whether no more jobs are accepted.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Adds a job to the end.
    ///
    /// - Throws: `StorageError.overloaded` or `.closed`; the job was not added then.
    /// - Complexity: Amortised O(1).
    func append(_ job: Job) throws(StorageError) {
        let refusal: StorageError? = state.withLock { state in
            if state.isClosed { return .closed }
            if state.count >= jobsMax { return .overloaded }
            state.jobs.append(job)
            return nil
        }
        if let refusal { throw refusal }
        state.wakeOne()
    }

    /// Waits for jobs and takes the oldest of them.
    ///
    /// - Returns: 1 to `countMax` jobs; none when the queue is closed and empty.
    /// - Complexity: Amortised O(number of jobs taken).
    func take(atMost countMax: Int) -> [Job] {
        precondition(countMax > 0)
        return state.wait { state in
            if state.count > 0 { return state.take(atMost: countMax) }
            return state.isClosed ? [] : nil
        }
    }

    /// Refuses further jobs and wakes the threads that wait; what is in the queue is still taken.
    func close() {
        state.withLock { $0.isClosed = true }
        state.wakeAll()
    }
}
