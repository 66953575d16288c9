// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

/// Reads pieces of a stream, and what the parser knows at the end.
private func events(
    _ pieces: [[UInt8]], lastEventID: String = ""
) throws -> (events: [StreamedEvent], lastEventID: String, retry: Int?) {
    var parser = EventStreamParser(lastEventID: lastEventID)
    var events: [StreamedEvent] = []
    for piece in pieces {
        events += try piece.withUnsafeBytes {
            (bytes) throws(EventStreamParser.ParsingError) in try parser.parse(bytes)
        }
    }
    return (events, parser.lastEventID, parser.retryMilliseconds)
}

private func events(_ text: String) throws -> [StreamedEvent] {
    try events([Array(text.utf8)]).events
}

@Suite("An event stream's encoder")
struct EventStreamEncoderTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("writes an event's id, name and data")
    func event() {
        #expect(
            text(EventStreamEncoder.event(id: "7", name: "ready", data: Array("{}".utf8)))
                == "id: 7\nevent: ready\ndata: {}\n\n")
        #expect(text(EventStreamEncoder.event(text: "a")) == "data: a\n\n")
        #expect(text(EventStreamEncoder.event(id: "", text: "")) == "id: \ndata: \n\n")
    }

    @Test("gives each line of data its own field, however the lines end")
    func lines() {
        #expect(
            Array(EventStreamEncoder.event(text: "a\nb\rc\r\nd\n\re\n"))
                == Array("data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n".utf8))
    }

    @Test("writes retry and comments")
    func others() {
        #expect(text(EventStreamEncoder.retry(milliseconds: 3217)) == "retry: 3217\n\n")
        #expect(text(EventStreamEncoder.comment("ping")) == ": ping\n\n")
        #expect(
            Array(EventStreamEncoder.comment("a\r\ndata: b")) == Array(": a\n: data: b\n\n".utf8))
    }

    @Test("refuses ids that clients would not keep")
    func ids() async {
        #expect(EventStreamEncoder.isValidID("1603126502200.a41f0c.1042"))
        #expect(EventStreamEncoder.isValidID(""))
        for id in ["a\0", "a\n", "\ra", "a\r\nb"] { #expect(!EventStreamEncoder.isValidID(id)) }
        await #expect(processExitsWith: .failure) {
            _ = EventStreamEncoder.event(id: "a\0", text: "")
        }
        await #expect(processExitsWith: .failure) {
            _ = EventStreamEncoder.event(name: "a\ndata: b", text: "")
        }
    }
}

@Suite("An event stream's parser")
struct EventStreamParserTests {
    @Test("reads the examples of the standard")
    func examples() throws {
        #expect(
            try events("data: YHOO\ndata: +2\ndata: 10\n\n") == [
                StreamedEvent(data: "YHOO\n+2\n10")
            ])
        let second = try events([
            Array(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n".utf8),
            Array("data:  third event\n\n".utf8),
        ])
        #expect(
            second.events == [
                StreamedEvent(data: "first event", lastEventID: "1"),
                StreamedEvent(data: "second event"), StreamedEvent(data: " third event"),
            ])
        #expect(try events("data\n\ndata\ndata\n\ndata:").map(\.data) == ["", "\n"])
        #expect(try events("data:test\n\ndata: test\n\n").map(\.data) == ["test", "test"])
    }

    @Test("names events, one at a time")
    func names() throws {
        let names = try events("event: a\ndata: 1\n\ndata: 2\n\nevent: b\n\ndata: 3\n\n").map(
            \.name)
        #expect(names == ["a", "message", "message"])
    }

    @Test("ignores what the standard has it ignore")
    func ignored() throws {
        let text =
            "id: 1\nid: a\0b\nretry: 5x\nretry: -1\nretry:\nfoo: b\n data: x\nDATA: y\ndata: z\n\n"
        let result = try events([Array(text.utf8)])
        #expect(result.events == [StreamedEvent(data: "z", lastEventID: "1")])
        #expect(result.retry == nil)
        #expect(try events([Array("retry: 0017\n".utf8)]).retry == 17)
    }

    @Test("remembers the last id, also of an event without data, but not of an unfinished one")
    func lastID() throws {
        #expect(try events([Array("id: 1\n\nid: 2\n".utf8)]).lastEventID == "1")
        #expect(try events([Array("data: a\n\n".utf8)], lastEventID: "9").lastEventID == "9")
        #expect(try events([Array("id\n\n".utf8)], lastEventID: "9").lastEventID == "")
    }

    @Test("skips one byte order mark, at the start only")
    func byteOrderMark() throws {
        let mark = "\u{FEFF}"
        #expect(try events("\(mark)data: a\n\n\(mark)data: b\n\n").map(\.data) == ["a"])
        #expect(try events("\(mark)\(mark)data: a\n\n").isEmpty)
    }

    @Test("replaces bytes that are not UTF-8")
    func invalidUTF8() throws {
        let bytes = Array("data: a".utf8) + [0xFF] + Array("\n\n".utf8)
        #expect(try events([bytes]).events.map(\.data) == ["a\u{FFFD}"])
    }

    @Test("reads alike at every split, whatever ends the lines", arguments: ["\n", "\r", "\r\n"])
    func splits(lineEnd: String) throws {
        let text =
            "\u{FEFF}: c\n\nid: 7\nevent: é\ndata: a€\ndata: b\n\nretry: 3\n\ndata: c\n\n\n"
        let bytes = Array(text.utf8).flatMap {
            $0 == UInt8(ascii: "\n") ? Array(lineEnd.utf8) : [$0]
        }
        let expected = [
            StreamedEvent(name: "é", data: "a€\nb", lastEventID: "7"),
            StreamedEvent(data: "c", lastEventID: "7"),
        ]
        for split in 0...bytes.count {
            let result = try events([Array(bytes[..<split]), Array(bytes[split...])])
            #expect(result.events == expected)
            #expect(result.retry == 3)
        }
        #expect(try events(bytes.map { [$0] }).events == expected)
    }

    @Test("reads what the encoder writes, whatever the data")
    func crossCheck() throws {
        var generator = SeededGenerator(state: 9)
        let alphabet = ["a", ":", " ", "\n", "\r", "\r\n", "data: ", "é", "\0", "id", "\u{FEFF}"]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0..<12, using: &generator)
            let data = (0..<count).map { _ in alphabet.randomElement(using: &generator)! }.joined()
            let id = String(UInt64.random(in: 0...UInt64.max, using: &generator))
            let name = Bool.random(using: &generator) ? "n" : nil
            let bytes =
                EventStreamEncoder.comment(data) + EventStreamEncoder.retry(milliseconds: 5)
                + EventStreamEncoder.event(id: id, name: name, text: data)
            let split = Int.random(in: 0...bytes.count, using: &generator)
            var lines: [UInt8] = []
            for (index, byte) in Array(data.utf8).enumerated() {
                if byte == UInt8(ascii: "\n"), index > 0,
                    Array(data.utf8)[index - 1] == UInt8(ascii: "\r")
                {
                    continue
                }
                lines.append(byte == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : byte)
            }
            let result = try events([Array(bytes[..<split]), Array(bytes[split...])])
            #expect(
                result.events == [
                    StreamedEvent(
                        name: name ?? "message", data: String(decoding: lines, as: UTF8.self),
                        lastEventID: id)
                ])
        }
    }

    @Test("gives up when a line or an event is too large")
    func limit() throws {
        let half = [UInt8](repeating: UInt8(ascii: "a"), count: Limits.eventBytesMax / 2)
        let start = Array("data:".utf8)
        let end = Array("\n\n".utf8)
        let longest = Array((half + half).dropLast(6))
        #expect(try events([start + longest + [97], end]).events.count == 1)
        #expect(throws: EventStreamParser.ParsingError.tooLarge) {
            try events([start + longest + [97, 97], [97]])
        }
        let line = start + half + [10]
        #expect(throws: EventStreamParser.ParsingError.tooLarge) { try events([line, line]) }
    }
}
