// SPDX-License-Identifier: MIT
//
// The order of JSON values in filters and sorting. It is that of PostgreSQL's JSON type as Kinto
// uses it, with one addition: a member that is missing comes after everything. Kinds are ordered
// first (null, text, number, truth value, array, object, missing), so that a list of mixed values
// has one order, whatever a record holds.

import Core

/// Compares JSON values that may be missing.
enum ValueOrder {
    /// Below zero if `left` comes before `right`, zero if they are equal, above zero otherwise.
    ///
    /// - Complexity: O(size of the values).
    static func compare(_ left: JSONValue?, _ right: JSONValue?) -> Int {
        guard let left, let right else {
            return (left == nil ? 1 : 0) - (right == nil ? 1 : 0)
        }
        switch (left, right) {
        case (.string(let one), .string(let other)): return compareBytes(one, other)
        case (.number(let one), .number(let other)):
            return one == other ? 0 : one < other ? -1 : 1
        case (.bool(let one), .bool(let other)): return (one ? 1 : 0) - (other ? 1 : 0)
        case (.array(let one), .array(let other)): return compare(one, other)
        case (.object(let one), .object(let other)): return compare(one, other)
        case (_, _): return rank(left) - rank(right)
        }
    }

    /// Compares two texts by their code points.
    ///
    /// - Complexity: O(*n*).
    static func compareBytes(_ left: String, _ right: String) -> Int {
        var one = left.utf8.makeIterator()
        var other = right.utf8.makeIterator()
        while true {
            switch (one.next(), other.next()) {
            case (nil, nil): return 0
            case (nil, _): return -1
            case (_, nil): return 1
            case (let a?, let b?):
                if a != b { return a < b ? -1 : 1 }
            }
        }
    }

    private static func rank(_ value: JSONValue) -> Int {
        switch value {
        case .null: 0
        case .string: 1
        case .number: 2
        case .bool: 3
        case .array: 4
        case .object: 5
        }
    }

    private static func compare(_ left: [JSONValue], _ right: [JSONValue]) -> Int {
        for (one, other) in zip(left, right) {
            let order = compare(one, other)
            if order != 0 { return order }
        }
        return left.count - right.count
    }

    /// Objects compare as the lists of their members, sorted by key.
    private static func compare(_ left: JSONObject, _ right: JSONObject) -> Int {
        let ones = left.members.sorted { compareBytes($0.key, $1.key) < 0 }
        let others = right.members.sorted { compareBytes($0.key, $1.key) < 0 }
        for (one, other) in zip(ones, others) {
            let keys = compareBytes(one.key, other.key)
            if keys != 0 { return keys }
            let values = compare(one.value, other.value)
            if values != 0 { return values }
        }
        return ones.count - others.count
    }
}
