// SPDX-License-Identifier: MIT

import Core

/// What documents for programs tell of a message.
package struct MessageDescription: Sendable {
    /// Who sends a message.
    package enum Direction: Equatable, Sendable {
        /// The server.
        case sent
        /// A client; the names are those of the messages that answer it, or some of them.
        case received(answers: [String])
    }

    /// Its name among those of its encoding and direction.
    package let name: String
    /// Who sends it.
    package let direction: Direction
    /// What it tells, in a sentence.
    package let summary: String
    /// What JSON Schema says of the fields beside the payload; nil if there are none.
    package let headers: JSONObject?
    /// What JSON Schema says of the payload; nil if it has none.
    package let payload: JSONObject?
    /// An example of the fields.
    package let exampleHeaders: JSONValue?
    /// An example of the payload.
    package let examplePayload: JSONValue?
    /// What the payload is.
    package let contentType: String

    /// Makes a description.
    init(
        _ name: String, _ summary: String, direction: Direction = .sent,
        headers: JSONObject? = nil, payload: JSONObject?, exampleHeaders: JSONValue? = nil,
        examplePayload: JSONValue? = nil, contentType: String = "application/json"
    ) {
        self.name = name
        self.direction = direction
        self.summary = summary
        self.headers = headers
        self.payload = payload
        self.exampleHeaders = exampleHeaders
        self.examplePayload = examplePayload
        self.contentType = contentType
    }

    /// Makes the description of a message that the server sends, with an example that it wrote.
    init<Value>(_ name: String, _ summary: String, _ form: JSONForm<Value>, example: Value) {
        self.init(
            name, summary, payload: form.schema,
            examplePayload: MessageDescription.parse(form.bytes(example)))
    }

    /// The value that a JSON text spells.
    ///
    /// - Precondition: The text is JSON.
    static func parse(_ text: [UInt8]) -> JSONValue {
        guard let value = try? JSONParser.parse(text) else {
            preconditionFailure("an example that is no JSON")
        }
        return value
    }
}
