// SPDX-License-Identifier: MIT
//
// What the description of the streams says is what happens: everything that a server sends, in a
// story with every kind of message, is as described, and clients are understood exactly when what
// they say is.

import Core
import KintoAPI
import Testing
import Wire

@testable import Server
@testable import Streams

/// Which messages were seen, and whether each was as the document says.
private struct Witness {
    let document: StreamsDocument
    let channel: String
    private(set) var seen: Set<String> = []

    init(_ document: StreamsDocument, _ channel: String) {
        self.document = document
        self.channel = channel
    }

    /// The names of all messages that the channel's server sends.
    var described: Set<String> {
        Set(document.messages(channel, action: "send").map(\.name))
    }

    /// Takes note of something that came: it must be one of the messages, in all its parts.
    mutating func note(headers: JSONValue? = nil, payload: JSONValue?) {
        let validator = SchemaValidator(isStrict: true)
        let fitting = document.messages(channel, action: "send").filter { _, message in
            let parts: [(JSONValue?, JSONValue?)] = [
                (headers, message["/headers"]), (payload, message["/payload"]),
            ]
            return parts.allSatisfy { value, schema in
                guard let value, let schema else { return value == nil && schema == nil }
                return validator.violations(value, schema).isEmpty
            }
        }
        let told = [headers, payload].compactMap { $0 }.map(JSONWriter.string)
        #expect(fitting.count == 1, "\(told) is \(fitting.map(\.name)) of \(channel)")
        seen.formUnion(fitting.map(\.name))
    }

    /// Takes note of the pieces of an event stream.
    mutating func note(eventStream text: String) throws {
        for piece in text.split(separator: "\n\n") {
            var headers = JSONObject()
            var data: String?
            for line in piece.split(separator: "\n") {
                if line.hasPrefix(": ") {
                    note(payload: .string(String(line.dropFirst(2))))
                    continue
                }
                let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
                try #require(parts.count == 2, "\(line)")
                switch parts[0] {
                case "data": data = parts[1]
                case "retry": headers["retry"] = Int64(parts[1]).map(JSONValue.integer)
                case _: headers[parts[0]] = .string(parts[1])
                }
            }
            guard data != nil || !headers.isEmpty else { continue }
            note(headers: .object(headers), payload: try data.map { try JSONParser.parse($0) })
        }
    }
}

@Suite("What the description of the streams says")
struct AsyncAPIMessageTests {
    private let path = "/v1/buckets/b/collections/c"

    /// Reads an event stream up to and with `needle`, without the answer's head.
    private func read(_ connection: TestConnection, until needle: String) throws -> String {
        let text = try connection.read(until: needle)
        guard text.hasPrefix("HTTP/"), let end = text.firstRange(of: "\r\n\r\n") else {
            return text
        }
        return String(text[end.upperBound...])
    }

    @Test(
        "is what event sources of the monitored collections get, be they private or not",
        arguments: [false, true])
    func eventStream(isPrivate: Bool) throws {
        let server = try TestServer(
            settings: ["heliograph.changes.private": "\(isPrivate)"],
            streams: StreamConfiguration(heartbeatMilliseconds: 40, paceMilliseconds: 5))
        var witness = Witness(try StreamsDocument(server), "changes")
        try server.makeCollection()
        try server.write("r")
        let stream = try server.connect()
        try stream.send(
            "GET", "/v1\(StreamPath.monitorChanges)?_since=nonsense",
            fields: ["Authorization": "Basic " + Base64.encode(Array("me:secret".utf8))])
        try witness.note(eventStream: try read(stream, until: ": ping\n\n"))
        _ = try server.request("DELETE", path)
        try witness.note(eventStream: try read(stream, until: "\"deleted\":true}\n\n"))
        #expect(witness.seen == witness.described)
    }

    @Test("is what event sources of a collection get, with what changed and when it was rewritten")
    func collection() throws {
        let server = try TestServer()
        var witness = Witness(try StreamsDocument(server), "collection")
        try server.makeCollection()
        try server.write("r", data: "{\"title\":\"one\"}")
        let stream = try server.connect()
        try stream.send(
            "GET", "\(path)/stream?_include=changes",
            fields: ["Authorization": "Basic " + Base64.encode(Array("me:secret".utf8))])
        let opening = try read(stream, until: "\"timestamp\":") + read(stream, until: "\n\n")
        try witness.note(eventStream: opening)
        _ = try server.request("DELETE", "\(path)/records/r")
        let deletion = try read(stream, until: "\"deleted\":true") + read(stream, until: "\n\n")
        try witness.note(eventStream: deletion)
        // What is written into the past moves nothing, and is told with the next change.
        try server.write("s", data: "{\"last_modified\":5}")
        try server.write("t")
        let rewritten = try read(stream, until: "\"id\":\"s\"") + read(stream, until: "\n\n")
        #expect(rewritten.contains("event: reset\ndata: {\"reason\":\"rewritten\"}"))
        try witness.note(eventStream: rewritten)
        #expect(witness.seen == witness.described)
    }

    @Test("is what WebSockets get", arguments: ["changesWebSocket", "collectionWebSocket"])
    func webSocket(channel: String) throws {
        let server = try TestServer()
        var witness = Witness(try StreamsDocument(server), channel)
        try server.makeCollection()
        try server.write("r")
        let address = channel == "changesWebSocket" ? StreamPath.monitorChanges : nil
        let socket = try server.connect()
        let answer = try socket.upgrade(
            address.map { "/v1\($0)?_since=nonsense" } ?? "\(path)/stream?_since=nonsense",
            fields: ["Authorization": "Basic " + Base64.encode(Array("me:secret".utf8))])
        try #require(answer.status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        let questions = [
            #"{"type":"ping","id":[1]}"#, #"{"type":"ping"}"#, #"{"type":"what"}"#,
            #"{"type":"subscribe","bucket":"b","collection":"c","since":0}"#,
        ]
        for question in questions {
            try socket.send(
                WebSocketFrameEncoder.text(
                    Array(question.utf8), mask: WebSocketMask(1, 2, 3, 4)))
        }
        // Reset, change, ready, two pongs, an error; a collection's stream has no filter.
        for _ in 0..<(address == nil ? 7 : 8) {
            witness.note(payload: .object(try socket.readMessage(&decoder)))
        }
        _ = try server.request("DELETE", path)
        let last = JSONValue.object(try socket.readMessage(&decoder))
        #expect(last["/entry/deleted"] == true)
        witness.note(payload: last)
        #expect(witness.seen == witness.described)
    }

    @Test("is what browsers' push services get")
    func push() throws {
        let server = try TestServer()
        var witness = Witness(try StreamsDocument(server), "push")
        let socket = try server.connect()
        try #require(try socket.upgrade("/v1/push").status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        let questions = [
            #"{"messageType":"hello","use_webpush":true}"#, "{}", #"{"messageType":"ping"}"#,
            #"{"messageType":"broadcast_subscribe","broadcasts":{"no/such":"1"}}"#,
            #"{"messageType":"register","channelID":"1"}"#,
            #"{"messageType":"unregister","channelID":"1"}"#,
        ]
        for question in questions {
            try socket.send(
                WebSocketFrameEncoder.text(
                    Array(question.utf8), mask: WebSocketMask(1, 2, 3, 4)))
            witness.note(payload: .object(try socket.readMessage(&decoder)))
        }
        try server.makeCollection()
        try server.write("r")
        let news = JSONValue.object(try socket.readMessage(&decoder))
        #expect(news["/broadcasts"]?.object?.keys == [Broadcast.monitorChangesID])
        witness.note(payload: news)
        #expect(witness.seen == witness.described)
    }

    @Test(
        "is what clients are understood by, and nothing else",
        arguments: [("changesWebSocket", "type"), ("push", "messageType")])
    func requests(channel: String, typeKey: String) throws {
        let document = try StreamsDocument(try TestServer())
        let messages = document.messages(channel, action: "receive")
        #expect(messages.count > 1)
        var understood = 0
        var refused = 0
        for message in messages.flatMap({ Mutation.variants(of: $0.message, typeKey: typeKey) }) {
            let isDescribed = messages.contains { _, described in
                described["/payload"].map {
                    SchemaValidator().violations(message, $0).isEmpty
                } ?? false
            }
            let text = JSONWriter.bytes(message)
            let isUnderstood =
                channel == "push"
                ? (try? PushMessage(parsing: text)) != nil
                : (try? ClientMessage(parsing: text)) != nil
            #expect(isUnderstood == isDescribed, "\(String(decoding: text, as: UTF8.self))")
            if isUnderstood { understood += 1 } else { refused += 1 }
        }
        #expect(understood > 50 && refused > 50)
    }
}

/// Messages that are a little other than the example of one.
private enum Mutation {
    /// Values of all kinds, and such as stand at or beyond a limit.
    static let values: [JSONValue] = {
        var values: [JSONValue] = [
            .null, true, 0, 7, .number(JSONNumber(uncheckedSpelling: "1.5")), "", "x",
            "/buckets/b", [], [1], ["x"], ["/buckets/b"], ["/buckets/b", 1], ["/buckets/b/"],
            ["/buckets/b/collections/c"], ["/buckets/b/collections/c/records/r"],
            ["/buckets/_b"], [.string("/buckets/" + String(repeating: "b", count: 512))],
            [.string("/buckets/" + String(repeating: "b", count: 513))], [:], ["a": "b"],
            ["a": 1], ["a": .null], ["a": [:]],
        ]
        for beyond in [0, 1] {
            let uris = (0..<Limits.subscriptionResourcesMax + beyond).map { "/buckets/b\($0)" }
            values.append(.array(uris.map(JSONValue.string)))
            let names = (0..<Limits.broadcastsMax + beyond).map { ("b\($0)", JSONValue("v")) }
            values.append(.object(JSONObject(names)))
            let text = String(repeating: "é", count: Limits.pushChannelScalarsMax + beyond)
            values.append(.string(text))
        }
        return values
    }()

    /// The example of a message, it without each of its members, and it with each of them, and
    /// each that it may have, replaced by all sorts of values.
    static func variants(of message: JSONValue, typeKey: String) -> [JSONValue] {
        guard let example = message["/examples/0/payload"]?.object else { return [] }
        var variants: [JSONObject] = [example]
        let known = message["/payload/properties"]?.object?.keys ?? []
        for key in Set(known + example.keys + ["unknown", typeKey]).sorted() {
            var variant = example
            variant[key] = nil
            variants.append(variant)
            for value in values {
                variant[key] = value
                variants.append(variant)
            }
        }
        return variants.map(JSONValue.object)
    }
}
