// SPDX-License-Identifier: MIT

import Core
import Storage

/// What changed in a collection, as an event of its stream tells it.
package struct IncludedChanges: Sendable {
    /// The newest change of the collection in the state that was read; nil if it never had any.
    package let change: Change?
    /// The records as a JSON array, newest first, as a changeset has them; nil if they are more
    /// than an event carries, or the collection does not exist.
    package let records: [UInt8]?

    /// Reads what changed after `since`, tombstones included, or all records if nil.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(log *n* + `Limits.includedChangesMax`).
    package init(
        of path: CollectionPath, since: Timestamp?, _ reader: any StorageReader
    ) throws {
        change = try reader.change(of: path)
        guard let change, !change.isTombstone else {
            records = nil
            return
        }
        var query = ObjectQuery(ListAddress.records(path).list)
        query.after = since
        query.includesTombstones = since != nil
        query.limit = Limits.includedChangesMax + 1
        var objects: [StoredObject] = []
        var bytes = 0
        try reader.visit(query) { object in
            objects.append(object)
            bytes += object.json.count
            return bytes <= Limits.includedChangesBytesMax
        }
        let isSmall =
            objects.count <= Limits.includedChangesMax && bytes <= Limits.includedChangesBytesMax
        records = isSmall ? try ListRendering.array(objects) : nil
    }
}
