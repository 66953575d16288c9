// SPDX-License-Identifier: MIT

import Core

/// The members that are read of a client's message, and what documents tell of them: the reading
/// goes by the list that the documents are made of. Members that are not in it are ignored, so that
/// clients may be newer than the server.
struct MessageReader<Value: Sendable, Refusal: Error>: Sendable {
    /// One member.
    struct Member: Sendable {
        /// Its name.
        let key: String
        /// What JSON Schema says of it: all that is read, and nothing that is refused.
        let schema: JSONObject
        /// Whether it may be absent.
        let isOptional: Bool
        /// Puts it, or that it is absent, into the value, or refuses it.
        let read: @Sendable (JSONValue?, inout Value) throws(Refusal) -> Void

        /// Makes a member.
        ///
        /// - Parameter description: What it means, for people.
        init(
            _ key: String, _ schema: JSONObject, isOptional: Bool = true, _ description: String,
            read: @escaping @Sendable (JSONValue?, inout Value) throws(Refusal) -> Void
        ) {
            self.key = key
            self.schema = JSONSchema.describing(schema, description)
            self.isOptional = isOptional
            self.read = read
        }
    }

    /// What a message without any members comes to.
    let blank: Value
    /// The members.
    let members: [Member]

    /// Reads the members of a message.
    ///
    /// - Throws: What a member refuses.
    /// - Complexity: O(number of members × length of the message).
    func read(_ object: JSONObject) throws(Refusal) -> Value {
        var value = blank
        for member in members { try member.read(object[member.key], &value) }
        return value
    }

    /// What JSON Schema says of the message.
    ///
    /// - Parameter type: The member that tells what kind of message it is, and its word.
    func schema(type: (key: String, word: String)) -> JSONObject {
        let first = (type.key, ["const": .string(type.word)] as JSONObject, false)
        return JSONSchema.object([first] + members.map { ($0.key, $0.schema, $0.isOptional) })
    }
}
