// SPDX-License-Identifier: MIT
//
// Group commit. A durable commit costs one wait for the disk, whatever it carries. So the writer
// takes all jobs that wait, runs them in one transaction, each in a savepoint of its own, commits
// once, announces the changes and then reports to each job.
//
// Invariants: 1. a job is reported as done only after the commit that holds it returned;
// 2. a job that failed left nothing; 3. nothing is kept in memory between two groups, so that a
// failed commit leaves nothing to repair, and the next group works as soon as the disk does.

import Core

/// Runs the jobs that wait in durable groups.
final class SQLiteWriter: Sendable {
    private let connection: SQLiteConnection
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

    /// What a group has done before it is committed.
    private struct Group {
        var outcomes: [(job: WriteJob, outcome: Outcome)] = []
        var changes: [Change] = []
        var revision = Revision.zero
        var writes = 0
    }

    private enum Outcome {
        /// The job's body ended; this reports its value.
        case ended(@Sendable () -> Void)
        /// The job's body threw, and what it did is undone.
        case failed(any Error)
    }

    /// Runs a group: all jobs that wait, or those up to one with which the transaction was lost.
    private func runGroup(_ waiting: inout ArraySlice<WriteJob>) {
        var group = Group()
        do {
            try connection.begin(.write)
            group.revision = try SQLiteReader(connection).lastRevision()
        } catch {
            connection.rollback()
            for job in waiting { job.fail(error) }
            waiting = []
            return
        }
        let isAlone = waiting.count == 1
        while connection.lost == nil, let job = waiting.popFirst() {
            run(job, in: &group, isAlone: isAlone)
        }
        if group.writes == 0 {
            connection.rollback()
            report(group)
            return
        }
        do {
            try connection.commit()
        } catch {
            connection.rollback()
            report(group, lost: error)
            return
        }
        counters.addCommit(writes: group.writes)
        observer.announce(group.changes)
        report(group)
    }

    /// Runs one job; if it throws, only what it did is undone.
    private func run(_ job: WriteJob, in group: inout Group, isAlone: Bool) {
        let transaction = SQLiteTransaction(connection, now: clock())
        do {
            // A job that is alone is undone with the transaction.
            if !isAlone { try connection.beginPart() }
            let report = try job.run(transaction)
            let changes = try transaction.finish(after: group.revision)
            if !isAlone { try connection.keepPart() }
            group.outcomes.append((job, .ended(report)))
            group.changes += changes
            group.revision = changes.last?.revision ?? group.revision
            group.writes += 1
        } catch {
            if !isAlone { connection.undoPart() }
            group.outcomes.append((job, .failed(error)))
        }
    }

    /// Reports to the jobs of a group, with `lost` to those that it undid.
    private func report(_ group: Group, lost: StorageError? = nil) {
        for (job, outcome) in group.outcomes {
            switch outcome {
            case .failed(let error): job.fail(error)
            case .ended(let report):
                if let lost { job.fail(lost) } else { report() }
            }
        }
    }
}
