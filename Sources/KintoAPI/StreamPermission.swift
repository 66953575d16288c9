// SPDX-License-Identifier: MIT

import Core
import Storage

/// What one must be allowed to stream a collection: to read all of its records.
///
/// Who may read only some of them, because they were shared, may list those, but not stream.
struct StreamPermission {
    /// The collection.
    let path: CollectionPath

    private var required: RequiredPermission {
        RequiredPermission(action: .read, list: .records(path), id: nil)
    }

    /// Refuses what the list of the records would refuse.
    ///
    /// - Throws: `APIError`, 401, 403, or 404 if there is no such collection; `StorageError`,
    ///   `.requiresWrite` if the collection is to get its first timestamp.
    func require(
        _ identity: Identity, _ exchange: Exchange, _ reader: any StorageReader
    ) throws {
        let authorization = try Authorization(
            identity, settings: exchange.settings, reader: reader)
        try authorization.require(required)
        let list = ListAddress.records(path)
        try ParentCollection.require(of: list, reader: reader)
        _ = try ListTimestamp.ensure(list, reader: reader)
    }

    /// Whether the permission is there, of the collection or whatever will be in its place.
    ///
    /// - Throws: `StorageError`.
    func isGranted(_ authorization: Authorization) throws -> Bool {
        try authorization.isAllowed(required)
    }
}
