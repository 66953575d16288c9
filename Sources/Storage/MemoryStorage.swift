// SPDX-License-Identifier: MIT
//
// The committed state is one value. The writer changes a copy of it and publishes the copy, so
// readers never wait for the writer and never see half of a transaction.

import Core
import Synchronization

/// A storage for tests and trials: as `SQLiteStorage` towards its callers, but forgotten when
/// closed.
package final class MemoryStorage: Storage {
    package let epoch: Epoch
    private let writer: MemoryWriter
    private let executor: StorageExecutor

    /// Makes an empty storage and starts its threads.
    ///
    /// - Parameters:
    ///   - epoch: The identity of this history.
    ///   - clock: The time, asked for once per write.
    package init(epoch: Epoch, clock: @escaping @Sendable () -> Timestamp) {
        self.epoch = epoch
        let writer = MemoryWriter(clock: clock)
        self.writer = writer
        let read: @Sendable (ReadJob) -> Void = { job in writer.read(job) }
        executor = StorageExecutor(
            write: { jobs in writer.write(jobs) },
            readers: Array(repeating: read, count: Limits.storageReadersDefault))
    }

    deinit {
        executor.close()
    }

    /// What was done so far; a commit is not durable here.
    package var statistics: StorageStatistics { writer.counters.statistics }

    package func changeLog() throws -> [Change] {
        guard !executor.isClosed else { throw StorageError.closed }
        return writer.committed.changes.map(\.value).sorted { $0.revision < $1.revision }
    }

    package func rewrites() throws -> [CollectionPath: Revision] {
        guard !executor.isClosed else { throw StorageError.closed }
        return writer.committed.rewrites
    }

    package func broadcasts() throws -> [Broadcast] {
        guard !executor.isClosed else { throw StorageError.closed }
        return writer.committed.broadcasts.map(\.value)
    }

    package func setCommitObserver(_ observer: @escaping @Sendable (Commit) -> Void) {
        writer.observer.set(observer)
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StorageReader) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        executor.read(ReadJob(body, completion: completion))
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StorageTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        executor.write(WriteJob(body, completion: completion))
    }

    package func close() {
        executor.close()
    }
}

/// What the threads of a memory storage share.
private final class MemoryWriter: Sendable {
    let counters = StorageCounters()
    let observer = CommitObserver()
    private let published = Mutex(MemoryState())
    private let clock: @Sendable () -> Timestamp

    init(clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
    }

    var committed: MemoryState { published.withLock { $0 } }

    func read(_ job: ReadJob) {
        do {
            try job.run(MemoryReader(committed, counters: counters))()
        } catch {
            job.fail(error)
        }
    }

    func write(_ jobs: [WriteJob]) {
        var state = committed
        var commit = Commit()
        var reports: [@Sendable () -> Void] = []
        var written = 0
        for job in jobs {
            let transaction = MemoryTransaction(state, now: clock(), counters: counters)
            do {
                reports.append(try job.run(transaction))
                transaction.finish(&commit)
                state = transaction.state
                written += 1
            } catch {
                reports.append { job.fail(error) }
            }
        }
        for (path, revision) in commit.rewrites(head: state.revision) {
            state.rewrites[path] = revision
        }
        if written > 0 {
            published.withLock { $0 = state }
            counters.addCommit(writes: written)
        }
        observer.announce(commit)
        for report in reports { report() }
    }
}
