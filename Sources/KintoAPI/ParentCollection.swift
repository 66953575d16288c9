// SPDX-License-Identifier: MIT

import Core
import Storage

/// What a list lies in.
enum ParentCollection {
    /// The collection of a list of records; nil for other lists.
    ///
    /// - Throws: `APIError`, a 404, if that collection does not exist, or if the ids of what a list
    ///   lies in are none; `StorageError`.
    @discardableResult
    static func require(of list: ListAddress, reader: any StorageReader) throws -> StoredObject? {
        if let bucket = list.bucket { try requireValid(bucket, .bucket) }
        guard case .records(let path) = list else { return nil }
        try requireValid(path.collection, .collection)
        let collections = ListAddress.collections(bucket: path.bucket)
        guard let collection = try reader.object(path.collection, in: collections.list) else {
            throw APIError.notFound(id: path.collection, kind: .collection, isParent: true)
        }
        return collection
    }

    /// Refuses an id that no object can have.
    private static func requireValid(_ id: String, _ kind: ResourceKind) throws(APIError) {
        guard ResourceID.isValid(id) else {
            throw .notFound(id: id, kind: kind, isParent: true)
        }
    }
}
