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
        switch object["messageType"]?.string {
        case "hello": self = .hello(try PushMessage.known(object))
        case "broadcast_subscribe": self = .subscribe(try PushMessage.known(object))
        case "register": self = .register(channel: try PushMessage.channel(object))
        case "unregister": self = .unregister(channel: try PushMessage.channel(object))
        case "ack", "nack": self = .acknowledgement
        case "ping": self = .ping
        case _: throw Refusal(reason: "UnknownMessageType")
        }
    }

    private static func known(_ object: JSONObject) throws(Refusal) -> [Known] {
        guard let value = object["broadcasts"] else { return [] }
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

    private static func channel(_ object: JSONObject) throws(Refusal) -> String {
        guard let channel = object["channelID"]?.string,
            channel.utf8.count <= Limits.pushChannelBytesMax
        else { throw Refusal(reason: "InvalidChannelID") }
        return channel
    }
}

/// What a push server says.
package enum PushAnswer {
    /// The answer to `hello`.
    ///
    /// It has every broadcast whose version is another than the browser's, those that it did not
    /// name, too: after a connection was lost in the session in which it first subscribed, Firefox
    /// names none, but still listens. It passes over those that it does not listen for.
    ///
    /// - Parameter uaid: Who the browser is as long as the connection lasts: 32 hexadecimal digits.
    package static func hello(
        uaid: String, known: [PushMessage.Known], table: BroadcastTable
    ) -> [UInt8] {
        let versions = Dictionary(known.map { ($0.id, $0.version) }) { first, _ in first }
        let newer = table.all.filter { versions[$0.id] != $0.version }
        return JSONWriter.bytes([
            "messageType": "hello", "status": .integer(200), "uaid": .string(uaid),
            "use_webpush": true, "broadcasts": broadcasts(newer, unknown(known, table)),
        ])
    }

    /// The answer to `broadcast_subscribe`; nil if there is nothing to tell.
    package static func subscribed(
        _ known: [PushMessage.Known], table: BroadcastTable
    ) -> [UInt8]? {
        let newer = table.all.filter { entry in
            known.contains { $0.id == entry.id && $0.version != entry.version }
        }
        let unknown = unknown(known, table)
        guard !newer.isEmpty || !unknown.isEmpty else { return nil }
        return broadcast(newer, unknown)
    }

    /// The message that tells of new versions.
    package static func broadcast(
        _ entries: [BroadcastTable.Entry], _ unknown: [String] = []
    ) -> [UInt8] {
        JSONWriter.bytes([
            "messageType": "broadcast", "broadcasts": broadcasts(entries, unknown),
        ])
    }

    /// The refusal of a subscription of a web page: there is no such service here.
    package static func registered(channel: String) -> [UInt8] {
        JSONWriter.bytes([
            "messageType": "register", "channelID": .string(channel), "status": .integer(501),
            "pushEndpoint": "",
        ])
    }

    /// The answer to the end of such a subscription.
    package static func unregistered(channel: String) -> [UInt8] {
        JSONWriter.bytes([
            "messageType": "unregister", "channelID": .string(channel), "status": .integer(200),
        ])
    }

    /// The answer to a ping.
    package static let pong = Array("{}".utf8)

    private static func unknown(
        _ known: [PushMessage.Known], _ table: BroadcastTable
    ) -> [String] {
        known.map(\.id).filter { table.version(of: $0) == nil }
    }

    private static func broadcasts(
        _ entries: [BroadcastTable.Entry], _ unknown: [String]
    ) -> JSONValue {
        var members: [JSONObject.Member] = entries.map { ($0.id, .string($0.version)) }
        if !unknown.isEmpty {
            let errors = unknown.map { ($0, JSONValue.string("Broadcast not found")) }
            members.append(("errors", .object(JSONObject(errors))))
        }
        return .object(JSONObject(members))
    }
}
