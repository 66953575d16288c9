// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing
import Wire

@testable import Streams

@Suite("A compressed stream")
struct CompressionTests {
    private static let records = Array(
        ("[" + (0..<100).map { #"{"id":"r\#($0)","title":"Title"}"# }.joined(separator: ",") + "]")
            .utf8)

    private static let entry = Entry(
        id: "e",
        change: Change(
            path: CollectionPath(bucket: "b", collection: "c"),
            timestamp: Timestamp(milliseconds: 5), revision: Revision(1), isTombstone: false),
        host: "h")

    /// The text of an event stream's pieces.
    private func inflated(_ bytes: [UInt8]) throws -> String {
        let inflater = Inflater(outputBytesMax: 1 << 20)
        var text: [UInt8] = []
        try inflater.inflate(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The messages of frames, and how many bytes they take.
    private func messages(_ bytes: [UInt8]) -> [String] {
        var decoder = WebSocketFrameDecoder(role: .client, allowsCompression: true)
        var rest = bytes[...]
        var messages: [String] = []
        while true {
            let (count, event) = rest.withUnsafeBytes { decoder.decode($0) }
            rest = rest.dropFirst(count)
            switch event {
            case .message(.text(let text)): messages.append(String(decoding: text, as: UTF8.self))
            case .ping: messages.append("ping")
            case .close(_, let reason): messages.append("close: \(reason)")
            case .needMoreBytes: return messages
            case .message(.binary), .pong, .failed:
                Issue.record("\(event)")
                return messages
            }
        }
    }

    private func received(_ bench: Bench, _ id: StreamID) -> [UInt8] {
        bench.transport.sockets[id.slot]?.received ?? []
    }

    /// Two streams of each kind live through the same.
    private func live(_ plain: StreamEncoding, _ compressed: StreamEncoding) -> (
        plain: [UInt8], compressed: [UInt8]
    ) {
        let bench = Bench()
        for index in 0..<50 { bench.write("collection-\(index)", Int64(1_000 + index)) }
        let ids = [plain, compressed].enumerated().map { slot, encoding in
            bench.subscribe(UInt32(slot), encoding: encoding, cursor: "nonsense")
        }
        bench.write("a", 2_000)
        bench.fanOut.synchronize()
        bench.write("b", 2_001, deletes: true)
        bench.write("c", 2_002)
        bench.fanOut.synchronize()
        for id in ids { bench.fanOut.deadlineReached(id) }
        for id in ids { bench.fanOut.sendAway(id, returnMilliseconds: 1_234) }
        return (received(bench, ids[0]), received(bench, ids[1]))
    }

    @Test("of events tells the same as one that is not, in much fewer bytes")
    func eventStream() throws {
        let (plain, compressed) = live(.eventStream, .eventStreamGzip)
        let text = String(decoding: plain, as: UTF8.self)
        #expect(try inflated(compressed) == text)
        for piece in ["event: reset", "event: ready", ": ping\n", "retry: 1234\n", "\"deleted\""] {
            #expect(text.contains(piece))
        }
        #expect(compressed.count * 3 < plain.count)
    }

    @Test("over WebSocket tells the same as one that is not, in fewer bytes")
    func webSocket() {
        let (plain, compressed) = live(.webSocket, .webSocketDeflate)
        #expect(messages(compressed) == messages(plain))
        #expect(messages(plain).count == 57)
        #expect(compressed.count < plain.count * 9 / 10)
        #expect(messages(plain).suffix(2) == ["ping", "close: return in 1234 ms"])
    }

    @Test("of events begins as a gzip file, with what the other begins with")
    func opening() throws {
        let plain = StreamEncoding.eventStream.opening(retryMilliseconds: 77)
        let compressed = StreamEncoding.eventStreamGzip.opening(retryMilliseconds: 77)
        #expect(String(decoding: plain, as: UTF8.self) == "retry: 77\n\n: heliograph\n\n")
        #expect(compressed.prefix(10) == Gzip.header[...])
        #expect(try inflated(Array(compressed.dropFirst(10))) == "retry: 77\n\n: heliograph\n\n")
        #expect(StreamEncoding.webSocketDeflate.opening(retryMilliseconds: 77).isEmpty)
    }

    @Test("has each event whole as soon as it was sent, whoever else has had others before")
    func eachAtOnce() throws {
        let bench = Bench()
        let old = bench.subscribe(0, encoding: .eventStreamGzip)
        bench.write("a", 1)
        bench.fanOut.synchronize()
        let young = bench.subscribe(1, encoding: .eventStreamGzip)
        let before = [old, young].map { received(bench, $0).count }
        bench.write("b", 2)
        bench.fanOut.synchronize()
        let pieces = zip([old, young], before).map { Array(received(bench, $0).dropFirst($1)) }
        #expect(pieces[0] == pieces[1])
        #expect(try inflated(pieces[0]).hasSuffix("\"host\":\"h\"}\n\n"))
    }

    @Test("shares one frame with all of its kind")
    func shared() throws {
        var cohorts = CohortTable()
        let number = cohorts.retain(.monitor(.all))
        let cohort = cohorts[try #require(number)]
        var encoder = LiveEncoder(entries: [Self.entry], log: ChangeLog(epoch: Bench.epoch))
        for encoding in StreamEncoding.allCases {
            let frame = encoder.frame(of: [0], encoding, for: cohort)
            #expect(encoder.frame(of: [0], encoding, for: cohort) === frame)
        }
        let event = ChangesEvent(
            Self.entry, records: Self.records, isRewritten: true, epoch: Bench.epoch)
        for encoding in StreamEncoding.allCases {
            #expect(event.frame(encoding) === event.frame(encoding))
        }
        let plain = event.frame(.eventStream).count
        #expect(event.frame(.eventStreamGzip).count * 4 < plain)
        #expect(event.frame(.webSocketDeflate).count * 4 < plain)
        let sum = StreamEncoding.allCases.reduce(0) { $0 + event.frame($1).count }
        #expect(event.byteCount >= sum + Self.records.count)
    }

    @Test("that carries what changed tells the same as one that is not")
    func includedChanges() throws {
        let event = ChangesEvent(
            Self.entry, records: Self.records, isRewritten: true, epoch: Bench.epoch)
        let text = String(decoding: event.frame(.eventStream).bytes, as: UTF8.self)
        #expect(try inflated(event.frame(.eventStreamGzip).bytes) == text)
        #expect(
            messages(event.frame(.webSocketDeflate).bytes)
                == messages(event.frame(.webSocket).bytes)
        )
    }

    @Test("takes compressed messages, and only where that was agreed on")
    func clientMessages() {
        let bench = Bench()
        let ids = [
            bench.subscribe(0, encoding: .webSocketDeflate),
            bench.subscribe(1, encoding: .webSocket),
        ]
        let payload = Deflater().piece(Array(#"{"type":"ping","id":"zip"}"#.utf8)).dropLast(4)
        let frame = WebSocketFrameEncoder.frame(
            .text, Array(payload), isCompressed: true, mask: WebSocketMask(1, 2, 3, 4))
        for id in ids {
            // In two parts: what inflates it is kept between them.
            let taken = frame[..<9].withUnsafeBytes { bench.webSockets.received($0, on: id) }
            _ = frame[taken...].withUnsafeBytes { bench.webSockets.received($0, on: id) }
        }
        #expect(messages(received(bench, ids[0])).last?.contains(#""id":"zip""#) == true)
        #expect(messages(received(bench, ids[1])).last == "close: Reserved bit set")
    }
}
