// SPDX-License-Identifier: MIT

/// A kind of JSON value: how such values are written, and what JSON Schema (draft 7) says of them,
/// side by side, so that a document tells what is sent.
package struct JSONKind<Value>: Sendable {
    /// What JSON Schema says of the values.
    package let schema: JSONObject
    /// Appends the JSON text of a value.
    package let append: @Sendable (Value, inout [UInt8]) -> Void

    /// Makes a kind of what is said of its values and how they are written.
    package init(_ schema: JSONObject, append: @escaping @Sendable (Value, inout [UInt8]) -> Void) {
        self.schema = schema
        self.append = append
    }
}

extension JSONKind<String> {
    /// Any text.
    package static var text: JSONKind {
        JSONKind(["type": "string"]) { JSONWriter.append(string: $0, to: &$1) }
    }
}

extension JSONKind<Int64> {
    /// A number of something: none is the least.
    package static var count: JSONKind {
        JSONKind(["type": "integer", "minimum": 0]) { DecimalNumber.append($0, to: &$1) }
    }

    /// One of some numbers.
    package static func oneOf(_ numbers: [Int64]) -> JSONKind {
        JSONKind(["type": "integer", "enum": .array(numbers.map(JSONValue.integer))]) {
            DecimalNumber.append($0, to: &$1)
        }
    }
}

extension JSONKind<Bool> {
    /// `true`, where a member that is absent means the contrary.
    package static var yes: JSONKind {
        JSONKind(["const": true]) { JSONWriter.append(.bool($0), to: &$1) }
    }
}

extension JSONKind<Timestamp> {
    /// A timestamp in milliseconds since 1970, which may be negative.
    package static var timestamp: JSONKind {
        JSONKind(["type": "integer"]) { DecimalNumber.append($0.milliseconds, to: &$1) }
    }
}

extension JSONKind<JSONValue> {
    /// Whatever there can be.
    package static var anything: JSONKind { value([:]) }

    /// Values that are made elsewhere, of which `schema` is said.
    package static func value(_ schema: JSONObject) -> JSONKind {
        JSONKind(schema) { JSONWriter.append($0, to: &$1) }
    }
}

extension JSONKind where Value: RawRepresentable<String> & CaseIterable & Sendable {
    /// One of the cases' words.
    package static var choice: JSONKind {
        let words = Value.allCases.map { JSONValue.string($0.rawValue) }
        return JSONKind(["type": "string", "enum": .array(words)]) {
            JSONWriter.append(string: $0.rawValue, to: &$1)
        }
    }
}
