// SPDX-License-Identifier: MIT
//
// The document of `/__streams__`, in the format AsyncAPI 3.0, made of what the streams themselves
// go by: their encodings list the messages, the parser of addresses the parameters, the routes the
// paths. Event streams and WebSockets of one address are two channels, as their messages differ.
// As the format has it, the server "sends" what a subscriber gets.

import Core
import KintoAPI
import Streams
import Wire

/// The description of the streams for programs.
enum AsyncAPIDocument {
    /// The document as it tells of a service.
    ///
    /// - Complexity: O(size of the document).
    static func json(_ service: ServiceDescription) -> JSONValue {
        let channels = AsyncAPIChannel.channels(of: service)
        return [
            "asyncapi": "3.0.0",
            "info": [
                "title": .string(service.title), "version": .string(service.version),
                "description": "Changes of collections as they happen.",
            ],
            "defaultContentType": "application/json", "servers": servers(service),
            "channels": .object(JSONObject(channels.map { ($0.name, describe($0)) })),
            "operations": .object(JSONObject(channels.flatMap { operations($0, service) })),
            "components": components(service, channels),
        ]
    }

    private static func servers(_ service: ServiceDescription) -> JSONValue {
        func server(_ scheme: String) -> JSONValue {
            let isSecure = service.scheme == "https"
            return [
                "host": .string(service.host), "pathname": .string(service.basePath),
                "protocol": .string(isSecure ? "\(scheme)s" : scheme),
            ]
        }
        return ["http": server("http"), "webSocket": server("ws")]
    }

    private static func describe(_ channel: AsyncAPIChannel) -> JSONValue {
        let server = channel.encoding == .eventStream ? "http" : "webSocket"
        var described: JSONObject = [
            "address": .string(channel.address), "title": .string(channel.title),
            "description": .string(channel.description),
            "servers": [reference("servers", server)],
            "messages": .object(
                JSONObject(
                    channel.encoding.messages.map {
                        ($0.key, reference("components/messages", componentName($0, channel)))
                    })),
        ]
        let names = channel.parameters
        if !names.isEmpty {
            described["parameters"] = .object(
                JSONObject(names.map { ($0, reference("components/parameters", $0)) }))
        }
        if channel.encoding != .eventStream {
            var binding: JSONObject = ["method": "GET", "bindingVersion": "0.1.0"]
            binding["query"] = channel.query.map(JSONValue.object)
            binding["headers"] = .object(channel.headers)
            described["bindings"] = ["ws": .object(binding)]
        }
        return .object(described)
    }

    private static func operations(
        _ channel: AsyncAPIChannel, _ service: ServiceDescription
    ) -> [JSONObject.Member] {
        channel.encoding.messages.reduce(into: [sending(channel, service)]) { operations, message in
            guard case .received(let answers) = message.direction else { return }
            var operation: JSONObject = [
                "action": "receive", "channel": reference("channels", channel.name),
                "summary": .string(message.summary),
                "messages": [messageReference(message.key, channel)],
            ]
            if !answers.isEmpty {
                operation["reply"] = [
                    "channel": reference("channels", channel.name),
                    "messages": .array(answers.map { messageReference($0, channel) }),
                ]
            }
            operations.append(("\(channel.name).\(message.key)", .object(operation)))
        }
    }

    private static func sending(
        _ channel: AsyncAPIChannel, _ service: ServiceDescription
    ) -> JSONObject.Member {
        let sent = channel.encoding.messages.filter { $0.direction == .sent }
        var operation: JSONObject = [
            "action": "send", "channel": reference("channels", channel.name),
            "summary": .string(channel.title),
            "messages": .array(sent.map { messageReference($0.key, channel) }),
        ]
        if channel.asksForUser, service.hasUsers {
            operation["security"] = .array(
                securitySchemes.keys.map { reference("components/securitySchemes", $0) })
        }
        if channel.encoding == .eventStream, let query = channel.query {
            operation["bindings"] = [
                "http": [
                    "method": "GET", "query": .object(query), "bindingVersion": "0.3.0",
                ]
            ]
        }
        return ("\(channel.name).send", .object(operation))
    }

    private static func components(
        _ service: ServiceDescription, _ channels: [AsyncAPIChannel]
    ) -> JSONValue {
        var messages = JSONObject()
        var parameters = JSONObject()
        for channel in channels {
            for message in channel.encoding.messages {
                messages[componentName(message, channel)] = describe(message)
            }
            for name in channel.parameters { parameters[name] = AsyncAPIChannel.parameter(name) }
        }
        var components: JSONObject = [
            "messages": .object(messages), "parameters": .object(parameters),
        ]
        if service.hasUsers { components["securitySchemes"] = .object(securitySchemes) }
        return .object(components)
    }

    private static func describe(_ message: MessageDescription) -> JSONValue {
        var described: JSONObject = [
            "name": .string(message.name), "summary": .string(message.summary),
            "contentType": .string(message.contentType),
        ]
        described["headers"] = message.headers.map(JSONValue.object)
        described["payload"] = message.payload.map(JSONValue.object)
        var example = JSONObject()
        example["headers"] = message.exampleHeaders
        example["payload"] = message.examplePayload
        described["examples"] = [.object(example)]
        return .object(described)
    }

    /// How users say who they are, to streams that ask.
    private static let securitySchemes: JSONObject = [
        "basicauth": ["type": "http", "scheme": "basic"],
        "ticket": [
            "type": "httpApiKey", "name": .string(StreamParameter.ticket.rawValue), "in": "query",
            "description": .string(
                "For browsers, which cannot send credentials with a stream: "
                    + "`POST \(StreamPath.ticket)` gives a ticket that opens one stream."),
        ],
    ]

    private static func componentName(
        _ message: MessageDescription, _ channel: AsyncAPIChannel
    ) -> String { "\(channel.encoding.word).\(message.key)" }

    private static func messageReference(_ key: String, _ channel: AsyncAPIChannel) -> JSONValue {
        reference("channels/\(channel.name)/messages", key)
    }

    private static func reference(_ place: String, _ name: String) -> JSONValue {
        ["$ref": .string("#/\(place)/\(name)")]
    }
}

extension MessageDescription {
    /// Its name among the messages of a channel, where an answer may have the name of its request.
    fileprivate var key: String {
        switch direction {
        case .sent: name
        case .received: "\(name)Request"
        }
    }
}

extension StreamEncoding {
    /// What the names of the encoding's messages begin with.
    fileprivate var word: String {
        switch self {
        case .eventStream: "eventStream"
        case .webSocket: "webSocket"
        case .push: "push"
        }
    }
}
