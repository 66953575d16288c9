// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("A request that arrives in pieces")
struct HTTPRequestSplitTests {
    static let corpus: [String] = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\n\r\nGET /v1/?_since=%2212%22 HTTP/1.1\r\nHost: a.b:1\r\nConnection: close\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello\r\nwor!"
            + "GET /b HTTP/1.0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\na\r\n\r\n0a;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n"
            + "DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h/ HTTP/1.1\r\nHost: other\r\nX: é€🎉\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
    ]

    @Test("is read alike at every split", arguments: corpus)
    func everySplit(text: String) {
        let bytes = Array(text.utf8)
        let whole = parse([bytes])
        #expect(!whole.isEmpty)
        for split in 0...bytes.count {
            #expect(parse([Array(bytes[..<split]), Array(bytes[split...])]) == whole)
        }
        #expect(parse(bytes.map { [$0] }) == whole)
    }

    @Test("is read alike at every two splits", arguments: corpus.prefix(4))
    func everyTwoSplits(text: String) {
        let bytes = Array(text.utf8)
        let whole = parse([bytes])
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                guard parse(pieces.map { Array($0) }) != whole else { continue }
                Issue.record("differs when split at \(first) and \(second)")
                return
            }
        }
    }

    @Test("is read alike at random splits when it is mutated at random, and never crashes")
    func mutations() {
        var generator = SeededGenerator(state: 6455)
        let spice: [UInt8] = Array("\r\n: ,;\t\u{0}0aF+-".utf8) + [0x80, 0xFF]
        var outcomes: [String: Int] = [:]
        for _ in 0..<20_000 {
            var bytes = Array(Self.corpus.randomElement(using: &generator)!.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = spice.randomElement(using: &generator)!
                case 1: bytes.insert(spice.randomElement(using: &generator)!, at: index)
                case 2: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case _: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            let whole = parse([bytes])
            let split = Int.random(in: 0...bytes.count, using: &generator)
            let pieces = parse([Array(bytes[..<split]), Array(bytes[split...])])
            #expect(pieces == whole)
            switch whole.last {
            case .request: outcomes["request", default: 0] += 1
            case .failed: outcomes["failed", default: 0] += 1
            case .unfinished, nil: outcomes["unfinished", default: 0] += 1
            }
        }
        #expect(outcomes.count == 3)
    }
}
