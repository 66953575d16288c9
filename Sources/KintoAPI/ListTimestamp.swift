// SPDX-License-Identifier: MIT

import Core
import Storage

/// The timestamps of lists.
enum ListTimestamp {
    /// The timestamp of a list; one that has none gets it now.
    ///
    /// - Throws: `StorageError.requiresWrite` if it has none and the transaction only reads.
    static func ensure(_ list: ListAddress, reader: any StorageReader) throws -> Timestamp {
        try ensure(list.list, reader: reader)
    }

    /// The timestamp of a list that need not be one of objects.
    ///
    /// - Throws: `StorageError.requiresWrite` if it has none and the transaction only reads.
    static func ensure(_ list: ResourceList, reader: any StorageReader) throws -> Timestamp {
        if let timestamp = try reader.timestamp(of: list) { return timestamp }
        guard let transaction = reader as? any StorageTransaction else {
            throw StorageError.requiresWrite
        }
        return try transaction.ensureTimestamp(of: list)
    }
}
