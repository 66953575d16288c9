// SPDX-License-Identifier: MIT

/// A JSON value (RFC 8259) that keeps what the writer wrote: the order of members and the
/// spelling of numbers.
package enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, as spelled.
    case number(JSONNumber)
    /// A text without its quotes and escapes.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// An integer number.
    package static func integer(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }

    /// The members if this is an object.
    package var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements if this is an array.
    package var array: [JSONValue]? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The text if this is a string.
    package var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The truth value if this is one.
    package var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    /// The value if this is a number spelled as an integer that fits 64 bits.
    package var integer: Int64? {
        if case .number(let number) = self { number.integer } else { nil }
    }

    /// Whether this is `null`.
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// Equality of meaning: numbers by value, objects whatever the order of their members.
extension JSONValue: Equatable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.hasSameBytes(as: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

/// A JSON number in the spelling it came with.
package struct JSONNumber: Sendable {
    /// The spelling, valid by RFC 8259 section 6.
    package let spelling: String

    /// Makes a number of a spelling that a parser has checked.
    package init(uncheckedSpelling spelling: String) {
        self.spelling = spelling
    }

    /// Makes an integer.
    package init(_ value: Int64) {
        spelling = String(value)
    }

    /// The value if the spelling is an integer (no fraction, no exponent) that fits 64 bits.
    package var integer: Int64? { Int64(spelling) }

    /// The nearest double; infinite beyond its range.
    package var double: Double { Double(spelling) ?? .infinity }
}

extension JSONNumber: Comparable {
    package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        if left.spelling == right.spelling { return true }
        if let one = left.integer, let other = right.integer { return one == other }
        return left.double == right.double
    }

    package static func < (left: JSONNumber, right: JSONNumber) -> Bool {
        if let one = left.integer, let other = right.integer { return one < other }
        return left.double < right.double
    }
}

extension String {
    /// Whether two texts are the same code points. Swift's `==` also takes texts for equal that
    /// Unicode holds equivalent, such as `é` and `e` with an accent behind it; JSON does not (RFC
    /// 8259, section 8.3).
    ///
    /// - Complexity: O(*n*).
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

/// The members of a JSON object in their order, each key once.
package struct JSONObject: Sendable {
    /// One member.
    package typealias Member = (key: String, value: JSONValue)

    /// The members in their order.
    package private(set) var members: [Member] = []

    /// Makes an empty object.
    package init() {}

    /// Makes an object of members; of two with the same key the later value stands.
    ///
    /// - Complexity: O(*n*²) for small *n*, O(*n*) beyond that.
    package init(_ members: [Member]) {
        guard members.count > 16 else {
            for member in members { self[member.key] = member.value }
            return
        }
        var places: [[UInt8]: Int] = [:]
        self.members.reserveCapacity(members.count)
        for member in members {
            let key = Array(member.key.utf8)
            if let place = places[key] {
                self.members[place].value = member.value
            } else {
                places[key] = self.members.count
                self.members.append(member)
            }
        }
    }

    /// The value of `key`; setting nil removes the member, a new key goes to the end.
    ///
    /// - Complexity: O(*n*) in the number of members.
    package subscript(key: String) -> JSONValue? {
        get {
            for member in members where member.key.hasSameBytes(as: key) { return member.value }
            return nil
        }
        set {
            let place = members.firstIndex { $0.key.hasSameBytes(as: key) }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// How many members there are.
    package var count: Int { members.count }

    /// Whether there are none.
    package var isEmpty: Bool { members.isEmpty }

    /// The keys in their order.
    package var keys: [String] { members.map(\.key) }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if left.count <= 16 {
            return left.members.allSatisfy { right[$0.key] == $0.value }
        }
        let others = Dictionary(
            uniqueKeysWithValues: right.members.map { (Array($0.key.utf8), $0.value) })
        return left.members.allSatisfy { others[Array($0.key.utf8)] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { ($0.0, $0.1) })
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { ($0.0, $0.1) }))
    }
}
