// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Streams
import Wire

/// A channel of the document: an address and what is spoken there.
struct AsyncAPIChannel {
    /// Its name.
    let name: String
    /// Its path, without the version.
    let address: String
    /// What is spoken there.
    let encoding: StreamEncoding
    /// What one gets there.
    let title: String
    /// Whether it is of one collection, under the permission to read it.
    var isOfCollection = false
    /// Whether it may ask who one is.
    var asksForUser = false

    /// The channels that a service has.
    static func channels(of service: ServiceDescription) -> [AsyncAPIChannel] {
        var channels: [AsyncAPIChannel] = []
        if service.hasChanges {
            let (changes, collection) = (StreamPath.monitorChanges, StreamPath.collection)
            let titles = ("Changes of the monitored collections", "Changes of one collection")
            channels = [
                AsyncAPIChannel(
                    name: "changes", address: changes, encoding: .eventStream, title: titles.0,
                    asksForUser: service.changesArePrivate),
                AsyncAPIChannel(
                    name: "changesWebSocket", address: changes, encoding: .webSocket,
                    title: titles.0, asksForUser: service.changesArePrivate),
                AsyncAPIChannel(
                    name: "collection", address: collection, encoding: .eventStream,
                    title: titles.1, isOfCollection: true, asksForUser: true),
                AsyncAPIChannel(
                    name: "collectionWebSocket", address: collection, encoding: .webSocket,
                    title: titles.1, isOfCollection: true, asksForUser: true),
            ]
        }
        if service.hasBroadcasts {
            channels.append(
                AsyncAPIChannel(
                    name: "push", address: StreamPath.push, encoding: .push,
                    title: "Broadcasts, as browsers have them pushed"))
        }
        return channels
    }

    /// The names of the variable parts of the address.
    var parameters: [String] {
        address.split(separator: "/").filter { $0.hasPrefix("{") }
            .map { String($0.dropFirst().dropLast()) }
    }

    /// What is said of a variable part.
    static func parameter(_ name: String) -> JSONValue {
        ["description": .string("An id: `\(ResourceID.pattern)`, as `\(name)`.")]
    }

    /// What JSON Schema says of the query; nil if it is not looked at.
    var query: JSONObject? {
        switch encoding.dialect {
        case .eventStream, .webSocket: StreamParameter.querySchema(ofCollection: isOfCollection)
        case .push: nil
        }
    }

    /// What JSON Schema says of the request's fields beside those of every handshake.
    var headers: JSONObject {
        switch encoding.dialect {
        case .eventStream, .webSocket:
            return JSONSchema.object([
                (
                    "Last-Event-ID",
                    ["type": "string", "description": "Counts before `_since`."], true
                ),
                (
                    "Sec-WebSocket-Protocol",
                    ["type": "string", "enum": [.string(StreamEncoding.subprotocol)]], true
                ),
            ])
        case .push: return JSONSchema.object([])
        }
    }

    /// What there is to know about it, for people.
    var description: String {
        var sentences: [String] = []
        switch encoding.dialect {
        case .eventStream:
            sentences.append(
                "Server-Sent Events. The fields of an event are its message's headers, its data "
                    + "the payload. `Last-Event-ID` counts before `_since`.")
        case .webSocket:
            sentences.append(
                "Text messages, each a JSON object, of at most "
                    + "\(Limits.webSocketMessageBytesMax) bytes from the client; compressed if the "
                    + "client offers `permessage-deflate`. The query is the first subscription.")
        case .push:
            sentences.append(
                "The broadcast half of the protocol of Mozilla's push service. `hello` is due "
                    + "within \(Limits.pushHelloMillisecondsMax / 1_000) seconds.")
        }
        if isOfCollection {
            sentences.append(
                "For who may read all records of the collection. It has no filters.")
        }
        let codes = encoding.closeCodes.map { "\($0.code.rawValue) (\($0.meaning))" }
        if !codes.isEmpty {
            sentences.append("The server closes with \(codes.joined(separator: ", ")).")
        }
        return sentences.joined(separator: " ")
    }
}
