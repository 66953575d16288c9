// SPDX-License-Identifier: MIT
//
// The events of streams. What one consists of is listed once: both transports write it by that
// list, and documents are made of it.

import Core
import Hub
import Wire

/// A kind of event: how both transports spell it, and what documents tell of it.
struct StreamEvent<Content: Sendable>: Sendable {
    /// Its name: the `type` of a WebSocket message, and the name of a named event.
    let name: String
    /// Whether event sources get it by its name, not as a plain message.
    let isNamed: Bool
    /// What it tells, in a sentence.
    let summary: String
    /// What to resume with after it; nil if it changes nothing about that.
    let cursor: (@Sendable (Content) -> Cursor)?
    /// The data of an event.
    let data: JSONKind<Content>
    /// A WebSocket message.
    let message: JSONForm<Content>
    /// What an example of it tells.
    let example: Content

    /// Makes a kind of event.
    ///
    /// - Parameters:
    ///   - data: What an event source gets.
    ///   - members: What a WebSocket message has beside its type and its cursor.
    init(
        _ name: String, isNamed: Bool = true, _ summary: String,
        cursor: (@Sendable (Content) -> Cursor)? = nil, data: JSONKind<Content>,
        members: [JSONForm<Content>.Member], example: Content
    ) {
        self.name = name
        self.isNamed = isNamed
        self.summary = summary
        self.cursor = cursor
        self.data = data
        self.example = example
        var first: [JSONForm<Content>.Member] = [.constant("type", .string(name))]
        if let cursor {
            first.append(.member("cursor", .cursor, StreamEvents.cursorMeaning, cursor))
        }
        message = JSONForm(first + members)
    }

    /// Makes a kind of event whose members are the same in both transports.
    init(
        _ name: String, _ summary: String, cursor: (@Sendable (Content) -> Cursor)? = nil,
        members: [JSONForm<Content>.Member], example: Content
    ) {
        self.init(
            name, summary, cursor: cursor, data: JSONForm(members).kind, members: members,
            example: example)
    }

    /// Appends an event as `encoding` spells it; a browser's push service has none.
    ///
    /// - Complexity: O(length of the event).
    func append(_ content: Content, as encoding: StreamEncoding, to buffer: inout [UInt8]) {
        switch encoding {
        case .eventStream:
            var text: [UInt8] = []
            data.append(content, &text)
            buffer += EventStreamEncoder.event(
                id: cursor?(content).description, name: isNamed ? name : nil, data: text)
        case .webSocket: buffer += WebSocketFrameEncoder.text(message.bytes(content))
        case .push: break
        }
    }

    /// What documents tell of it in an event stream: its fields are headers, its data the payload.
    var inEventStream: MessageDescription {
        var fields: [(key: String, schema: JSONObject, isOptional: Bool)] = []
        var values = JSONObject()
        if let cursor {
            let kind = JSONKind<Cursor>.cursor
            let schema = JSONSchema.describing(kind.schema, StreamEvents.cursorMeaning)
            fields.append(("id", schema, false))
            values["id"] = .string(cursor(example).description)
        }
        if isNamed {
            fields.append(("event", ["const": .string(name)], false))
            values["event"] = .string(name)
        }
        var text: [UInt8] = []
        data.append(example, &text)
        return MessageDescription(
            name, summary, headers: JSONSchema.object(fields), payload: data.schema,
            exampleHeaders: .object(values), examplePayload: MessageDescription.parse(text))
    }

    /// What documents tell of it over WebSocket.
    var inWebSocket: MessageDescription {
        MessageDescription(name, summary, message, example: example)
    }
}

/// What the event of a change tells.
struct ChangeContent: Sendable {
    /// The newest entry of the collection.
    let entry: Entry
    /// The records that changed, as a JSON array, which becomes the entry's last member; nil for
    /// none.
    let changes: [UInt8]?
    /// What to resume with after it.
    let cursor: Cursor
}

/// What the event tells after which all that follows is live.
struct ReadyContent: Sendable {
    /// What to resume with after it.
    let cursor: Cursor
    /// The list's timestamp.
    let timestamp: Timestamp
    /// Over how long a change is told; 0 for at once.
    let windowMilliseconds: Int
}

/// The kinds of events there are.
enum StreamEvents {
    /// What the cursor of an event is for.
    static let cursorMeaning =
        "What to come back with; it begins with the timestamp to go back to polling with."

    /// A collection changed.
    static let change = StreamEvent<ChangeContent>(
        "change", isNamed: false, "A collection changed: its newest timestamp.",
        cursor: { $0.cursor }, data: entry,
        members: [.member("entry", entry, "The collection's line in the polling list.") { $0 }],
        example: ChangeContent(
            entry: exampleEntry, changes: nil, cursor: exampleCursor))

    /// The subscriber is caught up.
    static let ready = StreamEvent<ReadyContent>(
        "ready", "You have everything; what follows is live.", cursor: { $0.cursor },
        members: [
            .member("timestamp", .timestamp, "The timestamp of the polling list.") { $0.timestamp },
            .optional(
                "window_ms", .count,
                "Over how many milliseconds a change is told to all, if not at once."
            ) { $0.windowMilliseconds > 0 ? Int64($0.windowMilliseconds) : nil },
        ],
        example: ReadyContent(
            cursor: exampleCursor, timestamp: exampleTimestamp, windowMilliseconds: 0))

    /// The subscriber's cursor was not taken.
    static let reset = StreamEvent<ResetReason>(
        "reset", "Forget what you have: everything follows.",
        members: [.member("reason", .choice, ResetReason.meanings) { $0 }], example: .epoch)

    /// An entry, with what changed if that is to be told.
    private static let entry: JSONKind<ChangeContent> = {
        var schema = Entry.form.schema
        var properties = schema["properties"]?.object ?? [:]
        properties[changes.key] = .object(changes.schema)
        schema["properties"] = .object(properties)
        return JSONKind(schema) { content, buffer in
            buffer.append(contentsOf: content.entry.json)
            guard let records = content.changes else { return }
            buffer.removeLast()
            changes.append(records, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        }
    }()

    /// The member that entries have more, where what changed is told.
    private static let changes = JSONForm<[UInt8]>.Member.member(
        "changes", records,
        "The records that changed since the event before, the newest first, with "
            + "`_include=changes` unless they are too many."
    ) { $0 }

    private static let records = JSONKind<[UInt8]>([
        "type": "array", "maxItems": .integer(Int64(Limits.includedChangesMax)),
        "items": [
            "type": "object", "required": ["id", "last_modified"],
            "properties": [
                "id": ["type": "string"], "last_modified": ["type": "integer"],
                "deleted": ["const": true, "description": "The record was deleted."],
            ], "additionalProperties": true,
        ],
    ]) { $1.append(contentsOf: $0) }

    private static let exampleTimestamp = Timestamp(milliseconds: 1_603_126_502_200)
    private static let exampleCursor = Cursor.exact(
        exampleTimestamp, Epoch(randomBits: 0xa41f_0c3b_9d21), Revision(1042))
    private static let exampleEntry: Entry = {
        let path = CollectionPath(bucket: "main", collection: "news")
        let change = Change(
            path: path, timestamp: exampleTimestamp, revision: Revision(1042), isTombstone: false)
        return Entry(unrendered: change, host: "example.org")
    }()
}

extension ResetReason {
    /// What each reason means, for documents.
    fileprivate static var meanings: String {
        allCases.map { "`\($0.rawValue)`: \($0.meaning)" }.joined(separator: "; ") + "."
    }
}
