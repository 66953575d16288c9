// SPDX-License-Identifier: MIT

import Core

/// A transaction that changes its own copy of a memory storage's state.
final class MemoryTransaction: MemoryReader, StorageTransaction {
    package let now: Timestamp
    private var pending = PendingChanges()

    /// Begins a transaction on a committed state.
    init(_ state: MemoryState, now: Timestamp, counters: StorageCounters) {
        self.now = now
        super.init(state, counters: counters)
    }

    /// Gives the collections that moved their revisions and adds all to `commit`.
    func finish(_ commit: inout Commit) {
        let changes = pending.changes(after: state.revision)
        for change in changes { state.changes[change.path.uri] = change }
        if let last = changes.last { state.revision = last.revision }
        commit.changes += changes
        commit.rewritten.formUnion(pending.rewritten)
        commit.touched.formUnion(pending.touched)
        commit.changesAccess = commit.changesAccess || pending.changesAccess
        commit.broadcasts += pending.broadcasts
    }

    package func ensureTimestamp(of list: ResourceList) -> Timestamp {
        count()
        if let timestamp = state.lists[list]?.timestamp { return timestamp }
        let first = TimestampRule.next(after: tombstone(of: list), now: now)
        move(list, to: first)
        return first
    }

    @discardableResult
    package func put(
        _ id: String, members: JSONObject, timestamp: Timestamp?, in list: ResourceList
    ) -> StoredObject {
        count()
        let assigned = assignTimestamp(given: timestamp, in: list)
        let object = StoredObject(id: id, timestamp: assigned, members: members)
        replace(with: object, in: list)
        return object
    }

    @discardableResult
    package func delete(
        _ id: String, timestamp: Timestamp?, in list: ResourceList
    ) -> StoredObject? {
        guard object(id, in: list) != nil else { return nil }
        let assigned = assignTimestamp(given: timestamp, in: list)
        let tombstone = StoredObject(tombstone: id, timestamp: assigned)
        replace(with: tombstone, in: list)
        return tombstone
    }

    package func remove(_ ids: [String], from list: ResourceList) {
        count()
        guard let content = state.lists[list] else { return }
        pending.removeTraces(in: list)
        for id in ids { pending.write(id, in: list) }
        state.lists.update(list, default: content) { content in
            for id in ids { content.remove(id) }
        }
    }

    package func removeTree(at uri: String) {
        count()
        pending.changePermissions(of: uri)
        let own = ResourceList(parent: uri, resource: "")
        let below = ResourceList(parent: uri + "/", resource: "")
        var lists = Array(
            state.lists[state.lists.index(notBelow: own)...].prefix { $0.key.parent == uri })
        lists += state.lists[state.lists.index(notBelow: below)...]
            .prefix { $0.key.parent.utf8.starts(with: below.parent.utf8) }
        for (list, content) in lists { remove(list, timestamp: content.timestamp) }

        for uri in [uri] + state.permissions.elements(withPrefix: uri + "/").map(\.key) {
            state.permissions[uri] = nil
        }
        for uri in [uri] + state.members.elements(withPrefix: uri + "/").map(\.key) {
            state.members[uri] = nil
        }
    }

    package func setPermissions(_ permissions: [String: Set<String>], of uri: String) {
        count()
        if !permissions.isEmpty { pending.changePermissions(of: uri) }
        var all = state.permissions[uri] ?? [:]
        for (permission, principals) in permissions {
            all[permission] = principals.isEmpty ? nil : principals
        }
        state.permissions[uri] = all.isEmpty ? nil : all
    }

    package func removePermissions(of uris: [String]) {
        count()
        for uri in uris {
            pending.changePermissions(of: uri)
            state.permissions[uri] = nil
        }
    }

    package func setMembers(of group: String, to principals: Set<String>) {
        count()
        pending.changeMembers()
        state.members[group] = principals.isEmpty ? nil : principals
    }

    @discardableResult
    package func announce(_ broadcast: Broadcast) -> Bool {
        count()
        let isNew = state.broadcasts[broadcast.id] == nil
        state.broadcasts[broadcast.id] = broadcast
        pending.announce(broadcast)
        return isNew
    }

    package func removeEverything() {
        count()
        for (list, content) in Array(state.lists) { remove(list, timestamp: content.timestamp) }
        pending.changePermissions(of: "")
        state.permissions = SortedMap()
        state.members = SortedMap()
    }

    package func restore(_ object: StoredObject, in list: ResourceList) {
        count()
        if state.lists[list] == nil { move(list, to: object.timestamp) }
        pending.restore(object.id, in: list)
        replace(with: object, in: list)
    }

    package func restoreTimestamp(_ timestamp: Timestamp, of list: ResourceList) {
        count()
        if state.lists[list]?.timestamp != timestamp { move(list, to: timestamp) }
    }

    package func attempt<Value>(_ body: () throws -> Value) throws -> Value {
        let saved = (state, pending)
        do {
            return try body()
        } catch {
            (state, pending) = saved
            throw error
        }
    }

    private func replace(with object: StoredObject, in list: ResourceList) {
        pending.write(object.id, in: list)
        state.lists.update(list, default: MemoryList(timestamp: object.timestamp)) { content in
            content.replace(with: object)
        }
    }

    private func assignTimestamp(given: Timestamp?, in list: ResourceList) -> Timestamp {
        let current = state.lists[list]?.timestamp
        let removed = current == nil ? tombstone(of: list) : nil
        let assigned = TimestampRule.assign(
            given: given, current: current, removed: removed, now: now)
        pending.put(at: assigned.object, in: list, above: current ?? removed)
        if assigned.list != current { move(list, to: assigned.list) }
        return assigned.object
    }

    private func move(_ list: ResourceList, to timestamp: Timestamp) {
        state.lists.update(list, default: MemoryList(timestamp: timestamp)) { content in
            content.timestamp = timestamp
        }
        pending.move(list, to: timestamp, isTombstone: false)
    }

    private func remove(_ list: ResourceList, timestamp: Timestamp) {
        state.lists[list] = nil
        let removal = TimestampRule.next(after: timestamp, now: now)
        pending.move(list, to: removal, isTombstone: true)
    }

    /// The timestamp with which the collection was removed whose records the list had, if it was.
    private func tombstone(of list: ResourceList) -> Timestamp? {
        if let removal = pending.tombstone(of: list) { return removal }
        guard list.resource == "record", let change = state.changes[list.parent],
            change.isTombstone
        else { return nil }
        return change.timestamp
    }
}
