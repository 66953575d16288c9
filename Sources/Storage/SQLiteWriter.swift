// SPDX-License-Identifier: MIT
//
// Group commit. A durable commit costs one wait for the disk, whatever it carries. So the writer
// takes all jobs that wait, runs them in one transaction, commits once, announces the changes and
// then reports to each job.
//
// A savepoint around each job costs a twelfth of a write, and few jobs fail after they have written
// something. So there are none at first; if a job has failed in that way, the transaction is undone
// and the group runs again, each job in a savepoint of its own.
//
// Invariants: 1. a job is reported as done only after the commit that holds it returned;
// 2. a job that failed left nothing; 3. what is kept in memory between two groups is forgotten with
// a transaction that is undone, so that a failed commit leaves nothing to repair, and the next
// group works as soon as the disk does;
// 4. a transaction that SQLite gave up is the failure of all its jobs, the rest begin a new one.

import Core

/// Runs the jobs that wait in durable groups.
///
/// `@unchecked Sendable`: its methods are called by the writer's thread alone.
final class SQLiteWriter: @unchecked Sendable {
    private let connection: SQLiteConnection
    private let memory = WriterMemory()
    private let clock: @Sendable () -> Timestamp
    private let counters: StorageCounters
    private let observer: CommitObserver

    /// Makes a writer on a connection that nobody else uses.
    init(
        _ connection: SQLiteConnection, clock: @escaping @Sendable () -> Timestamp,
        counters: StorageCounters, observer: CommitObserver
    ) {
        self.connection = connection
        self.clock = clock
        self.counters = counters
        self.observer = observer
    }

    /// Runs jobs and reports each of them.
    func write(_ jobs: [WriteJob]) {
        var waiting = jobs[...]
        while !waiting.isEmpty { runGroup(&waiting) }
    }

    private enum Outcome {
        /// The job's body ended; this reports its value.
        case ended(@Sendable () -> Void)
        /// The job's body threw, and what it did is undone.
        case failed(any Error)
    }

    /// Runs a group: all jobs that wait, or those up to one with which the transaction was lost.
    private func runGroup(_ waiting: inout ArraySlice<WriteJob>) {
        let jobs = waiting
        if runGroup(&waiting, inParts: false) { return }
        waiting = jobs
        _ = runGroup(&waiting, inParts: true)
    }

    /// Runs a group and reports to its jobs.
    ///
    /// - Parameter inParts: Whether each job can be undone alone.
    /// - Returns: Whether that was done; if not, nothing was kept or reported, since one job among
    ///   others has to be undone.
    private func runGroup(_ waiting: inout ArraySlice<WriteJob>, inParts: Bool) -> Bool {
        let group: SQLiteGroup
        do {
            try connection.begin(.write)
            group = try SQLiteGroup(connection, memory: memory)
        } catch {
            rollback()
            for job in waiting { job.fail(error) }
            waiting = []
            return true
        }
        let isAlone = waiting.count == 1
        var outcomes: [(job: WriteJob, outcome: Outcome)] = []
        outcomes.reserveCapacity(waiting.count)
        var writes = 0
        while connection.lost == nil, let job = waiting.popFirst() {
            let rowsBefore = connection.rowsEverChanged
            let outcome = run(job, in: group, asPart: inParts)
            if case .ended = outcome {
                writes += 1
            } else if !inParts, !isAlone, connection.lost == nil,
                connection.rowsEverChanged != rowsBefore
            {
                rollback()
                return false
            }
            outcomes.append((job, outcome))
        }
        commit(group, outcomes, writes: writes)
        return true
    }

    /// Commits what a group did and reports to its jobs.
    private func commit(
        _ group: SQLiteGroup, _ outcomes: [(job: WriteJob, outcome: Outcome)], writes: Int
    ) {
        guard writes > 0 else {
            // Each job was undone on its own, in the memory, too.
            connection.rollback()
            report(outcomes)
            return
        }
        do {
            try group.finish()
            try connection.commit()
        } catch {
            rollback()
            report(outcomes, lost: error)
            return
        }
        group.committed()
        counters.addCommit(writes: writes)
        observer.announce(group.commit)
        report(outcomes)
    }

    /// Undoes the transaction, and forgets what was known of it.
    private func rollback() {
        connection.rollback()
        memory.forget()
    }

    /// Runs one job; if it throws, what is known of it is undone, and as a part all that it did.
    private func run(_ job: WriteJob, in group: SQLiteGroup, asPart isPart: Bool) -> Outcome {
        let transaction = SQLiteTransaction(connection, group: group, now: clock())
        let mark = group.mark
        do {
            if isPart { try connection.beginPart() }
            let report = try job.run(transaction)
            if isPart, connection.lost == nil { try connection.keepPart() }
            try transaction.finish()
            group.keep()
            return .ended(report)
        } catch {
            if isPart { connection.undoPart() }
            group.undo(to: mark)
            return .failed(error)
        }
    }

    /// Reports to the jobs of a group, with `lost` to those that were undone with it.
    private func report(
        _ outcomes: [(job: WriteJob, outcome: Outcome)], lost: (any Error)? = nil
    ) {
        for (job, outcome) in outcomes {
            switch outcome {
            case .failed(let error): job.fail(error)
            case .ended(let report):
                if let lost { job.fail(lost) } else { report() }
            }
        }
    }
}
