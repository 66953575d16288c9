// SPDX-License-Identifier: MIT

import Core

/// How a filter compares a member with a value. The name stands before the member's in the query.
enum Comparison: String, CaseIterable {
    /// Below the value.
    case lt
    /// At least the value.
    case min
    /// At most the value.
    case max
    /// Anything but the value.
    case not
    /// The value.
    case eq
    /// Above the value.
    case gt
    /// One of the values.
    case `in`
    /// None of the values.
    case exclude
    /// Text with the value in it, or like it where the value has `*`; case does not matter.
    case like
    /// There at all, or not.
    case has
    /// An array with one of the values. Stands before `contains`, whose name its begins with.
    case containsAny = "contains_any"
    /// An array with all of the values.
    case contains
}

/// A condition on one member of an object.
struct Filter {
    /// The member, dots leading into objects.
    let field: String
    /// How it is compared.
    let comparison: Comparison
    /// What it is compared with; an array for the comparisons with several values.
    let value: JSONValue

    /// Whether an object meets the condition.
    ///
    /// - Complexity: O(size of the member and the value).
    func matches(_ object: JSONObject) -> Bool {
        let member = NestedMember.find(field, in: object)
        switch comparison {
        case .lt: return ValueOrder.compare(member, value) < 0
        case .min: return ValueOrder.compare(member, value) >= 0
        case .max: return ValueOrder.compare(member, value) <= 0
        case .not: return ValueOrder.compare(member, value) != 0
        case .eq: return ValueOrder.compare(member, value) == 0
        case .gt: return ValueOrder.compare(member, value) > 0
        case .in: return isAmong(member)
        case .exclude: return !isAmong(member)
        case .like: return isLike(member)
        case .has: return (member != nil) == isTrue
        case .contains: return contains(member) { wanted, found in wanted.allSatisfy(found) }
        case .containsAny:
            return contains(member) { wanted, found in wanted.contains(where: found) }
        }
    }

    private func isAmong(_ member: JSONValue?) -> Bool {
        guard let member else { return false }
        return (value.array ?? []).contains { ValueOrder.compare(member, $0) == 0 }
    }

    private func isLike(_ member: JSONValue?) -> Bool {
        let text: String
        switch member {
        case .string(let string): text = string
        case .number(let number): text = number.spelling
        case .null, .bool, .array, .object, nil: return false
        }
        guard let wanted = value.string else { return false }
        let pattern = wanted.utf8.contains(UInt8(ascii: "*")) ? wanted : "*\(wanted)*"
        return Wildcard.matches(
            text.lowercased(), pattern: pattern.lowercased(), hasSingles: false)
    }

    /// Whether the value is one that means yes.
    private var isTrue: Bool {
        switch value {
        case .null: false
        case .bool(let bool): bool
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        }
    }

    private func contains(
        _ member: JSONValue?, _ test: ([JSONValue], (JSONValue) -> Bool) -> Bool
    ) -> Bool {
        guard let elements = member?.array else { return false }
        return test(value.array ?? []) { wanted in
            elements.contains { ValueOrder.compare($0, wanted) == 0 }
        }
    }
}

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
