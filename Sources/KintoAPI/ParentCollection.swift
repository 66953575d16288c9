// SPDX-License-Identifier: MIT

import Core
import Storage

/// The collection that records are in.
enum ParentCollection {
    /// The collection of a list of records; nil for other lists.
    ///
    /// - Throws: `APIError`, a 404, if it does not exist; `StorageError`.
    @discardableResult
    static func require(of list: ListAddress, reader: any StorageReader) throws -> StoredObject? {
        guard case .records(let path) = list else { return nil }
        let collections = ListAddress.collections(bucket: path.bucket)
        guard let collection = try reader.object(path.collection, in: collections.list) else {
            throw APIError.notFound(id: path.collection, kind: .collection, isParent: true)
        }
        return collection
    }
}
