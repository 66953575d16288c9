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

    /// For each collection that was rewritten, up to which revision its timestamps do not tell any
    /// more what happened after. Who has the change that the commit made of the collection has the
    /// rest, too; if it made none, nobody can tell from a revision.
    ///
    /// - Parameter head: The newest revision there is, that of `changes` included.
    /// - Complexity: O(number of changes) for each collection that was rewritten.
    package func rewrites(head: Revision) -> [(path: CollectionPath, upTo: Revision)] {
        rewritten.map { path in
            (path, changes.last { $0.path == path }?.revision.previous ?? head)
        }
    }

    /// Whether there is nothing to tell.
    package var isEmpty: Bool {
        changes.isEmpty && rewritten.isEmpty && touched.isEmpty && !changesAccess
            && broadcasts.isEmpty
    }
}
