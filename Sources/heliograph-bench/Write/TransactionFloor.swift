// SPDX-License-Identifier: MIT
//
// What one durable write costs at least on this disk: a transaction of SQLite's, in the same mode
// as the server's, with the rows that the write of a record changes, and nothing around it.

import CSQLite
import Glibc

/// Runs bare transactions, one after the other.
enum TransactionFloor {
    private static let schema = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE lists (id INTEGER PRIMARY KEY, last_modified INTEGER);
        INSERT INTO lists VALUES (1, 0);
        CREATE TABLE changes (id INTEGER PRIMARY KEY, revision INTEGER, last_modified INTEGER);
        INSERT INTO changes VALUES (1, 0, 0);
        CREATE TABLE objects (list INTEGER, id TEXT, last_modified INTEGER, data TEXT);
        CREATE UNIQUE INDEX objects_by_id ON objects (list, id);
        CREATE INDEX objects_by_time ON objects (list, last_modified, id);
        CREATE TABLE permissions (uri TEXT, principal TEXT, PRIMARY KEY (uri, principal))
        WITHOUT ROWID;
        CREATE INDEX permissions_by_principal ON permissions (principal, uri);
        """

    private static let statements = [
        "BEGIN IMMEDIATE",
        "INSERT INTO objects VALUES (1, printf('record-%010d', ?1), ?1, ?2)",
        "INSERT INTO permissions VALUES (printf('/buckets/b/collections/c/records/%d', ?1), 'me')",
        "UPDATE lists SET last_modified = ?1 WHERE id = 1",
        "UPDATE changes SET revision = ?1, last_modified = ?1 WHERE id = 1",
        "COMMIT",
    ]

    /// Commits `count` records, each durably and on its own.
    ///
    /// - Parameters:
    ///   - directory: Where the database is made.
    ///   - text: The content of each record.
    /// - Returns: How long each took.
    /// - Throws: `BenchFailure` if SQLite refuses something.
    static func measure(directory: String, text: String, count: Int) throws -> Histogram {
        var handle: OpaquePointer?
        defer { sqlite3_close(handle) }
        let path = directory + "/transactions.db"
        guard sqlite3_open(path, &handle) == SQLITE_OK,
            sqlite3_exec(handle, schema, nil, nil, nil) == SQLITE_OK
        else { throw failure(handle) }
        var compiled: [OpaquePointer?] = []
        defer { for statement in compiled { sqlite3_finalize(statement) } }
        for statement in statements {
            compiled.append(nil)
            let place = compiled.count - 1
            guard sqlite3_prepare_v2(handle, statement, -1, &compiled[place], nil) == SQLITE_OK
            else { throw failure(handle) }
        }
        var latencies = Histogram()
        for number in 1...count {
            let start = MonotonicClock.nowNanoseconds
            for statement in compiled {
                // Those without such a parameter take no notice.
                sqlite3_bind_int64(statement, 1, Int64(number))
                sqlite3_bind_text(statement, 2, text, -1, hg_sqlite_transient())
                guard sqlite3_step(statement) == SQLITE_DONE else { throw failure(handle) }
                sqlite3_reset(statement)
            }
            latencies.record(MonotonicClock.nowNanoseconds - start)
        }
        return latencies
    }

    private static func failure(_ handle: OpaquePointer?) -> BenchFailure {
        BenchFailure("SQLite: \(String(cString: sqlite3_errmsg(handle)))")
    }
}
