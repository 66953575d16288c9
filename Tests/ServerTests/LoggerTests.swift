// SPDX-License-Identifier: MIT

import Core
import Glibc
import Synchronization
import Testing

@testable import Server

@Suite("The log")
struct LoggerTests {
    /// Collects what a logger writes.
    private final class Collector: Sendable {
        private let written = Mutex<[String]>([])
        var lines: [String] { written.withLock { $0 } }
        func take(_ line: [UInt8]) {
            written.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    private func line(
        _ message: String, _ fields: LogFields = [:], milliseconds: Int64 = 0
    ) -> String {
        String(
            decoding: LogLine.bytes(
                milliseconds: milliseconds, level: .info, message: message, fields: fields),
            as: UTF8.self)
    }

    @Test("is one line of logfmt per message")
    func format() {
        #expect(
            line(
                "ready",
                ["address": "http://127.0.0.1:8888/v1", "loops": 2, "tls": false],
                milliseconds: 1_795_434_856_123)
                == "time=2026-11-23T11:54:16.123Z level=info msg=ready "
                + "address=\"http://127.0.0.1:8888/v1\" loops=2 tls=false\n".replacing(
                    "\"", with: ""))
    }

    @Test(
        "tells the time in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_399_001, "2100-02-28T23:59:59.001Z"),
            (4_107_542_400_010, "2100-03-01T00:00:00.010Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
        ] as [(Int64, String)])
    func time(milliseconds: Int64, expected: String) {
        #expect(line("x", milliseconds: milliseconds) == "time=\(expected) level=info msg=x\n")
    }

    @Test(
        "quotes and escapes what could forge a line or a key",
        arguments: [
            ("", "\"\""), ("a", "a"), ("a b", "\"a b\""), ("a=b", "\"a=b\""),
            ("a\"b", "\"a\\\"b\""), ("a\\b", "\"a\\\\b\""),
            ("x\nlevel=error", "\"x\\nlevel=error\""), ("\r\n\t", "\"\\r\\n\\t\""),
            ("\u{0}\u{1b}[2J\u{7f}", "\"\\u0000\\u001b[2J\\u007f\""),
            ("\u{9b}1m", "\"\\u009b1m\""), ("\u{2028}\u{202e}", "\"\\u2028\\u202e\""),
            ("é✓", "\"é✓\""),
        ])
    func escapes(value: String, written: String) {
        #expect(line("m", ["k": .text(value)]).hasSuffix(" msg=m k=\(written)\n"))
        #expect(line(value).hasSuffix(" msg=\(written)\n"))
    }

    @Test("cuts values at the limit")
    func valueLimit() {
        let longest = String(repeating: "x", count: Limits.logValueBytesMax)
        #expect(line("m", ["k": .text(longest)]).hasSuffix(" k=\(longest)\n"))
        #expect(line("m", ["k": .text(longest + "y")]).hasSuffix(" k=\"\(longest)…\"\n"))
        // A character that would reach over the limit is left out whole.
        let reaching = String(longest.dropLast()) + "é"
        #expect(line("m", ["k": .text(reaching)]).hasSuffix(" k=\"\(longest.dropLast())…\"\n"))
    }

    @Test("never writes a line longer than a pipe takes in one piece")
    func lineLimit() {
        let hostile = LogValue.text(String(repeating: "\u{1}", count: 10_000))
        let text = LogLine.bytes(
            milliseconds: 0, level: .warning, message: String(repeating: "\u{1}", count: 10_000),
            fields: ["a": hostile, "b": 1, "c": hostile])
        #expect(text.count <= Limits.logLineBytesMax)
        #expect(String(decoding: text, as: UTF8.self).hasSuffix(" b=1 omitted=2\n"))
        #expect(text.count { $0 == UInt8(ascii: "\n") } == 1)
        let some = LogValue.text(String(repeating: "v", count: Limits.logValueBytesMax))
        for count in 0...Limits.logValueBytesMax {
            let bytes = LogLine.bytes(
                milliseconds: 0, level: .info, message: String(repeating: "m", count: count),
                fields: [
                    "a": some, "b": some, "c": some, "d": some, "e": some, "f": some, "g": some,
                ])
            #expect(bytes.count <= Limits.logLineBytesMax && bytes.last == UInt8(ascii: "\n"))
        }
    }

    @Test("holds the messages of its level and those more severe, and evaluates no other")
    func levels() {
        for level in LogLevel.allCases {
            let collector = Collector()
            let logger = Logger(level: level, clock: { 0 }, sink: collector.take)
            let evaluated = Mutex(0)
            func message(_ text: String) -> String {
                evaluated.withLock { $0 += 1 }
                return text
            }
            logger.debug(message("debug"))
            logger.info(message("info"))
            logger.warning(message("warning"))
            logger.error(message("error"))
            let expected = LogLevel.allCases.filter { $0 >= level }.map(\.rawValue)
            #expect(
                collector.lines
                    == expected.map {
                        "time=1970-01-01T00:00:00.000Z level=\($0) msg=\($0)\n"
                    })
            #expect(evaluated.withLock { $0 } == expected.count)
        }
    }

    @Test("writes whole lines from many threads into one pipe")
    func threads() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let logger = Logger(level: .info, clock: { 0 }, sink: { Logger.write($0, to: writing) })
        let read = Task.detached { () -> [UInt8] in
            var all: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(reading, &chunk, chunk.count)
                guard count > 0 else { return all }
                all += chunk[..<count]
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let filler = String(repeating: "f", count: 400)
                    for number in 0..<50 {
                        logger.info(
                            "m", ["w": .number(writer), "n": .number(number), "f": .text(filler)])
                    }
                }
            }
        }
        close(writing)
        let lines = String(decoding: await read.value, as: UTF8.self).split(separator: "\n")
        close(reading)
        let filler = String(repeating: "f", count: 400)
        let expected = (0..<4).flatMap { writer in
            (0..<50).map {
                "time=1970-01-01T00:00:00.000Z level=info msg=m w=\(writer) n=\($0) f=\(filler)"
            }
        }
        #expect(lines.map(String.init).sorted() == expected.sorted())
    }

    @Test("is of another level at once when it is set, in all copies of a logger")
    func level() {
        let collector = Collector()
        let logger = Logger(level: .warning, clock: { 0 }, sink: collector.take)
        let copy = logger
        logger.info("one")
        logger.level = .debug
        copy.debug("two")
        for level in LogLevel.allCases {
            logger.level = level
            #expect(copy.level == level)
        }
        copy.warning("three")
        #expect(collector.lines.count == 1)
        #expect(collector.lines.first?.contains("msg=two") == true)
    }
}
