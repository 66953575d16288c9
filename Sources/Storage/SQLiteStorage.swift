// SPDX-License-Identifier: MIT
//
// One file, one process. The writer's connection and those of the readers each belong to a thread;
// with a write-ahead log a reader sees the state that was committed when it began, and waits for
// nobody. Closing ends the threads, then lets go of the connections, then of the file's lock.

internal import CSQLite
import Core
import Glibc
import Synchronization

/// The durable storage: a SQLite database in one file.
///
/// For example:
///
/// ```swift
/// let storage = try SQLiteStorage(path: "heliograph.db", clock: now)
/// storage.write { try $0.put("one", members: members, timestamp: nil, in: list) } completion: {
///     answer($0)
/// }
/// ```
package final class SQLiteStorage: Storage {
    package let epoch: Epoch
    private let path: String
    private let counters: StorageCounters
    private let observer = CommitObserver()
    private let executor: StorageExecutor
    /// The writer's connection, let go of when the threads have ended.
    private let connection: Mutex<SQLiteConnection?>

    /// Opens a database, makes it if there is none, and brings it to the present schema.
    ///
    /// - Parameters:
    ///   - path: The database's file, in a directory that exists.
    ///   - readers: How many threads read, at least one.
    ///   - clock: The time, asked for once per write.
    /// - Throws: `StorageError`: `.unusable` if the file is missing its directory, is no database
    ///   of ours, is too new or is in use by another server; `.notWritable`; `.busy`.
    package init(
        path: String, readers: Int = Limits.storageReadersDefault,
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        precondition(readers > 0)
        let path = SQLiteStorage.resolve(path)
        let counters = StorageCounters()
        let connection = try SQLiteStorage.openWriter(path, counters)
        _ = try SQLiteSchema.migrate(connection, path: path)
        epoch = try SQLiteStorage.epoch(of: connection, path: path)
        let writer = SQLiteWriter(
            connection, clock: clock, counters: counters, observer: observer)
        let read = try (0..<readers).map { _ in try SQLiteStorage.openReader(path, counters) }
        self.path = path
        self.counters = counters
        executor = StorageExecutor(write: { jobs in writer.write(jobs) }, readers: read)
        self.connection = Mutex(connection)
    }

    deinit {
        close()
    }

    /// What was done so far.
    package var statistics: StorageStatistics { counters.statistics }

    /// Brings a database to the present schema, and makes it if there is none; nothing else.
    ///
    /// - Returns: The version of the schema before and after.
    /// - Throws: `StorageError`, as opening.
    package static func migrate(path: String) throws -> (from: Int, to: Int) {
        let path = resolve(path)
        let connection = try openWriter(path, StorageCounters())
        let found = try SQLiteSchema.migrate(connection, path: path)
        return (found, SQLiteSchema.version)
    }

    package func changeLog() throws -> [Change] {
        guard !executor.isClosed else { throw StorageError.closed }
        // Asked for at the start, by any thread: not worth a connection that stays open.
        let connection = try SQLiteConnection(path: path, counters: counters)
        return try SQLiteReader(connection).changeLog()
    }

    package func rewrites() throws -> [CollectionPath: Revision] {
        guard !executor.isClosed else { throw StorageError.closed }
        let connection = try SQLiteConnection(path: path, counters: counters)
        return try SQLiteReader(connection).rewrites()
    }

    package func broadcasts() throws -> [Broadcast] {
        guard !executor.isClosed else { throw StorageError.closed }
        let connection = try SQLiteConnection(path: path, counters: counters)
        return try SQLiteReader(connection).broadcasts()
    }

    package func setCommitObserver(_ observer: @escaping @Sendable (Commit) -> Void) {
        self.observer.set(observer)
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
        guard executor.close() else { return }
        connection.withLock { connection in
            connection?.checkpoint()
            if let open = connection, let head = try? SQLiteReader(open).lastRevision() {
                open.lock?.record("\(epoch) \(head)")
            }
            connection = nil
        }
    }

    // MARK: Opening

    /// The identity of the database's history: a new one if it has gone back behind what was
    /// recorded when it was last closed, because then a backup was put in its place, and revisions
    /// that subscribers have seen will be given to other changes.
    private static func epoch(of connection: SQLiteConnection, path: String) throws -> Epoch {
        let epoch = try SQLiteSchema.epoch(connection, path: path)
        let recorded = connection.lock?.recorded.split(separator: " ") ?? []
        guard recorded.count == 2, Epoch(recorded[0]) == epoch,
            let number = DecimalNumber.parse(recorded[1].utf8, digitsMax: 18),
            let head = UInt64(exactly: number),
            try SQLiteReader(connection).lastRevision() < Revision(head)
        else { return epoch }
        return try SQLiteSchema.replaceEpoch(connection)
    }

    /// The path without symbolic links, so that two names of one database have one lock.
    private static func resolve(_ path: String) -> String {
        if let real = realPath(path) { return real }
        // There is no file yet, but there may be its directory.
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { path[path.utf8.index(after: $0)...] } ?? path[...]
        let directory = slash == nil ? "." : String(path[..<name.startIndex])
        guard let real = realPath(directory) else { return path }
        return (real == "/" ? "" : real) + "/" + name
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Refuses what SQLite would take for an empty database and overwrite, or not explain.
    private static func checkFile(_ path: String) throws(StorageError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable("\(path) is not a file")
        }
        // SQLite's smallest page.
        guard status.st_size == 0 || status.st_size >= 512 else {
            throw .unusable("\(path) is not a SQLite database")
        }
    }

    /// Opens the connection that holds the file's lock.
    private static func openWriter(
        _ path: String, _ counters: StorageCounters
    ) throws(StorageError) -> SQLiteConnection {
        // The first SQLite with `json_each` built in by default.
        guard sqlite3_libversion_number() >= 3_038_000 else {
            throw .unusable(
                "SQLite \(String(cString: sqlite3_libversion())) is too old: 3.38 is needed")
        }
        try checkFile(path)
        let lock = try FileLock(besideDatabase: path)
        let connection = try SQLiteConnection(path: path, counters: counters, lock: lock)
        do {
            // The first reading finds out whether the file is a database at all.
            try connection.execute("PRAGMA schema_version")
        } catch {
            guard case .unusable = error else { throw error }
            throw .unusable("\(path) is not a SQLite database")
        }
        // Before anything is changed in a file that may not be ours.
        _ = try SQLiteSchema.version(of: connection, path: path)
        guard !connection.isReadOnly else {
            throw .notWritable("the database \(path) can only be read")
        }
        let mode = try connection.execute("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw .unusable(
                "the database \(path) cannot have a write-ahead log on its file system")
        }
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA foreign_keys = OFF")
        try connection.execute("PRAGMA temp_store = MEMORY")
        try connection.execute("PRAGMA journal_size_limit = \(Limits.databaseLogBytesMax)")
        let cacheKilobytes = Limits.databaseWriterCacheBytesMax / 1_024
        try connection.execute("PRAGMA cache_size = -\(cacheKilobytes)")
        return connection
    }

    /// Opens a reader's connection and returns what runs its jobs.
    private static func openReader(
        _ path: String, _ counters: StorageCounters
    ) throws -> @Sendable (ReadJob) -> Void {
        let connection = try SQLiteConnection(path: path, counters: counters)
        try connection.execute("PRAGMA query_only = ON")
        try connection.execute("PRAGMA temp_store = MEMORY")
        return { job in
            do {
                try connection.begin(.read)
                let report = try job.run(SQLiteReader(connection))
                // Ended before the report, so that no reader holds up a checkpoint meanwhile.
                connection.rollback()
                report()
            } catch {
                connection.rollback()
                job.fail(error)
            }
        }
    }
}
