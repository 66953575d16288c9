// SPDX-License-Identifier: MIT

import Core

/// One job of the writer's: a part of the transaction that its group shares.
final class SQLiteTransaction: SQLiteReader, StorageTransaction {
    package let now: Timestamp
    private let group: SQLiteGroup
    private var pending = PendingChanges()

    /// Begins a job in the transaction of `connection`, which `group` belongs to.
    init(_ connection: SQLiteConnection, group: SQLiteGroup, now: Timestamp) {
        self.group = group
        self.now = now
        super.init(connection)
    }

    /// Gives the collections that moved their revisions, when the job's body has ended.
    ///
    /// - Throws: `StorageError` if the transaction was lost and the body took no notice.
    func finish() throws {
        if let lost = connection.lost { throw lost }
        group.append(pending)
    }

    package override func object(_ id: String, in list: ResourceList) throws -> StoredObject? {
        try memory.object(id, in: list) { try super.object(id, in: list) }
    }

    package override func permissions(of uri: String) throws -> [String: Set<String>] {
        try memory.permissions(of: uri) { try super.permissions(of: uri) }
    }

    override func groups(containing principal: String) throws -> Set<String> {
        try memory.groups(containing: principal) { try super.groups(containing: principal) }
    }

    private var memory: WriterMemory { group.memory }

    /// Reads all that `query` asks for before it visits, so that `visit` may write.
    package override func visit(
        _ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool
    ) throws {
        var objects: [StoredObject] = []
        try super.visit(query) { object in
            objects.append(object)
            return true
        }
        for object in objects {
            if try !visit(object) { return }
        }
    }

    package override func timestamp(of list: ResourceList) throws -> Timestamp? {
        try group.row(of: list)?.timestamp
    }

    package override func change(of path: CollectionPath) throws -> Change? {
        try group.change(of: path)
    }

    package func ensureTimestamp(of list: ResourceList) throws -> Timestamp {
        if let row = try group.row(of: list) { return row.timestamp }
        let first = TimestampRule.next(after: try removal(of: list), now: now)
        try move(list, from: nil, to: first)
        return first
    }

    @discardableResult
    package func put(
        _ id: String, members: JSONObject, timestamp: Timestamp?, in list: ResourceList
    ) throws -> StoredObject {
        let row = try group.row(of: list)
        let assigned = try assignTimestamp(given: timestamp, row: row, in: list)
        let number = try move(list, from: row, to: assigned.list)
        note(id, in: list)
        let object = StoredObject(id: id, timestamp: assigned.object, members: members)
        try connection.with(.replaceObject) { statement in
            statement.bind(number, at: 1)
            statement.bind(id, at: 2)
            statement.bind(object.timestamp.milliseconds, at: 3)
            try statement.run(bytes: object.json, at: 4)
        }
        return object
    }

    @discardableResult
    package func delete(
        _ id: String, timestamp: Timestamp?, in list: ResourceList
    ) throws -> StoredObject? {
        guard let row = try group.row(of: list) else { return nil }
        let assigned = try assignTimestamp(given: timestamp, row: row, in: list)
        let isDeleted = try connection.with(.buryObject) { statement in
            statement.bind(row.number, at: 1)
            statement.bind(id, at: 2)
            statement.bind(assigned.object.milliseconds, at: 3)
            try statement.run()
            return connection.changedRows == 1
        }
        guard isDeleted else { return nil }
        note(id, in: list)
        try move(list, from: row, to: assigned.list)
        return StoredObject(tombstone: id, timestamp: assigned.object)
    }

    package func attempt<Value>(_ body: () throws -> Value) throws -> Value {
        let saved = (pending, group.mark)
        try connection.beginPart()
        do {
            let value = try body()
            try connection.keepPart()
            return value
        } catch {
            connection.undoPart()
            pending = saved.0
            group.undo(to: saved.1)
            throw error
        }
    }

    private func assignTimestamp(
        given: Timestamp?, row: SQLiteGroup.Row?, in list: ResourceList
    ) throws -> TimestampRule.Assignment {
        let removed = row == nil ? try removal(of: list) : nil
        let assigned = TimestampRule.assign(
            given: given, current: row?.timestamp, removed: removed, now: now)
        pending.put(at: assigned.object, in: list, above: row?.timestamp ?? removed)
        return assigned
    }

    /// Notes that an object was written, or ceased to be there.
    private func note(_ id: String, in list: ResourceList) {
        pending.write(id, in: list)
        memory.write(id, in: list)
    }

    /// Gives a list its new timestamp, and a row if it has none; returns its number.
    @discardableResult
    private func move(
        _ list: ResourceList, from row: SQLiteGroup.Row?, to timestamp: Timestamp
    ) throws -> Int64 {
        if let row, row.timestamp == timestamp { return row.number }
        pending.move(list, to: timestamp, isTombstone: false)
        if var row {
            row.timestamp = timestamp
            row.isDirty = true
            group.set(list, to: row)
            return row.number
        }
        let number = try connection.with(.insertList) { statement in
            statement.bind(list.parent, at: 1)
            statement.bind(list.resource, at: 2)
            statement.bind(timestamp.milliseconds, at: 3)
            try statement.run()
            return connection.lastInsertedRow
        }
        group.set(list, to: SQLiteGroup.Row(number: number, timestamp: timestamp))
        return number
    }

    /// The timestamp with which the collection was removed whose records the list had, if it was.
    private func removal(of list: ResourceList) throws -> Timestamp? {
        if let removal = pending.tombstone(of: list) { return removal }
        guard let path = list.recordsOf else { return nil }
        return try group.removal(of: path)
    }

    /// The lists that a query finds, and all that is known of them written to the tables first.
    private func lists(
        _ query: SQLiteQuery, _ bind: (SQLiteStatement) -> Void
    ) throws -> [RemovedList] {
        try group.writeLists()
        return try connection.with(query) { statement in
            bind(statement)
            var lists: [RemovedList] = []
            while try statement.step() {
                let list = ResourceList(parent: statement.text(1), resource: statement.text(2))
                lists.append(
                    RemovedList(
                        number: statement.integer(0), list: list,
                        timestamp: Timestamp(milliseconds: statement.integer(3))))
            }
            return lists
        }
    }

    /// Notes that a list is removed; the change log gets a tombstone if it had records.
    private func bury(_ list: RemovedList) {
        group.set(list.list, to: nil)
        let removal = TimestampRule.next(after: list.timestamp, now: now)
        pending.move(list.list, to: removal, isTombstone: true)
    }
}

/// A list that is about to be removed.
private struct RemovedList {
    let number: Int64
    let list: ResourceList
    let timestamp: Timestamp
}

// MARK: - Restoring

extension SQLiteTransaction {
    package func restore(_ object: StoredObject, in list: ResourceList) throws {
        let row = try group.row(of: list)
        let number = try move(list, from: row, to: row?.timestamp ?? object.timestamp)
        pending.restore(object.id, in: list)
        memory.write(object.id, in: list)
        try connection.with(object.isTombstone ? .replaceTombstone : .replaceObject) { statement in
            statement.bind(number, at: 1)
            statement.bind(object.id, at: 2)
            statement.bind(object.timestamp.milliseconds, at: 3)
            if object.isTombstone {
                try statement.run()
            } else {
                try statement.run(bytes: object.json, at: 4)
            }
        }
    }

    package func restoreTimestamp(_ timestamp: Timestamp, of list: ResourceList) throws {
        try move(list, from: try group.row(of: list), to: timestamp)
    }
}

// MARK: - Removing

extension SQLiteTransaction {
    package func remove(_ ids: [String], from list: ResourceList) throws {
        guard let row = try group.row(of: list) else { return }
        pending.removeTraces(in: list)
        for id in ids { note(id, in: list) }
        try run(.deleteObjectsOfIDs) { statement in
            statement.bind(row.number, at: 1)
            statement.bind(texts: ids, at: 2)
        }
    }

    package func removeTree(at uri: String) throws {
        pending.changePermissions(of: uri)
        memory.writeAnything()
        let below = uri + "/"
        var removed = try lists(.listsAt) { $0.bind(uri, at: 1) }
        removed += try lists(.listsBelow) { statement in
            statement.bind(below, at: 1)
            statement.bind(endOfPrefix: below, at: 2)
        }
        for list in removed {
            try run(.deleteObjects) { $0.bind(list.number, at: 1) }
            try run(.deleteList) { $0.bind(list.number, at: 1) }
            bury(list)
        }
        for query in [SQLiteQuery.deletePermissionsBelow, .deleteMembersBelow] {
            try run(query) { statement in
                statement.bind(uri, at: 1)
                statement.bind(below, at: 2)
                statement.bind(endOfPrefix: below, at: 3)
            }
        }
    }

    @discardableResult
    package func announce(_ broadcast: Broadcast) throws -> Bool {
        pending.announce(broadcast)
        let bind = { (statement: SQLiteStatement) in
            statement.bind(broadcast.id, at: 1)
            statement.bind(broadcast.version, at: 2)
            statement.bind(broadcast.time.milliseconds, at: 3)
        }
        try run(.updateBroadcast, bind)
        guard connection.changedRows == 0 else { return false }
        try run(.insertBroadcast, bind)
        return true
    }

    package func removeEverything() throws {
        pending.changePermissions(of: "")
        memory.writeAnything()
        for list in try lists(.lists, { _ in }) { bury(list) }
        for query in [
            SQLiteQuery.deleteAllObjects, .deleteAllLists, .deleteAllPermissions,
            .deleteAllMembers,
        ] {
            try run(query) { _ in }
        }
    }

    private func run(_ query: SQLiteQuery, _ bind: (SQLiteStatement) -> Void) throws {
        try connection.with(query) { statement in
            bind(statement)
            try statement.run()
        }
    }
}

// MARK: - Permissions and groups

extension SQLiteTransaction {
    package func setPermissions(_ permissions: [String: Set<String>], of uri: String) throws {
        guard !permissions.isEmpty else { return }
        pending.changePermissions(of: uri)
        let before = try self.permissions(of: uri)
        var after = before
        // Until all is written, nothing of it is remembered.
        memory.forgetPermissions(of: uri)
        for (permission, principals) in permissions {
            let held = before[permission] ?? []
            for principal in held.subtracting(principals) {
                try run(.deletePermission) { $0.bind(uri, permission, principal) }
            }
            for principal in principals.subtracting(held) {
                try run(.insertPermission) { $0.bind(uri, permission, principal) }
            }
            after[permission] = principals.isEmpty ? nil : principals
        }
        memory.set(after, of: uri)
    }

    package func removePermissions(of uris: [String]) throws {
        for uri in uris {
            pending.changePermissions(of: uri)
            memory.forgetPermissions(of: uri)
        }
        guard uris.count > Limits.permissionsAskedSinglyMax else {
            for uri in uris { try run(.deletePermissionsOf) { $0.bind(uri, at: 1) } }
            return
        }
        try run(.deletePermissionsOfMany) { $0.bind(texts: uris, at: 1) }
    }

    package func setMembers(of group: String, to principals: Set<String>) throws {
        pending.changeMembers()
        memory.changeMembers()
        try run(.deleteMembers) { $0.bind(group, at: 1) }
        for principal in principals {
            try run(.insertMember) { statement in
                statement.bind(group, at: 1)
                statement.bind(principal, at: 2)
            }
        }
    }
}

extension SQLiteStatement {
    /// Binds three texts, in this order.
    fileprivate func bind(_ first: String, _ second: String, _ third: String) {
        bind(first, at: 1)
        bind(second, at: 2)
        bind(third, at: 3)
    }
}
