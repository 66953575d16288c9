// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import heliograph_bench

@Suite("A subscriber of the bench")
struct StreamReadingTests {
    private static let entry =
        #"{"id":"x","last_modified":17,"bucket":"bench","collection":"bench-3","host":"h"}"#
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private func options(_ transport: Transport) throws -> SubscriberOptions {
        let url = try #require(ServiceURL(parsing: "http://127.0.0.1:1/v1"))
        var options = SubscriberOptions(url: url, transport: transport, count: 1)
        options.tracksCursors = true
        return options
    }

    /// What is found in bytes that arrive in pieces of a size, and the cursor at the end.
    private func read(
        _ bytes: [UInt8], _ transport: Transport, pieces: Int
    ) throws -> (items: [StreamItem], cursor: String?) {
        let key = transport == .webSocket ? Self.key : ""
        var subscriber = Subscriber(key: key, options: try options(transport))
        var items: [StreamItem] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            try piece.withUnsafeBufferPointer { buffer in
                try subscriber.receive(buffer) { items.append($0) }
            }
        }
        return (items, subscriber.cursor.text)
    }

    @Test("reads events however they arrive", arguments: [1, 7, 10_000])
    func events(pieces: Int) throws {
        let text =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 1500\n: hello\n\n"
            + "id: c1\ndata: \(Self.entry)\n\nid: c2\nevent: ready\ndata: {}\n\n"
            + "data: {\"last_modified\":4,\"bucket\":\"b\",\"collection\":\"other\"}\n\nid: c3\n"
        let (items, cursor) = try read(Array(text.utf8), .serverSentEvents, pieces: pieces)
        let change = StreamItem.change(ChangeID(collection: 3, timestamp: 17))
        #expect(items == [.retry(milliseconds: 1_500), change, .ready, .foreignChange])
        // The id of an event that is not complete does not count: its data would be lost.
        #expect(cursor == "c2")
    }

    @Test("reads messages however they arrive", arguments: [1, 7, 10_000])
    func messages(pieces: Int) throws {
        let accept = Subscriber.acceptKey(Self.key)
        var bytes = Array(
            ("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n").utf8)
        let texts = [
            #"{"type":"change","cursor":"c1","entry":\#(Self.entry)}"#,
            #"{"type":"ready","cursor":"c2"}"#,
        ]
        for text in texts {
            let length = text.utf8.count
            bytes += length < 126 ? [0x81, UInt8(length)] : [0x81, 126, 0, UInt8(length)]
            bytes += Array(text.utf8)
        }
        let reason = Array("return in 1234 ms".utf8)
        bytes += [0x89, 1, 0x55, 0x88, UInt8(reason.count + 2), 0x03, 0xE9] + reason
        let (items, cursor) = try read(bytes, .webSocket, pieces: pieces)
        let change = StreamItem.change(ChangeID(collection: 3, timestamp: 17))
        #expect(
            items == [
                change, .ready, .ping([0x55]), .close(code: 1_001, returnMilliseconds: 1_234),
            ])
        #expect(cursor == "c2")
    }

    @Test("resumes where it was")
    func resuming() throws {
        let text = Array("c9".utf8)
        let cursor = text.withUnsafeBufferPointer { StreamCursor($0) }
        let event = Subscriber.request(try options(.serverSentEvents), key: "", cursor: cursor)
        #expect(String(decoding: event, as: UTF8.self).contains("\r\nLast-Event-ID: c9\r\n"))
        var options = try options(.webSocket)
        options.path += "?bucket=b"
        let message = Subscriber.request(options, key: Self.key, cursor: cursor)
        #expect(String(decoding: message, as: UTF8.self).contains("?bucket=b&_since=c9 HTTP/1.1"))
    }

    @Test("keeps a cursor of 63 bytes, and none that is longer")
    func cursorLength() {
        for (length, isKept) in [(62, true), (63, true), (64, false)] {
            let text = [UInt8](repeating: UInt8(ascii: "1"), count: length)
            let cursor = text.withUnsafeBufferPointer { StreamCursor($0) }
            #expect((cursor.text?.utf8.count == length) == isKept)
        }
    }

    @Test("reads back its command line")
    func commandLine() throws {
        var options = try options(.webSocket)
        options.count = 12
        options.first = 34
        options.path = "/stream?a=b"
        options.collections = 5
        options.timedCollections = 0
        options.receiveBufferBytes = 4_096
        options.returns = true
        options.filters = 6
        let copy = try SubscriberOptions(parsing: Array(options.arguments.dropFirst()))
        #expect(copy.arguments == options.arguments)
        let share = options.share(of: 3, behind: 7)
        #expect(share.count == 3)
        #expect(share.first == 41)
        let targets = (0..<12).map { options.path(ofSubscriber: $0) }
        #expect(Set(targets).count == 6)
        #expect(targets[0] == targets[6])
    }
}
