// SPDX-License-Identifier: MIT

import Foundation
import CSQLite
import Core
import Glibc
import Testing

@testable import Storage

@Suite("An SQLite storage")
struct SQLiteStorageTests {
    let directory: TemporaryDirectory
    let clock = TestClock()
    var path: String { directory.file("test.db") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open() throws -> SQLiteStorage {
        try SQLiteStorage(path: path, clock: clock.function)
    }

    /// The error that opening gives.
    private func refusal(_ path: String) throws -> StorageError {
        try #require(throws: StorageError.self) {
            try SQLiteStorage(path: path, clock: clock.function).close()
        }
    }

    // MARK: Reopening

    @Test("goes on where it was when it is opened again")
    func reopening() async throws {
        let first = try open()
        let epoch = first.epoch
        try await first.write { transaction throws in
            try transaction.put("a", 9_000_000, in: .plugins)
            try transaction.put("b", in: .addons)
            try transaction.setPermissions(["read": ["me"]], of: "/buckets/main")
            try transaction.setMembers(of: "/buckets/main/groups/g", to: ["me"])
        }
        try await first.write { try $0.removeTree(at: CollectionPath.addons.uri) }
        let log = try first.changeLog()
        #expect(try first.rewrites() == [.addons: Revision(2)])
        first.close()
        #expect(directory.names.sorted() == ["test.db", "test.db.lock"])

        let second = try open()
        #expect(second.epoch == epoch)
        #expect(try second.changeLog() == log)
        #expect(try second.rewrites() == [.addons: Revision(2)])
        #expect(log.map(\.revision) == [Revision(1), Revision(3)])
        try await second.read { reader throws in
            #expect(try reader.object("a", in: .plugins)?.timestamp == 9_000_000)
            #expect(try reader.permissions(of: "/buckets/main") == ["read": ["me"]])
            #expect(try reader.groups(containing: ["me"]) == ["/buckets/main/groups/g"])
        }
        #expect(try await second.write { try $0.put("c", in: .plugins).timestamp } == 9_000_001)
        // Above the tombstone that was written before the restart, though the clock stands still.
        #expect(try await second.write { try $0.put("d", in: .addons).timestamp } == 1_000_002)
        #expect(try second.changeLog().map(\.revision) == [Revision(4), Revision(5)])
        second.close()
    }

    @Test("has a new epoch when a backup was put in its place, and keeps it then")
    func restoring() async throws {
        let first = try open()
        let epoch = first.epoch
        _ = try await first.write { try $0.put("a", in: .plugins) }
        first.close()
        let backup = try Data(contentsOf: URL(fileURLWithPath: path))
        let second = try open()
        #expect(second.epoch == epoch, "nothing went back")
        _ = try await second.write { try $0.put("b", in: .plugins) }
        second.close()

        try backup.write(to: URL(fileURLWithPath: path))
        let restored = try open()
        #expect(restored.epoch != epoch)
        let newEpoch = restored.epoch
        _ = try await restored.write { try $0.put("c", in: .plugins) }
        restored.close()
        let last = try open()
        #expect(last.epoch == newEpoch)
        last.close()
    }

    @Test("makes a different epoch with each database")
    func epochs() throws {
        let other = try SQLiteStorage(path: directory.file("other.db"), clock: clock.function)
        let storage = try open()
        #expect(storage.epoch != other.epoch)
        storage.close()
        other.close()
    }

    @Test("lets go of its files when it is dropped without closing")
    func dropping() async throws {
        var storage: SQLiteStorage? = try open()
        try await storage?.write { _ = try $0.put("a", in: .plugins) }
        storage = nil
        let again = try open()
        #expect(try await again.read { try $0.count(ObjectQuery(.plugins)) } == 1)
        again.close()
    }

    // MARK: Opening

    @Test("says that the directory is missing")
    func missingDirectory() throws {
        let path = directory.file("none/test.db")
        guard case .unusable(let message) = try refusal(path) else {
            Issue.record("not unusable")
            return
        }
        #expect(message.contains(path))
        #expect(message.contains("directory does not exist"))
    }

    @Test("says that a file is no database", arguments: [1, 511, 512, 5_000])
    func noDatabase(bytes: Int) throws {
        try Files.write([UInt8](repeating: 65, count: bytes), to: path)
        #expect(try refusal(path) == .unusable("\(path) is not a SQLite database"))
        #expect(Files.read(path) == [UInt8](repeating: 65, count: bytes))
    }

    @Test("leaves the databases of other programs alone")
    func foreign() throws {
        try SQLiteConnection(path: path).execute("CREATE TABLE mine (x)")
        let before = Files.read(path)
        #expect(try refusal(path) == .unusable("\(path) is a database of another program"))
        #expect(Files.read(path) == before)
    }

    @Test("takes a directory for no database")
    func isDirectory() throws {
        #expect(try refusal(directory.path) == .unusable("\(directory.path) is not a file"))
    }

    @Test("refuses a newer schema, and opens its own")
    func newerSchema() throws {
        try open().close()
        let next = SQLiteSchema.version + 1
        try SQLiteConnection(path: path).execute("PRAGMA user_version = \(next)")
        guard case .unusable(let message) = try refusal(path) else {
            Issue.record("not unusable")
            return
        }
        #expect(message.contains("newer version"))
        try SQLiteConnection(path: path).execute(
            "PRAGMA user_version = \(SQLiteSchema.version)")
        try open().close()
    }

    @Test(
        "brings a database of each older schema to its own, with all that is in it",
        arguments: 1..<SQLiteSchema.version)
    func olderSchema(version: Int) async throws {
        do {
            let older = try SQLiteConnection(path: path)
            for migration in SQLiteSchema.migrations[..<version] { try older.execute(migration) }
            try older.execute("PRAGMA application_id = \(SQLiteSchema.applicationID)")
            try older.execute("PRAGMA user_version = \(version)")
            _ = try SQLiteSchema.replaceEpoch(older)
            try older.execute(
                """
                INSERT INTO lists VALUES (7, '/buckets/main/collections/plugins', 'record', 20);
                INSERT INTO objects VALUES (7, 'a', 20, 0, '{"id":"a","last_modified":20}');
                INSERT INTO permissions VALUES ('/buckets/main', 'write', 'me');
                INSERT INTO permissions VALUES ('/buckets/main', 'read', 'you');
                INSERT INTO permissions
                VALUES ('/buckets/main/collections/plugins/records/a', 'read', 'you');
                INSERT INTO changes VALUES ('main', 'plugins', 5, 20, 0);
                INSERT INTO changes VALUES ('main', 'addons', 4, 10, 1);
                """)
        }
        let storage = try open()
        #expect(try storage.changeLog().map(\.revision) == [Revision(4), Revision(5)])
        // What older servers did not keep is not known.
        #expect(try storage.rewrites() == [.plugins: Revision(4), .addons: Revision(4)])
        try await storage.read { reader throws in
            #expect(try reader.object("a", in: .plugins)?.timestamp == 20)
            let uri = "/buckets/main"
            #expect(try reader.permissions(of: uri) == ["write": ["me"], "read": ["you"]])
            let granted = try reader.permissions(grantedTo: ["you"])
            #expect(granted[uri] == ["read"])
            #expect(granted.count == 2)
            let above = try reader.urisAboveRecords(grantedTo: ["you"], permissions: ["read"])
            #expect(above == [uri])
        }
        try await storage.write { _ = try $0.put("b", in: .plugins) }
        #expect(try storage.changeLog().last?.revision == Revision(6))
        storage.close()
    }

    @Test("gives its lock up when it is closed, though somebody else has the descriptor, too")
    func unlocking() async throws {
        let storage = try open()
        // As a process that is being started, for a moment.
        let copies = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            .compactMap { Int32($0) }
            .filter { descriptor in
                let link = "/proc/self/fd/\(descriptor)"
                let file = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
                return file == path + ".lock"
            }
            .map { dup($0) }
        defer { for copy in copies { close(copy) } }
        #expect(copies.count == 1)
        storage.close()
        try open().close()
    }

    @Test("refuses a second server, by name, while others may read beside it")
    func secondServer() async throws {
        let storage = try open()
        try await storage.write { _ = try $0.put("a", in: .plugins) }
        guard case .unusable(let message) = try refusal(path) else {
            Issue.record("not unusable")
            return
        }
        #expect(message.contains(path + ".lock"))
        #expect(message.contains("process \(getpid())"))
        // By another name, too.
        let alias = directory.file("alias.db")
        #expect(symlink(path, alias) == 0)
        #expect(try refusal(alias) == .unusable(message))
        // And by another name of its directory.
        let other = directory.file("other")
        #expect(symlink(directory.path, other) == 0)
        #expect(try refusal(other + "/test.db") == .unusable(message))
        let beside = try SQLiteConnection(path: path)
        #expect(try beside.execute("SELECT count(*) FROM objects") == "1")
        #expect(throws: StorageError.self) { try SQLiteStorage.migrate(path: path) }
        storage.close()
        try open().close()
    }

    @Test("is one database, by whichever name of its directory it was made")
    func aliasOfDirectory() throws {
        let other = directory.file("other")
        #expect(symlink(directory.path, other) == 0)
        let storage = try SQLiteStorage(path: other + "/new.db", clock: clock.function)
        guard case .unusable(let message) = try refusal(directory.file("new.db")) else {
            Issue.record("not unusable")
            return
        }
        #expect(message.contains("in use"))
        storage.close()
    }

    @Test("says that it cannot write", .enabled(if: geteuid() != 0))
    func readOnly() throws {
        try open().close()
        chmod(path, 0o444)
        guard case .notWritable = try refusal(path) else {
            Issue.record("not notWritable")
            return
        }
    }

    @Test("is prepared by migrating, which changes nothing else")
    func migrating() throws {
        let first = try SQLiteStorage.migrate(path: path)
        #expect(first == (0, SQLiteSchema.version))
        let second = try SQLiteStorage.migrate(path: path)
        #expect(second == (SQLiteSchema.version, SQLiteSchema.version))
        let storage = try open()
        #expect(try storage.changeLog() == [])
        storage.close()
    }

    @Test("is set to be durable")
    func settings() async throws {
        let storage = try open()
        try await storage.write { transaction throws in
            let connection = try #require(transaction as? SQLiteTransaction).connection
            #expect(try connection.execute("PRAGMA journal_mode") == "wal")
            #expect(try connection.execute("PRAGMA synchronous") == "2")
            #expect(
                try connection.execute("PRAGMA busy_timeout")
                    == "\(Limits.databaseBusyMillisecondsMax)")
            #expect(
                try connection.execute("PRAGMA journal_size_limit")
                    == "\(Limits.databaseLogBytesMax)")
            let kilobytes = Limits.databaseWriterCacheBytesMax / 1_024
            #expect(try connection.execute("PRAGMA cache_size") == "-\(kilobytes)")
        }
        await #expect(throws: StorageError.self) {
            try await storage.read { reader throws in
                _ = try #require(reader as? SQLiteReader).connection.execute("DELETE FROM objects")
            }
        }
        storage.close()
    }

    // MARK: Queries

    @Test("answers lists by going along an index, without sorting")
    func queryPlans() throws {
        try open().close()
        let connection = try SQLiteConnection(path: path)
        for order in [ObjectQuery.Order.newestFirst, .oldestFirst, .byID] {
            for withTombstones in [false, true] {
                let visit = SQLiteQuery.visit(
                    order, withTombstones: withTombstones, ofIDs: false)
                let plan = try plan(of: visit, connection)
                #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
                #expect(!plan.contains("SCAN"), "\(plan)")
                if case .byID = order { continue }
                #expect(
                    plan.contains("objects_by_time (list=? AND last_modified>? AND"), "\(plan)")
            }
        }
        let count = try plan(of: .count(withTombstones: false, ofIDs: false), connection)
        #expect(count.contains("COVERING INDEX objects_by_time"), "\(count)")
        let ids = try plan(of: .visit(.newestFirst, withTombstones: true, ofIDs: true), connection)
        #expect(ids.contains("objects_by_id (list=? AND id=?)"), "\(ids)")
        for query in [
            SQLiteQuery.object, .list, .listsAt, .listsBelow, .permissions, .permissionsOfMany,
            .urisGranted, .urisAboveRecordsGranted, .deletePermissionsBelow, .deleteMembersBelow,
            .groups, .change, .deletePermission, .deletePermissionsOf,
            .deleteObjects, .deleteObjectsOfIDs,
        ] {
            let plan = try plan(of: query, connection)
            #expect(
                !plan.replacing("SCAN json_each").contains("SCAN"), "\(query): \(plan)")
        }
    }

    private func plan(of query: SQLiteQuery, _ connection: SQLiteConnection) throws -> String {
        var statement: OpaquePointer?
        let sql = "EXPLAIN QUERY PLAN " + query.sql
        try #require(sqlite3_prepare_v2(connection.handle, sql, -1, &statement, nil) == SQLITE_OK)
        defer { sqlite3_finalize(statement) }
        var lines: [String] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            lines.append(String(cString: sqlite3_column_text(statement, 3)))
        }
        return lines.joined(separator: "; ")
    }

    @Test("sees in a write what another program has written to the file since the last one")
    func writesOfOthers() async throws {
        let storage = try open()
        let uri = "/buckets/a"
        try await storage.write { transaction in
            _ = try transaction.put("a", in: .buckets)
            try transaction.setPermissions(["write": ["one"]], of: uri)
        }
        let other = try SQLiteConnection(path: path)
        try other.execute("UPDATE permissions SET principal = 'two'; DELETE FROM objects")
        let seen = try await storage.write { transaction in
            (try transaction.permissions(of: uri), try transaction.object("a", in: .buckets))
        }
        #expect(seen.0 == ["write": ["two"]])
        #expect(seen.1 == nil)
        storage.close()
    }

    @Test("counts its queries")
    func countsQueries() async throws {
        let storage = try open()
        try await storage.write { _ = try $0.put("a", in: .plugins) }
        let before = storage.statistics
        #expect(before.commits == 1)
        #expect(before.writes == 1)
        _ = try await storage.read { try $0.object("a", in: .plugins) }
        #expect(storage.statistics.queries == before.queries + 1)
        // Those of a few objects are asked for one by one, those of many together.
        _ = try await storage.read { try $0.permissions(of: ["/a", "/b", "/c"]) }
        #expect(storage.statistics.queries == before.queries + 4)
        let many = (0...Limits.permissionsAskedSinglyMax).map { "/a\($0)" }
        _ = try await storage.read { try $0.permissions(of: many) }
        #expect(storage.statistics.queries == before.queries + 5)
        _ = try await storage.read { _ in }
        #expect(storage.statistics.queries == before.queries + 5)
        storage.close()
    }
}

extension String {
    fileprivate func replacing(_ part: String) -> String {
        var rest = self[...]
        var result = ""
        while let character = rest.first {
            if rest.hasPrefix(part) {
                rest = rest.dropFirst(part.count)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
