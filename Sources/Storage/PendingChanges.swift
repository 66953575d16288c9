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

    private struct State {
        var timestamp: Timestamp
        var isTombstone: Bool
    }

    /// Notes that the timestamp of `list` is now `timestamp`, or was when it was removed.
    ///
    /// Only records are noted.
    mutating func move(_ list: ResourceList, to timestamp: Timestamp, isTombstone: Bool) {
        guard list.resource == "record" else { return }
        let state = State(timestamp: timestamp, isTombstone: isTombstone)
        if states.updateValue(state, forKey: list.parent) == nil { order.append(list.parent) }
    }

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
