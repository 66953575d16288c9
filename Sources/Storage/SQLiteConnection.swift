// SPDX-License-Identifier: MIT
//
// A transaction that SQLite rolled back by itself is the trap here. When the disk is full, SQLite
// may undo not only the statement but all of the transaction, and the next statement would then
// run on its own and be kept. So a connection remembers that its transaction is lost and refuses
// every statement until the next `begin`.

internal import CSQLite
import Core

/// A connection to a database, with its compiled statements.
///
/// `@unchecked Sendable`: it goes from the thread that opens it to the one thread that uses it, and
/// is closed when that thread has ended.
final class SQLiteConnection: @unchecked Sendable {
    /// SQLite's own object, for those who must ask it directly (the tests do).
    let handle: OpaquePointer
    private let path: String
    private let counters: StorageCounters
    /// The right to the database, if this connection has it; it ends after the database is closed.
    let lock: FileLock?
    private var statements: [SQLiteQuery: SQLiteStatement] = [:]
    private var expectsTransaction = false
    /// Why the present transaction cannot be committed, if so.
    private(set) var lost: StorageError?

    /// How a transaction begins.
    enum TransactionKind {
        /// Sees the state that is committed when it first reads.
        case read
        /// Has the database's only write lock from its beginning.
        case write
    }

    /// Opens a database file, which is made if it does not exist.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - counters: Where statements are counted.
    ///   - lock: The right to the database, kept as long as this connection.
    /// - Throws: `StorageError`.
    init(
        path: String, counters: StorageCounters = StorageCounters(), lock: FileLock? = nil
    ) throws(StorageError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let result = SQLiteResult(sqlite3_open_v2(path, &handle, flags, nil))
        guard let handle, result == .ok else {
            let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(handle)
            throw result.error("cannot open the database \(path): \(reason)")
        }
        self.handle = handle
        self.path = path
        self.counters = counters
        self.lock = lock
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Int32(Limits.databaseBusyMillisecondsMax))
    }

    deinit {
        statements.removeAll()
        let result = SQLiteResult(sqlite3_close(handle))
        assert(result == .ok, "a statement outlives its connection")
    }

    /// Whether the file can only be read.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

    /// The row id of the row that was inserted last.
    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// How many rows the last statement changed.
    var changedRows: Int { Int(sqlite3_changes(handle)) }

    /// How many rows all statements so far changed, those that were undone included; it wraps.
    var rowsEverChanged: Int32 { sqlite3_total_changes(handle) }

    // MARK: Transactions

    /// Begins a transaction.
    ///
    /// - Throws: `StorageError`.
    func begin(_ kind: TransactionKind) throws(StorageError) {
        lost = nil
        if sqlite3_get_autocommit(handle) == 0 { rollback() }
        try control(kind == .write ? .beginWrite : .beginRead)
        expectsTransaction = true
    }

    /// Ends the transaction and keeps what it did; it is durable when this returns.
    ///
    /// - Throws: `StorageError`; then nothing was kept, and the transaction is to be rolled back.
    func commit() throws(StorageError) {
        if let lost { throw lost }
        try control(.commit)
        expectsTransaction = false
    }

    /// Ends the transaction and undoes what it did, as far as SQLite has not done so already.
    func rollback() {
        expectsTransaction = false
        lost = nil
        guard sqlite3_get_autocommit(handle) == 0 else { return }
        // If even this fails, the next `begin` tries again before anything else is done.
        try? control(.rollback)
    }

    /// Begins a part of the transaction that can be undone alone.
    ///
    /// - Throws: `StorageError`.
    func beginPart() throws(StorageError) {
        try control(.savepoint)
    }

    /// Ends the newest part and keeps what it did in the transaction.
    ///
    /// - Throws: `StorageError`.
    func keepPart() throws(StorageError) {
        try control(.release)
    }

    /// Ends the newest part and undoes what it did. If that fails, the transaction is lost.
    func undoPart() {
        guard lost == nil else { return }
        do {
            try control(.rollbackPart)
            try control(.release)
        } catch {
            lost = lost ?? error
        }
    }

    private func control(_ query: SQLiteQuery) throws(StorageError) {
        if let lost, query != .rollback { throw lost }
        let statement = try statement(for: query)
        statement.begin()
        defer { statement.end() }
        try statement.run()
    }

    // MARK: Statements

    /// Runs `body` with the compiled statement of `query`, ready to be bound and stepped.
    ///
    /// - Throws: `StorageError`, and what `body` throws.
    func with<Value>(
        _ query: SQLiteQuery, _ body: (SQLiteStatement) throws -> Value
    ) throws -> Value {
        if let lost { throw lost }
        let statement = try statement(for: query)
        counters.addQuery()
        statement.begin()
        defer { statement.end() }
        return try body(statement)
    }

    /// Runs SQL that is not of every day: the schema, and settings of the connection.
    ///
    /// - Returns: The first column of its last row as a text, empty if it has none.
    /// - Throws: `StorageError`.
    @discardableResult
    func execute(_ sql: String) throws(StorageError) -> String {
        var value = ""
        for part in sql.split(separator: ";") where part.contains(where: { !$0.isWhitespace }) {
            let statement = try compile(String(part), isKept: false)
            while try statement.step() { value = statement.text(0) }
        }
        return value
    }

    /// Moves the write-ahead log into the database file and empties it, if no reader is in its way.
    func checkpoint() {
        sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }

    /// The storage's error for a result of this connection's; notes a lost transaction.
    func error(_ result: SQLiteResult) -> StorageError {
        let message = String(cString: sqlite3_errmsg(handle))
        let error = result.error("\(path): \(message) (SQLite \(result.code))")
        if expectsTransaction, sqlite3_get_autocommit(handle) != 0, lost == nil { lost = error }
        return error
    }

    /// The kept statement, or one more if that one is being stepped through.
    private func statement(for query: SQLiteQuery) throws(StorageError) -> SQLiteStatement {
        if let kept = statements[query] {
            return kept.isInUse ? try compile(query.sql, isKept: false) : kept
        }
        let compiled = try compile(query.sql, isKept: true)
        statements[query] = compiled
        return compiled
    }

    private func compile(_ sql: String, isKept: Bool) throws(StorageError) -> SQLiteStatement {
        var compiled: OpaquePointer?
        let flags = isKept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        let result = SQLiteResult(sqlite3_prepare_v3(handle, sql, -1, flags, &compiled, nil))
        guard let compiled, result == .ok else { throw error(result) }
        return SQLiteStatement(adopting: compiled, of: self)
    }
}
