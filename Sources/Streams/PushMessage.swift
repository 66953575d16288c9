// SPDX-License-Identifier: MIT
//
// The broadcast half of the protocol that Firefox speaks with its push server (autopush), as
// unmodified releases were seen to speak it. The half about subscriptions of web pages is refused
// in the way after which Firefox goes on: a status other than 200.

import Core
import Hub

/// What a browser says to its push server.
package enum PushMessage: Equatable, Sendable {
    /// The first message: the versions it knows.
    case hello([Known])
    /// More broadcasts it listens for, with the versions it knows.
    case subscribe([Known])
    /// A web page wants messages of its own: refused.
    case register(channel: String)
    /// A web page wants none any more.
    case unregister(channel: String)
    /// It got a message, or could not read it.
    case acknowledgement
    /// An empty object, to be answered by one.
    case ping

    /// The version of a broadcast that a browser knows.
    package struct Known: Equatable, Sendable {
        /// What it is of.
        package let id: String
        /// The version.
        package let version: String
    }

    /// Why a message ends the connection: a word for the close frame.
    package struct Refusal: Error, Equatable {
        /// The word.
        package let reason: String
    }

    /// The kinds of messages, by the word that is their `messageType`.
    enum Kind: String, CaseIterable {
        /// The first message.
        case hello
        /// It listens for more.
        case subscribe = "broadcast_subscribe"
        /// A web page wants messages.
        case register
        /// A web page wants none any more.
        case unregister
        /// It got a message.
        case acknowledged = "ack"
        /// It could not read a message.
        case notAcknowledged = "nack"
        /// It wants an answer.
        case ping
    }

    /// Reads one text message.
    ///
    /// - Throws: `Refusal`.
    /// - Complexity: O(*n*).
    package init(parsing text: [UInt8]) throws(Refusal) {
        guard let object = (try? JSONParser.parse(text))?.object else {
            throw Refusal(reason: "InvalidJSON")
        }
        guard !object.isEmpty else {
            self = .ping
            return
        }
        switch object["messageType"]?.string.flatMap(Kind.init(rawValue:)) {
        case .hello?: self = .hello(try PushMessage.broadcasts.read(object))
        case .subscribe?: self = .subscribe(try PushMessage.broadcasts.read(object))
        case .register?: self = .register(channel: try PushMessage.channel.read(object))
        case .unregister?: self = .unregister(channel: try PushMessage.channel.read(object))
        case .acknowledged?, .notAcknowledged?: self = .acknowledgement
        case .ping?: self = .ping
        case nil: throw Refusal(reason: "UnknownMessageType")
        }
    }

    private static let broadcasts = MessageReader<[Known], Refusal>(
        blank: [],
        members: [
            MessageReader<[Known], Refusal>.Member(
                "broadcasts",
                [
                    "type": "object", "maxProperties": .integer(Int64(Limits.broadcastsMax)),
                    "additionalProperties": ["type": "string"],
                ], "The broadcasts it listens for, with the versions it knows."
            ) { value, known throws(Refusal) in
                known = try read(value)
            }
        ])

    private static let channel = MessageReader<String, Refusal>(
        blank: "",
        members: [
            MessageReader<String, Refusal>.Member(
                "channelID",
                ["type": "string", "maxLength": .integer(Int64(Limits.pushChannelScalarsMax))],
                isOptional: false, "The subscription, by an id that the client made."
            ) { value, channel throws(Refusal) in
                guard let text = value?.string,
                    text.unicodeScalars.count <= Limits.pushChannelScalarsMax
                else { throw Refusal(reason: "InvalidChannelID") }
                channel = text
            }
        ])

    private static let nothing = MessageReader<Void, Refusal>(blank: (), members: [])

    private static func read(_ value: JSONValue?) throws(Refusal) -> [Known] {
        guard let value else { return [] }
        guard let broadcasts = value.object else { throw Refusal(reason: "InvalidBroadcasts") }
        guard broadcasts.count <= Limits.broadcastsMax else {
            throw Refusal(reason: "TooManyBroadcasts")
        }
        var known: [Known] = []
        for (id, value) in broadcasts.members {
            guard let version = value.string else { throw Refusal(reason: "InvalidBroadcasts") }
            known.append(Known(id: id, version: version))
        }
        return known
    }
}

extension PushMessage {
    /// What documents tell of the messages.
    static let descriptions: [MessageDescription] = Kind.allCases.map(describe) + [emptyPing]

    private static func describe(_ kind: Kind) -> MessageDescription {
        let type = (key: "messageType", word: kind.rawValue)
        var example: JSONObject = ["messageType": .string(kind.rawValue)]
        func made(
            _ answers: [String], _ summary: String, _ payload: JSONObject
        ) -> MessageDescription {
            MessageDescription(
                kind.rawValue, summary, direction: .received(answers: answers), payload: payload,
                examplePayload: .object(example))
        }
        switch kind {
        case .hello:
            example["broadcasts"] = exampleBroadcasts
            example["use_webpush"] = true
            return made(
                ["hello"], "The first message, without which nothing is told.",
                broadcasts.schema(type: type))
        case .subscribe:
            example["broadcasts"] = exampleBroadcasts
            return made(
                ["broadcast"], "Listens for more; answered if any differs from what is known.",
                broadcasts.schema(type: type))
        case .register:
            example["channelID"] = exampleChannel
            return made(
                ["register"], "Asks for a web page's own subscription, which is refused.",
                channel.schema(type: type))
        case .unregister:
            example["channelID"] = exampleChannel
            return made(
                ["unregister"], "Ends a web page's own subscription.", channel.schema(type: type))
        case .acknowledged:
            return made([], "A message was received.", nothing.schema(type: type))
        case .notAcknowledged:
            return made([], "A message could not be read.", nothing.schema(type: type))
        case .ping: return made(["pong"], "Asks for an answer.", nothing.schema(type: type))
        }
    }

    private static let emptyPing = MessageDescription(
        "empty", "Asks for an answer, as Firefox does.", direction: .received(answers: ["pong"]),
        payload: ["type": "object", "maxProperties": 0], examplePayload: [:])
    private static let exampleBroadcasts: JSONValue = [Broadcast.monitorChangesID: "\"0\""]
    private static let exampleChannel: JSONValue = "7d1b2c9e-5f0a-4b7e-9a63-0c1d2e3f4a5b"
}
