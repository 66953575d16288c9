// SPDX-License-Identifier: MIT

import Core

/// The collections that a transaction has moved so far, each once, with its newest timestamp.
///
/// They get their revisions when the transaction's body has ended: one per collection, however
/// often it was written to.
struct PendingChanges {
    // By the URI of the collection, which is read into a path once, at the end.
    private var states: [String: State] = [:]
    private var order: [String] = []
    private var rewrittenURIs: Set<String> = []
    private var touchedURIs: Set<String> = []
    /// Whether who may read what may have changed.
    private(set) var changesAccess = false
    /// The broadcasts that were announced.
    private(set) var broadcasts: [Broadcast] = []

    private struct State {
        var timestamp: Timestamp
        var isTombstone: Bool
    }

    /// Notes that the timestamp of `list` is now `timestamp`, or was when it was removed.
    ///
    /// Only records are noted.
    mutating func move(_ list: ResourceList, to timestamp: Timestamp, isTombstone: Bool) {
        guard list.resource == "record" else { return }
        if isTombstone { rewrittenURIs.insert(list.parent) }
        let state = State(timestamp: timestamp, isTombstone: isTombstone)
        if states.updateValue(state, forKey: list.parent) == nil { order.append(list.parent) }
    }

    /// Notes that an object of `list` was written with a timestamp of the writer's own.
    ///
    /// - Parameter floor: The list's timestamp before, if it had one.
    mutating func put(at timestamp: Timestamp, in list: ResourceList, above floor: Timestamp?) {
        guard list.resource == "record", let floor, timestamp <= floor else { return }
        rewrittenURIs.insert(list.parent)
    }

    /// Notes that records were removed without a trace.
    mutating func removeTraces(in list: ResourceList) {
        if list.resource == "record" { rewrittenURIs.insert(list.parent) }
    }

    /// Notes that an object was written, or ceased to be there.
    ///
    /// Only collections are noted: of records, `move` and `put` tell.
    mutating func write(_ id: String, in list: ResourceList) {
        guard list.resource == "collection" else { return }
        touchedURIs.insert("\(list.parent)/collections/\(id)")
    }

    /// Notes that an object was put back as it was, whatever timestamp the list has.
    mutating func restore(_ id: String, in list: ResourceList) {
        if list.resource == "record" { touchedURIs.insert(list.parent) }
        write(id, in: list)
    }

    /// Notes that permissions of the objects at `uri` or below were changed.
    ///
    /// Only those of buckets and collections decide who may read a collection.
    ///
    /// - Complexity: O(length of the URI).
    mutating func changePermissions(of uri: String) {
        if ResourcePath.isAboveRecords(uri: uri) { changesAccess = true }
    }

    /// Notes that a broadcast was announced.
    mutating func announce(_ broadcast: Broadcast) { broadcasts.append(broadcast) }

    /// Notes that the members of a group were changed.
    mutating func changeMembers() { changesAccess = true }

    /// The collections whose timestamps alone do not tell what happened in them.
    ///
    /// - Complexity: O(number of them).
    var rewritten: Set<CollectionPath> { Set(rewrittenURIs.compactMap { CollectionPath(uri: $0) }) }

    /// The collections of which more was written than moves and rewrites tell.
    ///
    /// - Complexity: O(number of them).
    var touched: Set<CollectionPath> { Set(touchedURIs.compactMap { CollectionPath(uri: $0) }) }

    /// The timestamp of the tombstone of `list` if this transaction removed it.
    func tombstone(of list: ResourceList) -> Timestamp? {
        guard list.resource == "record", let state = states[list.parent], state.isTombstone else {
            return nil
        }
        return state.timestamp
    }

    /// The changes with their revisions, in the order in which the collections first moved.
    ///
    /// - Parameter revision: The last one that was given before.
    /// - Complexity: O(number of collections that moved).
    func changes(after revision: Revision) -> [Change] {
        var revision = revision
        var changes: [Change] = []
        changes.reserveCapacity(order.count)
        for uri in order {
            guard let state = states[uri], let path = CollectionPath(uri: uri) else { continue }
            revision = revision.next
            changes.append(
                Change(
                    path: path, timestamp: state.timestamp, revision: revision,
                    isTombstone: state.isTombstone))
        }
        return changes
    }
}
