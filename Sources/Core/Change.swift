// SPDX-License-Identifier: MIT

/// One committed change of a collection's records timestamp, as the change log keeps it.
///
/// The storage makes one for each collection that a transaction moved, of any bucket; whether it
/// is shown to anyone is decided where it is announced.
package struct Change: Hashable, Sendable {
    /// The collection that changed.
    package let path: CollectionPath
    /// The collection's records timestamp after the change.
    package let timestamp: Timestamp
    /// The place of this change in the history; later changes have higher revisions.
    package let revision: Revision
    /// Whether the collection ceased to exist with this change.
    package let isTombstone: Bool

    /// Makes a change of its parts.
    package init(
        path: CollectionPath, timestamp: Timestamp, revision: Revision, isTombstone: Bool
    ) {
        self.path = path
        self.timestamp = timestamp
        self.revision = revision
        self.isTombstone = isTombstone
    }
}
