// SPDX-License-Identifier: MIT

/// What one durable commit of the storage did, as far as others are told.
package struct Commit: Equatable, Sendable {
    /// What each of its writes moved, by ascending revision: a collection is there once for every
    /// write that moved it.
    package var changes: [Change]
    /// The collections whose timestamps alone do not tell what happened in them: a record was
    /// written with a timestamp that is not above the list's, or the collection was removed.
    package var rewritten: Set<CollectionPath>
    /// The collections of which more was written than `changes` and `rewritten` tell: their own
    /// objects, or records that were put back as they had been.
    package var touched: Set<CollectionPath>
    /// Whether who may read what may have changed: permissions of a bucket or a collection, the
    /// members of a group, an account. What is granted on records does not count.
    package var changesAccess: Bool
    /// The broadcasts that were announced, in their order.
    package var broadcasts: [Broadcast]

    /// Makes a commit of its effects.
    package init(
        changes: [Change] = [], rewritten: Set<CollectionPath> = [],
        touched: Set<CollectionPath> = [], changesAccess: Bool = false,
        broadcasts: [Broadcast] = []
    ) {
        self.changes = changes
        self.rewritten = rewritten
        self.touched = touched
        self.changesAccess = changesAccess
        self.broadcasts = broadcasts
    }

    /// Whether there is nothing to tell.
    package var isEmpty: Bool {
        changes.isEmpty && rewritten.isEmpty && touched.isEmpty && !changesAccess
            && broadcasts.isEmpty
    }
}
