// SPDX-License-Identifier: MIT

import Core
import Hub

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
        return helloForm.bytes(
            Greeting(uaid: uaid, news: News(newer, unknown: unknown(known, table))))
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
        return broadcastForm.bytes(News(newer, unknown: unknown))
    }

    /// The message that tells of new versions.
    package static func broadcast(_ entries: [BroadcastTable.Entry]) -> [UInt8] {
        broadcastForm.bytes(News(entries))
    }

    /// The refusal of a subscription of a web page: there is no such service here.
    package static func registered(channel: String) -> [UInt8] { registerForm.bytes(channel) }

    /// The answer to the end of such a subscription.
    package static func unregistered(channel: String) -> [UInt8] { unregisterForm.bytes(channel) }

    /// The answer to a ping.
    package static let pong = JSONForm<Void>([]).bytes(())

    /// What documents tell of them.
    static let descriptions = [
        MessageDescription(
            "hello", "The answer to `hello`: what differs from what the client knows.", helloForm,
            example: Greeting(uaid: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", news: exampleNews)),
        MessageDescription(
            "broadcast", "New versions of broadcasts: poll for them.", broadcastForm,
            example: exampleNews),
        MessageDescription(
            "register", "There are no subscriptions of web pages here.", registerForm,
            example: exampleChannel),
        MessageDescription(
            "unregister", "The subscription is not there any more.", unregisterForm,
            example: exampleChannel),
        MessageDescription(
            "pong", "The answer to a ping.", payload: ["type": "object", "maxProperties": 0],
            examplePayload: MessageDescription.parse(pong)),
    ]

    private struct News: Sendable {
        let entries: [BroadcastTable.Entry]
        let unknown: [String]

        init(_ entries: [BroadcastTable.Entry], unknown: [String] = []) {
            self.entries = entries
            self.unknown = unknown
        }
    }

    private struct Greeting: Sendable {
        let uaid: String
        let news: News
    }

    private static let helloForm = JSONForm<Greeting>([
        .constant("messageType", "hello"), .constant("status", 200),
        .member("uaid", .text, "Who the client is as long as the connection lasts.") { $0.uaid },
        .constant("use_webpush", true),
        .member("broadcasts", broadcasts, broadcastsMeaning) { $0.news },
    ])

    private static let broadcastForm = JSONForm<News>([
        .constant("messageType", "broadcast"),
        .member("broadcasts", broadcasts, broadcastsMeaning) { $0 },
    ])

    private static let registerForm = JSONForm<String>([
        .constant("messageType", "register"),
        .member("channelID", .text, channelMeaning) { $0 },
        .constant("status", 501), .constant("pushEndpoint", ""),
    ])

    private static let unregisterForm = JSONForm<String>([
        .constant("messageType", "unregister"),
        .member("channelID", .text, channelMeaning) { $0 },
        .constant("status", 200),
    ])

    private static let broadcastsMeaning = "The newest version of each, by its name."
    private static let channelMeaning = "That of the request."

    private static let broadcasts = JSONKind<News>([
        "type": "object",
        "properties": [
            errorsKey: [
                "type": "object", "additionalProperties": ["const": .string(notFound)],
                "description": "The broadcasts that are not there.",
            ]
        ], "additionalProperties": ["type": "string"],
    ]) { news, buffer in
        var members: [JSONObject.Member] = news.entries.map { ($0.id, .string($0.version)) }
        if !news.unknown.isEmpty {
            let errors = news.unknown.map { ($0, JSONValue.string(notFound)) }
            members.append((errorsKey, .object(JSONObject(errors))))
        }
        JSONWriter.append(JSONObject(members), to: &buffer)
    }

    private static let errorsKey = "errors"
    private static let notFound = "Broadcast not found"
    private static let exampleChannel = "7d1b2c9e-5f0a-4b7e-9a63-0c1d2e3f4a5b"
    private static let exampleNews: News = {
        var table = BroadcastTable()
        table.publish(
            Broadcast(id: Broadcast.monitorChangesID, version: "\"1603126502200\"", time: .zero))
        return News(table.all)
    }()

    private static func unknown(
        _ known: [PushMessage.Known], _ table: BroadcastTable
    ) -> [String] {
        known.map(\.id).filter { table.version(of: $0) == nil }
    }
}
