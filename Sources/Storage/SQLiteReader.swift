// SPDX-License-Identifier: MIT

import Core

/// What can be asked within a transaction of a connection, which its caller begins and ends.
class SQLiteReader: StorageReader {
    /// The connection that is asked.
    final let connection: SQLiteConnection

    /// Makes a reader on a connection.
    init(_ connection: SQLiteConnection) {
        self.connection = connection
    }

    package func object(_ id: String, in list: ResourceList) throws -> StoredObject? {
        try connection.with(.object) { statement in
            statement.bind(list.parent, at: 1)
            statement.bind(list.resource, at: 2)
            statement.bind(id, at: 3)
            guard try statement.step() else { return nil }
            return StoredObject(
                id: id, timestamp: Timestamp(milliseconds: statement.integer(0)),
                isTombstone: false, json: statement.bytes(1))
        }
    }

    package func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) throws {
        precondition((query.limit ?? 0) >= 0)
        let shape = SQLiteQuery.visit(
            query.order, withTombstones: query.includesTombstones, ofIDs: query.ids != nil)
        try connection.with(shape) { statement in
            statement.bind(query)
            statement.bind(Int64(query.limit ?? -1), at: 5)
            while try statement.step() {
                let id = statement.text(0)
                let timestamp = Timestamp(milliseconds: statement.integer(1))
                let object =
                    statement.integer(2) == 0
                    ? StoredObject(
                        id: id, timestamp: timestamp, isTombstone: false, json: statement.bytes(3))
                    : StoredObject(tombstone: id, timestamp: timestamp)
                if try !visit(object) { return }
            }
        }
    }

    package func count(_ query: ObjectQuery) throws -> Int {
        let shape = SQLiteQuery.count(
            withTombstones: query.includesTombstones, ofIDs: query.ids != nil)
        return try connection.with(shape) { statement in
            statement.bind(query)
            return try statement.step() ? Int(statement.integer(0)) : 0
        }
    }

    package func timestamp(of list: ResourceList) throws -> Timestamp? {
        try row(of: list)?.timestamp
    }

    package func change(of path: CollectionPath) throws -> Change? {
        try connection.with(.change) { statement in
            statement.bind(path.bucket, at: 1)
            statement.bind(path.collection, at: 2)
            return try statement.step() ? statement.change : nil
        }
    }

    package func permissions(of uri: String) throws -> [String: Set<String>] {
        try connection.with(.permissions) { statement in
            statement.bind(uri, at: 1)
            var found: [String: Set<String>] = [:]
            while try statement.step() {
                found[statement.text(0), default: []].insert(statement.text(1))
            }
            return found
        }
    }

    package func permissions(of uris: [String]) throws -> [String: [String: Set<String>]] {
        // Few are asked for singly: to read a list of them costs SQLite a table of its own.
        guard uris.count > Limits.permissionsAskedSinglyMax else {
            var found: [String: [String: Set<String>]] = [:]
            for uri in uris {
                let permissions = try permissions(of: uri)
                if !permissions.isEmpty { found[uri] = permissions }
            }
            return found
        }
        return try connection.with(.permissionsOfMany) { statement in
            statement.bind(texts: uris, at: 1)
            var found: [String: [String: Set<String>]] = [:]
            while try statement.step() {
                found[statement.text(0), default: [:]][statement.text(1), default: []]
                    .insert(statement.text(2))
            }
            return found
        }
    }

    package func uris(
        under prefix: String, grantedTo principals: Set<String>, permissions: Set<String>
    ) throws -> Set<String> {
        try connection.with(.urisGranted) { statement in
            statement.bind(texts: principals, at: 1)
            statement.bind(prefix, at: 2)
            statement.bind(endOfPrefix: prefix, at: 3)
            statement.bind(texts: permissions, at: 4)
            return try statement.texts()
        }
    }

    package func urisAboveRecords(
        grantedTo principals: Set<String>, permissions: Set<String>
    ) throws -> Set<String> {
        try connection.with(.urisAboveRecordsGranted) { statement in
            statement.bind(texts: principals, at: 1)
            statement.bind(texts: permissions, at: 2)
            return try statement.texts()
        }
    }

    package func permissions(grantedTo principals: Set<String>) throws -> [String: Set<String>] {
        try connection.with(.permissionsGranted) { statement in
            statement.bind(texts: principals, at: 1)
            var found: [String: Set<String>] = [:]
            while try statement.step() {
                found[statement.text(0), default: []].insert(statement.text(1))
            }
            return found
        }
    }

    package func ids(ofAll resource: String) throws -> [String: [String]] {
        try connection.with(.idsOfAll) { statement in
            statement.bind(resource, at: 1)
            var found: [String: [String]] = [:]
            while try statement.step() {
                found[statement.text(0), default: []].append(statement.text(1))
            }
            return found
        }
    }

    package func groups(containing principals: Set<String>) throws -> Set<String> {
        try principals.reduce(into: []) { groups, principal in
            let found = try self.groups(containing: principal)
            if !found.isEmpty { groups.formUnion(found) }
        }
    }

    /// The groups that have a principal among their members.
    ///
    /// - Throws: `StorageError`.
    func groups(containing principal: String) throws -> Set<String> {
        try connection.with(.groups) { statement in
            statement.bind(principal, at: 1)
            return try statement.texts()
        }
    }

    /// A row of the table `lists`.
    struct ListRow {
        /// The number by which objects name their list.
        let number: Int64
        /// The list's timestamp.
        let timestamp: Timestamp
    }

    /// The row of a list, nil if it has no timestamp.
    ///
    /// - Throws: `StorageError`.
    final func row(of list: ResourceList) throws -> ListRow? {
        try connection.with(.list) { statement in
            statement.bind(list.parent, at: 1)
            statement.bind(list.resource, at: 2)
            guard try statement.step() else { return nil }
            return ListRow(
                number: statement.integer(0),
                timestamp: Timestamp(milliseconds: statement.integer(1)))
        }
    }

    /// The change log, by ascending revision.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of collections).
    final func changeLog() throws -> [Change] {
        try connection.with(.changes) { statement in
            var changes: [Change] = []
            while try statement.step() { changes.append(statement.change) }
            return changes
        }
    }

    /// Up to which revision a collection's timestamps do not tell what happened in it.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of collections that were rewritten).
    final func rewrites() throws -> [CollectionPath: Revision] {
        try connection.with(.rewrites) { statement in
            var rewrites: [CollectionPath: Revision] = [:]
            while try statement.step() {
                let path = CollectionPath(bucket: statement.text(0), collection: statement.text(1))
                rewrites[path] = Revision(UInt64(bitPattern: statement.integer(2)))
            }
            return rewrites
        }
    }

    /// The broadcasts, by their ids.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of broadcasts).
    final func broadcasts() throws -> [Broadcast] {
        try connection.with(.broadcasts) { statement in
            var broadcasts: [Broadcast] = []
            while try statement.step() {
                broadcasts.append(
                    Broadcast(
                        id: statement.text(0), version: statement.text(1),
                        time: Timestamp(milliseconds: statement.integer(2))))
            }
            return broadcasts
        }
    }

    /// SQLite's number of what other connections have written to the file, which changes with it.
    ///
    /// - Throws: `StorageError`.
    final func dataVersion() throws -> Int64 {
        try connection.with(.dataVersion) { statement in
            try statement.step() ? statement.integer(0) : 0
        }
    }

    /// The last revision that was given.
    ///
    /// - Throws: `StorageError`.
    final func lastRevision() throws -> Revision {
        try connection.with(.lastRevision) { statement in
            guard try statement.step() else { return .zero }
            return Revision(UInt64(bitPattern: statement.integer(0)))
        }
    }
}

extension SQLiteStatement {
    /// The row of the table `changes` that was stepped to.
    fileprivate var change: Change {
        Change(
            path: CollectionPath(bucket: text(0), collection: text(1)),
            timestamp: Timestamp(milliseconds: integer(3)),
            revision: Revision(UInt64(bitPattern: integer(2))), isTombstone: integer(4) != 0)
    }

    /// Binds the list and the conditions of a query: parameters 1 to 4, and 6 for its ids.
    fileprivate func bind(_ query: ObjectQuery) {
        bind(query.list.parent, at: 1)
        bind(query.list.resource, at: 2)
        bind(query.after?.milliseconds ?? .min, at: 3)
        bind(query.before?.milliseconds ?? .max, at: 4)
        if let ids = query.ids { bind(texts: ids, at: 6) }
    }

    /// Binds texts as the JSON array that `json_each` reads.
    func bind(texts: some Sequence<String>, at parameter: Int32) {
        bind(JSONWriter.string(.array(texts.map { .string($0) })), at: parameter)
    }

    /// Binds the end of the range of texts that begin with `prefix`.
    func bind(endOfPrefix prefix: String, at parameter: Int32) {
        var end = Array(prefix.utf8)
        guard let last = end.last else {
            bindAfterAllTexts(at: parameter)
            return
        }
        // No byte of UTF-8 is 255.
        end[end.count - 1] = last + 1
        bind(textBytes: end, at: parameter)
    }

    /// The texts in the first column of all rows.
    fileprivate func texts() throws -> Set<String> {
        var texts: Set<String> = []
        while try step() { texts.insert(text(0)) }
        return texts
    }
}
