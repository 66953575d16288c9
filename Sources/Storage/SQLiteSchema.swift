// SPDX-License-Identifier: MIT
//
// The file's schema. `lists` gives each pair of parent and resource a small number, so that rows
// and indexes of `objects` do not repeat URIs, and holds the list's timestamp: a list exists when
// it has one. `changes` keeps one row per collection that ever had a records timestamp; none is
// ever removed, so its highest revision is the last one that was given, whatever was deleted since.
// `rewrites` has those of them in which something happened that their records' timestamps do not
// tell, and up to which revision, so that who returns after a restart is sent no more than it
// must be.
// `permissions_above_records` leaves out the permissions of records, of which a user may have one
// for each that was written.
//
// Every tree that a write touches is a page more to be written before it is durable. So
// `permissions`, whose rows are nothing but their key, has no rowid, and the revisions, which are
// read in their order only at the start, have no index. With rows as large as those of `objects`,
// WITHOUT ROWID was measured to be six times slower.

import Core

/// Makes and updates the tables of a database.
enum SQLiteSchema {
    /// The mark of the files that are ours (`PRAGMA application_id`): "HELI".
    static let applicationID: Int64 = 0x4845_4C49

    /// The version that this program reads and writes (`PRAGMA user_version`).
    static var version: Int { migrations.count }

    /// The step from each version to the next, beginning with an empty file. Steps that were
    /// released are never changed.
    static let migrations = [
        """
        CREATE TABLE meta (key TEXT NOT NULL, value TEXT NOT NULL);
        CREATE UNIQUE INDEX meta_by_key ON meta (key);

        CREATE TABLE lists (
            id INTEGER PRIMARY KEY, parent TEXT NOT NULL, resource TEXT NOT NULL,
            last_modified INTEGER NOT NULL);
        CREATE UNIQUE INDEX lists_by_parent ON lists (parent, resource);

        CREATE TABLE objects (
            list INTEGER NOT NULL, id TEXT NOT NULL, last_modified INTEGER NOT NULL,
            deleted INTEGER NOT NULL, data BLOB);
        CREATE UNIQUE INDEX objects_by_id ON objects (list, id);
        CREATE INDEX objects_by_time ON objects (list, last_modified, id, deleted);

        CREATE TABLE permissions (
            uri TEXT NOT NULL, permission TEXT NOT NULL, principal TEXT NOT NULL);
        CREATE UNIQUE INDEX permissions_by_uri ON permissions (uri, permission, principal);
        CREATE INDEX permissions_by_principal ON permissions (principal, uri, permission);

        CREATE TABLE members (uri TEXT NOT NULL, principal TEXT NOT NULL);
        CREATE UNIQUE INDEX members_by_uri ON members (uri, principal);
        CREATE INDEX members_by_principal ON members (principal, uri);

        CREATE TABLE changes (
            bucket TEXT NOT NULL, collection TEXT NOT NULL, revision INTEGER NOT NULL,
            last_modified INTEGER NOT NULL, deleted INTEGER NOT NULL);
        CREATE UNIQUE INDEX changes_by_path ON changes (bucket, collection);
        CREATE UNIQUE INDEX changes_by_revision ON changes (revision);
        """,
        """
        CREATE TABLE broadcasts (id TEXT NOT NULL, version TEXT NOT NULL, time INTEGER NOT NULL);
        CREATE UNIQUE INDEX broadcasts_by_id ON broadcasts (id);
        """,
        """
        CREATE INDEX permissions_above_records ON permissions (principal, uri, permission)
        WHERE uri NOT GLOB '/buckets/*/*/*/*';
        """,
        """
        CREATE TABLE grants (
            uri TEXT NOT NULL, permission TEXT NOT NULL, principal TEXT NOT NULL,
            PRIMARY KEY (uri, permission, principal)) WITHOUT ROWID;
        INSERT INTO grants SELECT uri, permission, principal FROM permissions
            ORDER BY uri, permission, principal;
        DROP TABLE permissions;
        ALTER TABLE grants RENAME TO permissions;
        CREATE INDEX permissions_by_principal ON permissions (principal, uri, permission);
        CREATE INDEX permissions_above_records ON permissions (principal, uri, permission)
        WHERE uri NOT GLOB '/buckets/*/*/*/*';
        DROP INDEX changes_by_revision;
        """,
        // Of what happened before, nobody knows.
        """
        CREATE TABLE rewrites (
            bucket TEXT NOT NULL, collection TEXT NOT NULL, revision INTEGER NOT NULL);
        CREATE UNIQUE INDEX rewrites_by_path ON rewrites (bucket, collection);
        INSERT INTO rewrites SELECT bucket, collection, (SELECT max(revision) FROM changes) - 1
            FROM changes;
        """,
    ]

    /// Brings a database to the present version; makes its tables and its epoch if it is empty.
    ///
    /// - Returns: The version it had.
    /// - Throws: `StorageError`; `.unusable` if the file is not ours or from a newer program.
    static func migrate(_ connection: SQLiteConnection, path: String) throws(StorageError) -> Int {
        let found = try version(of: connection, path: path)
        if found == version { return found }
        try connection.begin(.write)
        do {
            // Another process may have done it while this one waited for the lock.
            let now = try version(of: connection, path: path)
            for migration in migrations[now...] { try connection.execute(migration) }
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute("PRAGMA user_version = \(version)")
            if now == 0 { _ = try replaceEpoch(connection) }
            try connection.commit()
        } catch {
            connection.rollback()
            throw error
        }
        return found
    }

    /// Gives the database a new identity of its history.
    ///
    /// - Throws: `StorageError`.
    static func replaceEpoch(_ connection: SQLiteConnection) throws(StorageError) -> Epoch {
        let bits = Digest.randomBytes(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let epoch = Epoch(randomBits: bits)
        try connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', '\(epoch)')")
        return epoch
    }

    /// The epoch that was made with the database.
    ///
    /// - Throws: `StorageError`.
    static func epoch(_ connection: SQLiteConnection, path: String) throws(StorageError) -> Epoch {
        let text = try connection.execute("SELECT value FROM meta WHERE key = 'epoch'")
        guard let epoch = Epoch(text) else {
            throw .unusable("the database \(path) has no epoch")
        }
        return epoch
    }

    /// The version of the file, 0 if it is empty.
    ///
    /// - Throws: `StorageError`; `.unusable` if the file is not ours or from a newer program.
    static func version(
        of connection: SQLiteConnection, path: String
    ) throws(StorageError) -> Int {
        let mark = Int64(try connection.execute("PRAGMA application_id")) ?? 0
        let found = Int(try connection.execute("PRAGMA user_version")) ?? 0
        let tables = Int(try connection.execute("SELECT count(*) FROM sqlite_schema")) ?? 0
        if mark == 0, found == 0, tables == 0 { return 0 }
        guard mark == applicationID else {
            throw .unusable("\(path) is a database of another program")
        }
        guard found <= version else {
            throw .unusable(
                "\(path) was made by a newer version of this program:"
                    + " its schema is \(found), this one knows \(version)")
        }
        return found
    }
}
