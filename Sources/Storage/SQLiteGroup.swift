// SPDX-License-Identifier: MIT
//
// The jobs of a group often write to the same few lists. So their timestamps and their changes are
// kept here and written once, right before the commit. What a job did to them is undone by a log of
// the rows before, in step with the savepoints that undo the rest.
//
// Invariant: a row that is not dirty is as in the table; one that is absent here is, too.

import Core

/// What the jobs of one transaction share.
final class SQLiteGroup {
    /// A row of the table `lists`, as the transaction sees it.
    struct Row {
        /// The number by which objects name their list.
        let number: Int64
        /// The list's timestamp.
        var timestamp: Timestamp
        /// Whether the table has another timestamp.
        var isDirty = false
    }

    /// A place to which the rows can be taken back.
    struct Mark {
        fileprivate let count: Int
        fileprivate let memory: WriterMemory.Mark
    }

    /// What all jobs so far did, as far as others are told.
    private(set) var commit = Commit()
    /// What is known of the tables from one group to the next.
    let memory: WriterMemory
    private let connection: SQLiteConnection
    private var rows: [ResourceList: Row]
    private var dirty: Set<ResourceList> = []
    private var before: [(list: ResourceList, row: Row?)] = []
    private var revision: Revision
    private var newest: [CollectionPath: Change] = [:]

    /// Makes the group of a transaction that has begun.
    ///
    /// - Parameter memory: What the groups before have left.
    /// - Throws: `StorageError`.
    init(_ connection: SQLiteConnection, memory: WriterMemory) throws {
        self.connection = connection
        self.memory = memory
        let reader = SQLiteReader(connection)
        memory.begin(dataVersion: try reader.dataVersion())
        let last = memory.lastCommit
        rows = last.rows
        revision = try last.revision ?? reader.lastRevision()
    }

    // MARK: Lists

    /// The row of a list, nil if it has no timestamp.
    ///
    /// - Throws: `StorageError`.
    func row(of list: ResourceList) throws -> Row? {
        if let row = rows[list] { return row }
        guard let found = try SQLiteReader(connection).row(of: list) else { return nil }
        let row = Row(number: found.number, timestamp: found.timestamp)
        rows[list] = row
        return row
    }

    /// Changes or forgets what the transaction knows of a list.
    func set(_ list: ResourceList, to row: Row?) {
        before.append((list, rows[list]))
        replace(list, with: row)
    }

    /// Writes the timestamps that the table does not have yet.
    ///
    /// - Throws: `StorageError`.
    func writeLists() throws {
        for list in dirty {
            guard var row = rows[list] else { preconditionFailure("a dirty row is missing") }
            try connection.with(.moveList) { statement in
                statement.bind(row.number, at: 1)
                statement.bind(row.timestamp.milliseconds, at: 2)
                try statement.run()
            }
            row.isDirty = false
            set(list, to: row)
        }
    }

    private func replace(_ list: ResourceList, with row: Row?) {
        rows[list] = row
        if let row, row.isDirty { dirty.insert(list) } else { dirty.remove(list) }
    }

    // MARK: Undoing

    /// The present place.
    var mark: Mark { Mark(count: before.count, memory: memory.mark) }

    /// Takes the rows back to where they were at `mark`, as the savepoint does the tables.
    func undo(to mark: Mark) {
        memory.undo(to: mark.memory)
        while before.count > mark.count {
            let (list, row) = before.removeLast()
            replace(list, with: row)
        }
    }

    /// Forgets how to undo what was done so far.
    func keep() {
        before.removeAll(keepingCapacity: true)
    }

    // MARK: Changes

    /// Gives the collections that a job moved their revisions.
    func append(_ pending: PendingChanges) {
        for change in pending.changes(after: revision) {
            commit.changes.append(change)
            newest[change.path] = change
            revision = change.revision
        }
        commit.rewritten.formUnion(pending.rewritten)
        commit.touched.formUnion(pending.touched)
        commit.changesAccess = commit.changesAccess || pending.changesAccess
        commit.broadcasts += pending.broadcasts
    }

    /// The timestamp with which a collection was removed, nil if it was not.
    ///
    /// - Throws: `StorageError`.
    func removal(of path: CollectionPath) throws -> Timestamp? {
        guard let change = try change(of: path), change.isTombstone else { return nil }
        return change.timestamp
    }

    /// The newest change of a collection, those of earlier jobs included.
    ///
    /// - Throws: `StorageError`.
    func change(of path: CollectionPath) throws -> Change? {
        try newest[path] ?? SQLiteReader(connection).change(of: path)
    }

    /// Leaves what the next group may know, when the commit has returned.
    func committed() {
        memory.committed(rows: rows, revision: revision)
    }

    /// Writes all that the tables do not have yet, before the commit.
    ///
    /// - Throws: `StorageError`.
    func finish() throws {
        try writeLists()
        for change in newest.values {
            try connection.with(.replaceChange) { statement in
                statement.bind(change.path.bucket, at: 1)
                statement.bind(change.path.collection, at: 2)
                statement.bind(Int64(bitPattern: change.revision.number), at: 3)
                statement.bind(change.timestamp.milliseconds, at: 4)
                statement.bind(change.isTombstone ? 1 : 0, at: 5)
                try statement.run()
            }
        }
        for (path, last) in commit.rewrites(head: revision) {
            try connection.with(.replaceRewrite) { statement in
                statement.bind(path.bucket, at: 1)
                statement.bind(path.collection, at: 2)
                statement.bind(Int64(bitPattern: last.number), at: 3)
                try statement.run()
            }
        }
    }
}
