// SPDX-License-Identifier: MIT
//
// The threads of a storage: one that writes, a few that read, each with a bounded queue before it.
// Memory and SQLite use the same, so that they behave alike towards their callers: where bodies and
// completions run, when a job is refused, and what closing waits for.

import Core
import Synchronization

/// A body of `Storage.read` or `.write` with its completion, the type of its value erased.
struct StorageJob<Access>: Sendable {
    /// Runs the body and returns what reports its value, to be called once that is durable.
    let run: @Sendable (Access) throws -> (@Sendable () -> Void)
    /// Reports that the job failed.
    let fail: @Sendable (any Error) -> Void

    /// Makes a job of a body and its completion.
    init<Value: Sendable>(
        _ body: @escaping @Sendable (Access) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        run = { access in
            let value = try body(access)
            return { completion(.success(value)) }
        }
        fail = { completion(.failure($0)) }
    }
}

/// A job of the writer's thread.
typealias WriteJob = StorageJob<any StorageTransaction>
/// A job of a reader's thread.
typealias ReadJob = StorageJob<any StorageReader>

/// One writer's thread, some readers' threads, and the queues before them.
final class StorageExecutor: Sendable {
    private let writes: JobQueue<WriteJob>
    private let reads: JobQueue<ReadJob>
    private let threads: Mutex<[StorageThread]>

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - jobsMax: How many jobs may wait for the writer, and as many for the readers.
    ///   - write: Runs all given jobs on the writer's thread and reports each of them.
    ///   - readers: One function per reader's thread, which runs a job and reports it.
    init(
        jobsMax: Int = Limits.storageQueueJobsMax,
        write: @escaping @Sendable ([WriteJob]) -> Void,
        readers: [@Sendable (ReadJob) -> Void]
    ) {
        precondition(!readers.isEmpty)
        let writes = JobQueue<WriteJob>(jobsMax: jobsMax)
        let reads = JobQueue<ReadJob>(jobsMax: jobsMax)
        var threads = [StorageThread { StorageExecutor.serve(writes, write) }]
        for read in readers {
            threads.append(StorageThread { StorageExecutor.serve(reads, read) })
        }
        self.writes = writes
        self.reads = reads
        self.threads = Mutex(threads)
    }

    /// Whether jobs are refused because the storage is closed or closing.
    var isClosed: Bool { writes.isClosed }

    /// Gives a job to the writer, or fails it at once.
    func write(_ job: WriteJob) {
        do { try writes.append(job) } catch { job.fail(error) }
    }

    /// Gives a job to a reader, or fails it at once.
    func read(_ job: ReadJob) {
        do { try reads.append(job) } catch { job.fail(error) }
    }

    /// Refuses further jobs, finishes those that wait and ends the threads.
    ///
    /// - Returns: Whether this call ended them; false if another one did or does.
    @discardableResult
    func close() -> Bool {
        writes.close()
        reads.close()
        let threads = self.threads.withLock { threads in
            let ending = threads
            threads = []
            return ending
        }
        for thread in threads { thread.join() }
        return !threads.isEmpty
    }

    private static func serve(
        _ queue: JobQueue<WriteJob>, _ write: @Sendable ([WriteJob]) -> Void
    ) {
        while true {
            let jobs = queue.take(atMost: Limits.groupCommitWritesMax)
            if jobs.isEmpty { return }
            write(jobs)
        }
    }

    private static func serve(_ queue: JobQueue<ReadJob>, _ read: @Sendable (ReadJob) -> Void) {
        while let job = queue.take(atMost: 1).first { read(job) }
    }
}
