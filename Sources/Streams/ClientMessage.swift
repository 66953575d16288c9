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

    /// Reads one text message.
    ///
    /// Members that are not known are ignored, so that clients may be newer than the server.
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
        switch type {
        case "subscribe":
            self = .subscribe(
                filter: try ClientMessage.filter(object), cursor: try ClientMessage.cursor(object))
        case "ping":
            self = .ping(id: object["id"])
        default:
            throw Refusal(message: "type: 'subscribe' or 'ping', not '\(type.prefix(32))'")
        }
    }

    private static func cursor(_ object: JSONObject) throws(Refusal) -> String? {
        switch object["since"] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .number(let number)?: return number.spelling
        case .bool?, .array?, .object?: throw Refusal(message: "since: not a cursor")
        }
    }

    private static func filter(_ object: JSONObject) throws(Refusal) -> ChangeFilter {
        var filter = ChangeFilter()
        filter.bucket = try text("bucket", of: object)
        filter.collection = try text("collection", of: object)
        switch object["resources"] {
        case nil, .null?: return filter
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
            filter.resources = resources
            return filter
        case .bool?, .number?, .string?, .object?:
            throw Refusal(message: "resources: not a list")
        }
    }

    private static func text(_ key: String, of object: JSONObject) throws(Refusal) -> String? {
        switch object[key] {
        case nil, .null?: nil
        case .string(let text)?: text
        case .bool?, .number?, .array?, .object?: throw Refusal(message: "\(key): not a text")
        }
    }
}

/// The server's answers to client messages that are no events.
package enum ServerMessage {
    /// The answer to `ping`, with the server's clock, from which a client learns how far its own is
    /// off and so how old a change is when it comes.
    package static func pong(id: JSONValue?, time: Timestamp) -> [UInt8] {
        var object = JSONObject([("type", "pong")])
        object["id"] = id
        object["time"] = .integer(time.milliseconds)
        return JSONWriter.bytes(.object(object))
    }

    /// The answer to a message that was not understood; 107 is Kinto's "invalid parameters".
    package static func error(code: Int64 = 400, errno: Int64 = 107, _ message: String) -> [UInt8] {
        JSONWriter.bytes(
            .object(
                JSONObject([
                    ("type", "error"), ("code", .integer(code)), ("errno", .integer(errno)),
                    ("message", .string(message)),
                ])))
    }
}
