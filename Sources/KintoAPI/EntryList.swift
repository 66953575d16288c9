// SPDX-License-Identifier: MIT

import Core
import Storage

/// Entries that can be visited as stored objects are.
struct EntryList {
    private let objects: [StoredObject]

    /// Makes a list of entries, newest first.
    ///
    /// - Complexity: O(*n*).
    init(_ entries: [Entry]) {
        objects = entries.map {
            StoredObject(id: $0.id, timestamp: $0.timestamp, isTombstone: false, json: $0.json)
        }
    }

    /// Visits the entries that `query` asks for, as `StorageReader.visit` does.
    ///
    /// - Complexity: O(*n*), or O(*n* log *n*) by id.
    func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) throws {
        var found = objects.filter { object in
            if let after = query.after, object.timestamp <= after { return false }
            if let before = query.before, object.timestamp >= before { return false }
            return query.ids?.contains(object.id) ?? true
        }
        found.sort { left, right in
            let ids = ValueOrder.compareBytes(left.id, right.id)
            switch query.order {
            case .newestFirst:
                return left.timestamp == right.timestamp
                    ? ids > 0 : left.timestamp > right.timestamp
            case .oldestFirst:
                return left.timestamp == right.timestamp
                    ? ids < 0 : left.timestamp < right.timestamp
            case .byID: return ids < 0
            }
        }
        for object in found.prefix(query.limit ?? .max) where try !visit(object) { return }
    }
}
