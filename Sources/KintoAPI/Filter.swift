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
