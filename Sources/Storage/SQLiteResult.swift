// SPDX-License-Identifier: MIT

internal import CSQLite

/// What a function of SQLite's returned: an extended result code.
///
/// In a `switch`, a primary code matches its whole family: `.ioError` any `SQLITE_IOERR_…`.
struct SQLiteResult: Equatable {
    /// The extended result code.
    let code: Int32

    /// Wraps a result code.
    init(_ code: Int32) {
        self.code = code
    }

    /// Success.
    static let ok = SQLiteResult(SQLITE_OK)
    /// A step has a row.
    static let row = SQLiteResult(SQLITE_ROW)
    /// A step has no more rows.
    static let done = SQLiteResult(SQLITE_DONE)

    /// Whether `result` is of the family of the primary code `pattern`.
    static func ~= (pattern: Int32, result: SQLiteResult) -> Bool {
        pattern == result.code & 0xFF
    }

    /// The one translation of SQLite's errors into the storage's.
    ///
    /// - Parameter message: What SQLite says about it, for the operator.
    func error(_ message: @autoclosure () -> String) -> StorageError {
        switch self {
        case SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM,
            SQLITE_NOMEM:
            .notWritable(message())
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
            .busy
        default:
            // SQLITE_CORRUPT, SQLITE_NOTADB, and what only a mistake of ours or a foreign schema
            // can cause.
            .unusable(message())
        }
    }
}
