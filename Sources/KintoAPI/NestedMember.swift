// SPDX-License-Identifier: MIT

import Core

/// Finds members by dotted paths.
enum NestedMember {
    /// The member at `path`, or nil. A key may have dots itself: the longest one that is there
    /// leads on.
    ///
    /// - Complexity: O(*n*²) in the number of dots.
    static func find(_ path: String, in object: JSONObject) -> JSONValue? {
        if let value = object[path] { return value }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return nil }
        for count in stride(from: parts.count - 1, to: 0, by: -1) {
            guard let root = object[parts[..<count].joined(separator: ".")] else { continue }
            guard let inner = root.object else { return nil }
            return find(parts[count...].joined(separator: "."), in: inner)
        }
        return nil
    }

    /// The members of `object` that `fields` name, dots leading into objects.
    ///
    /// - Complexity: O(number of fields · size of the object).
    static func select(_ fields: [String], of object: JSONObject) -> JSONObject {
        var selected = JSONObject()
        for field in fields {
            let parts = field.split(
                separator: ".", maxSplits: 1, omittingEmptySubsequences: false
            ).map(String.init)
            guard let value = object[parts[0]] else { continue }
            guard parts.count == 2, let inner = value.object else {
                // A name with a dot in it is looked for as a path only.
                selected[parts[0]] = value
                continue
            }
            let part = select([parts[1]], of: inner)
            let before = selected[parts[0]]?.object ?? JSONObject()
            selected[parts[0]] = .object(merge(part, into: before))
        }
        return selected
    }

    private static func merge(_ addition: JSONObject, into base: JSONObject) -> JSONObject {
        var merged = base
        for (key, value) in addition.members {
            if let inner = value.object, let before = merged[key]?.object {
                merged[key] = .object(merge(inner, into: before))
            } else {
                merged[key] = value
            }
        }
        return merged
    }
}
