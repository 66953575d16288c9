// SPDX-License-Identifier: MIT
//
// Group commit. A durable commit costs one wait for the disk, whatever it carries. So the writer
// takes all jobs that wait, runs them in one transaction, each in a savepoint of its own, commits
// once, announces the changes and then reports to each job.
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
        let group: SQLiteGroup
        do {
            try connection.begin(.write)
            group = try SQLiteGroup(connection, memory: memory)
        } catch {
            rollback()
            for job in waiting { job.fail(error) }
            waiting = []
            return
        }
        let isAlone = waiting.count == 1
        var outcomes: [(job: WriteJob, outcome: Outcome)] = []
        outcomes.reserveCapacity(waiting.count)
        var writes = 0
        while connection.lost == nil, let job = waiting.popFirst() {
            let outcome = run(job, in: group, isAlone: isAlone)
            if case .ended = outcome { writes += 1 }
            outcomes.append((job, outcome))
        }
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

    /// Runs one job; if it throws, only what it did is undone.
    private func run(_ job: WriteJob, in group: SQLiteGroup, isAlone: Bool) -> Outcome {
        let transaction = SQLiteTransaction(connection, group: group, now: clock())
        let mark = group.mark
        do {
            // A job that is alone is undone with the transaction.
            if !isAlone { try connection.beginPart() }
            let report = try job.run(transaction)
            if !isAlone, connection.lost == nil { try connection.keepPart() }
            try transaction.finish()
            group.keep()
            return .ended(report)
        } catch {
            if !isAlone { connection.undoPart() }
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
