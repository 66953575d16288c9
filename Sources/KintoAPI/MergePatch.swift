// SPDX-License-Identifier: MIT

import Core

/// Changes in the form of RFC 7396.
enum MergePatch {
    /// Merges `changes` into `object`: objects member by member, null removes.
    ///
    /// - Complexity: O(size of both); as deep as `changes`, which is limited.
    static func apply(_ changes: JSONObject, to object: inout JSONObject) {
        for (key, value) in changes.members {
            switch value {
            case .null: object[key] = nil
            case .object(let inner):
                var merged = object[key]?.object ?? JSONObject()
                apply(inner, to: &merged)
                object[key] = .object(merged)
            case .bool, .number, .string, .array: object[key] = value
            }
        }
    }
}
