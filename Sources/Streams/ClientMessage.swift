// SPDX-License-Identifier: MIT

import Core
import Hub

/// What a WebSocket client can say (DESIGN, section 4).
package enum ClientMessage: Equatable, Sendable {
    /// Replaces the filter; answered by what is owed, then `ready`.
    case subscribe(filter: ChangeFilter, cursor: String?)
    /// Asks for a `pong` with the same id, which may be any JSON value, or absent.
    case ping(id: JSONValue?)

    /// Why a message was not understood; the socket stays open.
    package struct Refusal: Error, Equatable {
        /// What is wrong, for the client's author.
        package let message: String
    }

    /// The kinds of messages, by the word that is their `type`.
    enum Kind: String, CaseIterable {
        /// Replaces the filter.
        case subscribe
        /// Asks for a `pong`.
        case ping
    }

    /// Reads one text message.
    ///
    /// - Throws: `Refusal`.
    /// - Complexity: O(*n*).
    package init(parsing text: [UInt8]) throws(Refusal) {
        let value: JSONValue
        do {
            value = try JSONParser.parse(text)
        } catch {
            throw Refusal(message: "Invalid JSON: \(error)")
        }
        guard let object = value.object else { throw Refusal(message: "Not a JSON object") }
        guard let type = object["type"]?.string else {
            throw Refusal(message: "type: a text is required")
        }
        switch Kind(rawValue: type) {
        case .subscribe?:
            let subscription = try ClientMessage.subscription.read(object)
            self = .subscribe(filter: subscription.filter, cursor: subscription.cursor)
        case .ping?: self = .ping(id: try ClientMessage.ping.read(object))
        case nil:
            let words = Kind.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
            throw Refusal(message: "type: \(words), not '\(type.prefix(32))'")
        }
    }

    /// What `subscribe` asks for.
    private struct Subscription: Sendable {
        var filter = ChangeFilter()
        var cursor: String?
    }

    private typealias Subscribing = MessageReader<Subscription, Refusal>

    private static let subscription = Subscribing(
        blank: Subscription(),
        members: [
            text("bucket", "Only collections of this bucket.", into: \.filter.bucket),
            text("collection", "Only collections of this name.", into: \.filter.collection),
            Subscribing.Member(
                "resources",
                [
                    "type": ["array", "null"],
                    "maxItems": .integer(Int64(Limits.subscriptionResourcesMax)),
                    "items": ["type": "string", "pattern": .string(ResourcePath.pattern)],
                ], "Only what lies in one of these buckets and collections; none in an empty list."
            ) { value, subscription throws(Refusal) in
                subscription.filter.resources = try resources(value)
            },
            Subscribing.Member(
                "since", ["type": ["string", "number", "null"]],
                "A cursor, or a timestamp: only what changed after it."
            ) { value, subscription throws(Refusal) in
                subscription.cursor = try cursor(value)
            },
        ])

    private static let ping = MessageReader<JSONValue?, Refusal>(
        blank: nil,
        members: [
            MessageReader<JSONValue?, Refusal>.Member(
                "id", [:], "Whatever the answer is to have, too."
            ) { value, id throws(Refusal) in
                id = value
            }
        ])

    private static func cursor(_ value: JSONValue?) throws(Refusal) -> String? {
        switch value {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .number(let number)?: return number.spelling
        case .bool?, .array?, .object?: throw Refusal(message: "since: not a cursor")
        }
    }

    private static func resources(_ value: JSONValue?) throws(Refusal) -> Set<ResourcePath>? {
        switch value {
        case nil, .null?: return nil
        case .array(let elements)?:
            guard elements.count <= Limits.subscriptionResourcesMax else {
                throw Refusal(
                    message: "resources: more than \(Limits.subscriptionResourcesMax)")
            }
            var resources: Set<ResourcePath> = []
            for element in elements {
                guard let uri = element.string, let path = ResourcePath(uri: uri) else {
                    throw Refusal(
                        message: "resources: not the URI of a bucket or a collection: "
                            + JSONWriter.string(element).prefix(64))
                }
                resources.insert(path)
            }
            return resources
        case .bool?, .number?, .string?, .object?:
            throw Refusal(message: "resources: not a list")
        }
    }

    private static func text(
        _ key: String, _ description: String,
        into place: any WritableKeyPath<Subscription, String?> & Sendable
    ) -> Subscribing.Member {
        Subscribing.Member(key, ["type": ["string", "null"]], description) {
            value, subscription throws(Refusal) in
            switch value {
            case nil, .null?: break
            case .string(let text)?: subscription[keyPath: place] = text
            case .bool?, .number?, .array?, .object?: throw Refusal(message: "\(key): not a text")
            }
        }
    }
}

extension ClientMessage {
    /// What documents tell of the messages.
    static let descriptions: [MessageDescription] = Kind.allCases.map { kind in
        let type = (key: "type", word: kind.rawValue)
        switch kind {
        case .subscribe:
            return MessageDescription(
                kind.rawValue,
                "Replaces what the stream is of: what is owed then follows, and `ready`.",
                direction: .received(answers: ["reset", "change", "ready", "error"]),
                payload: subscription.schema(type: type),
                examplePayload: [
                    "type": .string(kind.rawValue),
                    "resources": ["/buckets/main", "/buckets/blog/collections/posts"],
                    "since": "1603126502200.a41f0c3b9d21.1042",
                ])
        case .ping:
            return MessageDescription(
                kind.rawValue, "Asks for an answer.", direction: .received(answers: ["pong"]),
                payload: ping.schema(type: type),
                examplePayload: ["type": .string(kind.rawValue), "id": 7])
        }
    }
}
