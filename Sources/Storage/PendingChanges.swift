// SPDX-License-Identifier: MIT

import Core

/// The collections that a transaction has moved so far, each once, with its newest timestamp.
///
/// They get their revisions when the transaction's body has ended: one per collection, however
/// often it was written to.
struct PendingChanges {
    private var states: [CollectionPath: State] = [:]
    private var order: [CollectionPath] = []

    private struct State {
        var timestamp: Timestamp
        var isTombstone: Bool
    }

    /// Notes that the records timestamp of `path` is now `timestamp`, or was when it was removed.
    mutating func move(_ path: CollectionPath, to timestamp: Timestamp, isTombstone: Bool) {
        let state = State(timestamp: timestamp, isTombstone: isTombstone)
        if states.updateValue(state, forKey: path) == nil { order.append(path) }
    }

    /// The timestamp of the tombstone of `path` if this transaction removed it.
    func tombstone(of path: CollectionPath) -> Timestamp? {
        guard let state = states[path], state.isTombstone else { return nil }
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
        for path in order {
            guard let state = states[path] else { continue }
            revision = revision.next
            changes.append(
                Change(
                    path: path, timestamp: state.timestamp, revision: revision,
                    isTombstone: state.isTombstone))
        }
        return changes
    }
}
