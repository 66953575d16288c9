// SPDX-License-Identifier: MIT

import Core
import Glibc

/// One subscriber's side of its connection: what to ask for and how to read what comes. It does no
/// input or output.
struct Subscriber {
    private enum State {
        case responseHead(key: String)
        case events(EventStreamReader)
        case chunkedEvents(ChunkedReader, EventStreamReader)
        case frames(WebSocketReader)
    }

    /// The cursor of the last event read, if cursors are tracked.
    private(set) var cursor: StreamCursor
    private let tracksCursor: Bool
    private let isReadyAtHead: Bool
    private var state: State
    /// Bytes that are not yet a whole item; empty nearly always.
    private var rest: [UInt8] = []

    /// Makes a subscriber whose request was made with `key` and resumed at `cursor`.
    init(key: String, cursor: StreamCursor = StreamCursor(), options: SubscriberOptions) {
        self.cursor = cursor
        tracksCursor = options.tracksCursors
        isReadyAtHead = options.isReadyAtHead
        state = .responseHead(key: key)
    }

    /// The request for a stream.
    ///
    /// - Parameters:
    ///   - number: Which of the subscribers asks, counted from `options.first`.
    ///   - key: The `Sec-WebSocket-Key`; Server-Sent Events need none.
    ///   - cursor: Where to resume.
    static func request(
        _ options: SubscriberOptions, number: Int = 0, key: String, cursor: StreamCursor
    ) -> [UInt8] {
        var target = options.url.target(options.path(ofSubscriber: number))
        var fields = "Host: \(options.url.authority)\r\n"
        switch options.transport {
        case .serverSentEvents:
            fields += "Accept: text/event-stream\r\n"
            if let text = cursor.text { fields += "Last-Event-ID: \(text)\r\n" }
        case .webSocket:
            fields += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            fields += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Protocol: heliograph.v1\r\n"
            if let text = cursor.text {
                target += target.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
                target += "_since=\(text)"
            }
        }
        return Array("GET \(target) HTTP/1.1\r\n\(fields)\r\n".utf8)
    }

    /// Reads what has arrived and calls `handle` with each item.
    ///
    /// - Throws: `StreamError`.
    /// - Complexity: O(*n*).
    mutating func receive(
        _ bytes: UnsafeBufferPointer<UInt8>, _ handle: (StreamItem) -> Void
    ) throws(StreamError) {
        if case .responseHead(let key) = state {
            rest.append(contentsOf: bytes)
            let bytes = rest
            guard let length = try readHead(bytes, key: key) else { return }
            if isReadyAtHead { handle(.ready) }
            rest = []
            try withBytes(bytes, from: length) { (mine, bytes) throws(StreamError) in
                try mine.receiveBody(bytes, handle)
            }
        } else {
            try receiveBody(bytes, handle)
        }
    }

    private mutating func withBytes(
        _ bytes: [UInt8], from start: Int,
        _ body: (inout Subscriber, UnsafeBufferPointer<UInt8>) throws(StreamError) -> Void
    ) throws(StreamError) {
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(StreamError) in
                try body(&self, UnsafeBufferPointer(rebasing: buffer[start...]))
            }
        }
        try result.get()
    }

    /// Reads the answer's head; returns its length, or nil if it is not complete.
    private mutating func readHead(_ bytes: [UInt8], key: String) throws(StreamError) -> Int? {
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(StreamError) in try ResponseHead.parse(buffer) }
        }
        guard let (head, length) = try result.get() else { return nil }
        if head.status == 101, !key.isEmpty {
            guard head.value(of: "sec-websocket-accept") == Self.acceptKey(key) else {
                throw .wrongAcceptKey
            }
            state = .frames(WebSocketReader(tracksCursor: tracksCursor))
        } else if head.status == 200, key.isEmpty,
            head.value(of: "content-type")?.hasPrefix("text/event-stream") == true
        {
            let events = EventStreamReader(tracksCursor: tracksCursor)
            state = head.isChunked ? .chunkedEvents(ChunkedReader(), events) : .events(events)
        } else {
            throw .refused(head.statusLine)
        }
        return length
    }

    /// The answer that a key demands (RFC 6455, section 4.2.2).
    static func acceptKey(_ key: String) -> String {
        Base64.encode(Digest.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    private mutating func receiveBody(
        _ bytes: UnsafeBufferPointer<UInt8>, _ handle: (StreamItem) -> Void
    ) throws(StreamError) {
        if case .chunkedEvents(var chunks, let reader) = state {
            try chunks.read(bytes, into: &rest)
            state = .chunkedEvents(chunks, reader)
        } else if rest.isEmpty {
            let consumed = try readItems(bytes, handle)
            rest.append(contentsOf: bytes[consumed...])
            return
        } else {
            rest.append(contentsOf: bytes)
        }
        let all = rest
        rest = []
        try withBytes(all, from: 0) { (mine, bytes) throws(StreamError) in
            let consumed = try mine.readItems(bytes, handle)
            mine.rest.append(contentsOf: bytes[consumed...])
        }
    }

    /// Reads whole items; returns how many bytes they were.
    private mutating func readItems(
        _ bytes: UnsafeBufferPointer<UInt8>, _ handle: (StreamItem) -> Void
    ) throws(StreamError) -> Int {
        var index = 0
        switch state {
        case .responseHead: preconditionFailure("the head is read first")
        case .events(var reader):
            while let item = try reader.next(in: bytes, at: &index, cursor: &cursor) {
                handle(item)
            }
            state = .events(reader)
        case .chunkedEvents(let chunks, var reader):
            while let item = try reader.next(in: bytes, at: &index, cursor: &cursor) {
                handle(item)
            }
            state = .chunkedEvents(chunks, reader)
        case .frames(var reader):
            while let item = try reader.next(in: bytes, at: &index, cursor: &cursor) {
                handle(item)
            }
            state = .frames(reader)
        }
        return index
    }
}
