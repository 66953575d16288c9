// SPDX-License-Identifier: MIT
//
// Messages are written member by member from one list, which also is what documents tell of them:
// a member that is added to what is sent is in the document at once, and one that is not sent is
// not. A message is written once per event, never once per delivery, so that walking the list costs
// nothing that counts.

/// The members of a JSON object in their order, which write it and describe it.
package struct JSONForm<Value>: Sendable {
    /// One member.
    package struct Member: Sendable {
        /// Its name.
        package let key: String
        /// What JSON Schema says of it.
        package let schema: JSONObject
        /// Whether it may be absent.
        package let isOptional: Bool
        fileprivate let write: @Sendable (Value, inout [UInt8]) -> Void

        /// Appends the member with a comma before it, or nothing if the value has none.
        ///
        /// - Complexity: O(length of the member).
        package func append(_ value: Value, to buffer: inout [UInt8]) { write(value, &buffer) }
    }

    /// The members.
    package let members: [Member]

    /// Makes a form of its members.
    package init(_ members: [Member]) {
        self.members = members
    }

    /// Appends a value's JSON text.
    ///
    /// - Complexity: O(length of the text).
    package func append(_ value: Value, to buffer: inout [UInt8]) {
        let start = buffer.count
        for member in members { member.append(value, to: &buffer) }
        if buffer.count == start { buffer.append(UInt8(ascii: "{")) }
        buffer[start] = UInt8(ascii: "{")
        buffer.append(UInt8(ascii: "}"))
    }

    /// A value's JSON text.
    ///
    /// - Complexity: O(length of the text).
    package func bytes(_ value: Value) -> [UInt8] {
        var buffer: [UInt8] = []
        append(value, to: &buffer)
        return buffer
    }

    /// What JSON Schema says of the object.
    ///
    /// - Complexity: O(number of members).
    package var schema: JSONObject {
        JSONSchema.object(members.map { ($0.key, $0.schema, $0.isOptional) })
    }

    /// Objects of this form as a kind of value.
    package var kind: JSONKind<Value> {
        JSONKind(schema) { self.append($0, to: &$1) }
    }
}

extension JSONForm.Member {
    /// A member that is always there.
    ///
    /// - Parameters:
    ///   - kind: How it is written.
    ///   - description: What it means, for people.
    ///   - part: Takes it from the value.
    package static func member<Part>(
        _ key: String, _ kind: JSONKind<Part>, _ description: String,
        _ part: @escaping @Sendable (Value) -> Part
    ) -> JSONForm.Member {
        let prefix = Array(",\"\(key)\":".utf8)
        return JSONForm.Member(
            key: key, schema: JSONSchema.describing(kind.schema, description), isOptional: false
        ) { value, buffer in
            buffer.append(contentsOf: prefix)
            kind.append(part(value), &buffer)
        }
    }

    /// A member that is there if the value has it.
    ///
    /// - Parameters:
    ///   - kind: How it is written.
    ///   - description: What it means, for people.
    ///   - part: Takes it from the value, nil for none.
    package static func optional<Part>(
        _ key: String, _ kind: JSONKind<Part>, _ description: String,
        _ part: @escaping @Sendable (Value) -> Part?
    ) -> JSONForm.Member {
        let prefix = Array(",\"\(key)\":".utf8)
        return JSONForm.Member(
            key: key, schema: JSONSchema.describing(kind.schema, description), isOptional: true
        ) { value, buffer in
            guard let part = part(value) else { return }
            buffer.append(contentsOf: prefix)
            kind.append(part, &buffer)
        }
    }

    /// A member that is the same in all objects of the form.
    package static func constant(_ key: String, _ constant: JSONValue) -> JSONForm.Member {
        let text = Array(",\"\(key)\":".utf8) + JSONWriter.bytes(constant)
        return JSONForm.Member(key: key, schema: ["const": constant], isOptional: false) {
            $1.append(contentsOf: text)
        }
    }
}

/// Pieces of JSON Schema (draft 7).
package enum JSONSchema {
    /// What is said of an object with members. Others are not ruled out, so that who was told of
    /// it may meet newer ones.
    ///
    /// - Complexity: O(number of members).
    package static func object(
        _ members: [(key: String, schema: JSONObject, isOptional: Bool)]
    ) -> JSONObject {
        var schema: JSONObject = ["type": "object"]
        schema["properties"] = .object(
            JSONObject(members.map { ($0.key, .object($0.schema)) }))
        let required = members.filter { !$0.isOptional }.map { JSONValue.string($0.key) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return schema
    }

    /// A schema that also says in words what a value means, unless it does already.
    package static func describing(_ schema: JSONObject, _ description: String) -> JSONObject {
        guard schema["description"] == nil else { return schema }
        var schema = schema
        schema["description"] = .string(description)
        return schema
    }
}
