// SPDX-License-Identifier: MIT

import CSQLite
import Testing

@testable import heliograph_bench

@Suite("What the disk is measured by")
struct DiskTests {
    @Test("is as many durable transactions as were asked for, each with its record and permission")
    func transactions() throws {
        try TemporaryDirectory.use { directory in
            let text = String(repeating: "x", count: 300)
            let latencies = try TransactionFloor.measure(
                directory: directory, text: text, count: 25)
            #expect(latencies.count == 25)
            var handle: OpaquePointer?
            defer { sqlite3_close(handle) }
            #expect(sqlite3_open(directory + "/transactions.db", &handle) == SQLITE_OK)
            for (query, expected) in [
                ("SELECT count(*) FROM objects WHERE length(data) = 300", 25),
                ("SELECT count(DISTINCT uri) FROM permissions", 25),
                ("SELECT last_modified FROM lists", 25), ("SELECT revision FROM changes", 25),
            ] {
                var statement: OpaquePointer?
                defer { sqlite3_finalize(statement) }
                #expect(sqlite3_prepare_v2(handle, query, -1, &statement, nil) == SQLITE_OK)
                #expect(sqlite3_step(statement) == SQLITE_ROW)
                #expect(sqlite3_column_int(statement, 0) == expected, "\(query)")
            }
        }
    }

    @Test("is told if SQLite cannot work there")
    func unusable() {
        #expect(throws: BenchFailure.self) {
            try TransactionFloor.measure(directory: "/nonexistent", text: "x", count: 1)
        }
    }
}
