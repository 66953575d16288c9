// SPDX-License-Identifier: MIT

import Core
import Storage

/// The JSON of stored objects as values.
enum StoredRecord {
    /// The members of an object.
    ///
    /// - Throws: `StorageError.unusable` if the stored bytes are no JSON object.
    /// - Complexity: O(size of the object).
    static func parse(_ object: StoredObject) throws -> JSONObject {
        // Bodies were limited when they came; what is stored may be wrapped a little deeper.
        let value = try? JSONParser.parse(object.json, depthMax: Limits.jsonDepthMax + 8)
        guard let members = value?.object else {
            throw StorageError.unusable("the object \(object.id) is not JSON")
        }
        return members
    }
}
