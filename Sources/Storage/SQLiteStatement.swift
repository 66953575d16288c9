// SPDX-License-Identifier: MIT

internal import CSQLite

/// A compiled statement of one connection.
///
/// Parameters count from 1 as SQLite's do, columns from 0. A failure to bind is reported by the
/// step that follows.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private unowned let connection: SQLiteConnection
    private var bindResult = SQLiteResult.ok
    /// Whether someone steps through it, so that it cannot be begun again.
    private(set) var isInUse = false

    /// Takes over a compiled statement of `connection`.
    init(adopting handle: OpaquePointer, of connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Marks the statement as in use.
    func begin() {
        precondition(!isInUse, "a statement is stepped through already")
        isInUse = true
    }

    /// Makes the statement ready for its next use.
    func end() {
        // The result repeats the error of the last step, which was thrown there.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        bindResult = .ok
        isInUse = false
    }

    /// Goes on to the next row.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `StorageError`.
    func step() throws(StorageError) -> Bool {
        guard bindResult == .ok else { throw connection.error(bindResult) }
        let result = SQLiteResult(sqlite3_step(handle))
        switch result {
        case .row: return true
        case .done: return false
        default: throw connection.error(result)
        }
    }

    /// Runs a statement that has no rows to its end.
    ///
    /// - Throws: `StorageError`.
    func run() throws(StorageError) {
        while try step() {}
    }

    /// Runs a statement without rows, with one more parameter whose bytes SQLite reads in place.
    ///
    /// - Throws: `StorageError`.
    func run(bytes: [UInt8], at parameter: Int32) throws(StorageError) {
        // The pointer is valid for this call only; `bytes` is unbound before it ends.
        let result: Result<Void, StorageError> = bytes.withUnsafeBytes { buffer in
            note(
                sqlite3_bind_blob64(
                    handle, parameter, buffer.baseAddress, sqlite3_uint64(buffer.count), nil))
            let result = Result { () throws(StorageError) in try run() }
            sqlite3_reset(handle)
            sqlite3_bind_null(handle, parameter)
            return result
        }
        try result.get()
    }

    /// Binds an integer.
    func bind(_ value: Int64, at parameter: Int32) {
        note(sqlite3_bind_int64(handle, parameter, value))
    }

    /// Binds a text; SQLite copies it.
    func bind(_ text: String, at parameter: Int32) {
        var text = text
        text.withUTF8 { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                note(
                    sqlite3_bind_text(
                        handle, parameter, characters.baseAddress, Int32(characters.count),
                        hg_sqlite_transient()))
            }
        }
    }

    /// Binds bytes that are compared as a text, even if they are not valid UTF-8.
    func bind(textBytes bytes: [UInt8], at parameter: Int32) {
        bytes.withUnsafeBytes { buffer in
            note(
                sqlite3_bind_text(
                    handle, parameter, buffer.assumingMemoryBound(to: CChar.self).baseAddress,
                    Int32(buffer.count), hg_sqlite_transient()))
        }
    }

    /// Binds an empty blob, which SQLite sorts after every text.
    func bindAfterAllTexts(at parameter: Int32) {
        note(sqlite3_bind_zeroblob(handle, parameter, 0))
    }

    /// An integer of the present row.
    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }

    /// A text of the present row.
    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// A blob of the present row.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    private func note(_ code: Int32) {
        let result = SQLiteResult(code)
        if result != .ok, bindResult == .ok { bindResult = result }
    }
}
