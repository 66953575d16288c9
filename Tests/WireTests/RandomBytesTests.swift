// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("Random bytes")
struct RandomBytesTests {
    @Test(
        "mean the same to the frame decoder as to a plain one",
        arguments: 1...8 as ClosedRange<UInt64>)
    func frames(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var outcomes: Set<String> = []
        for _ in 0..<2_500 {
            let role: WebSocketRole = Bool.random(using: &generator) ? .server : .client
            let bytes = RandomFrames.make(role, &generator)
            let plain = WebSocketPlainDecoder.decode(bytes, role: role, messageBytesMax: 140)
            let pieces = cut(bytes, &generator)
            let decoded = decode(pieces, role: role, messageBytesMax: 140)
            guard decoded == plain else {
                Issue.record("\(pieces) as \(role): \(decoded), expected \(plain)")
                return
            }
            for event in decoded { outcomes.insert(Self.kind(of: event)) }
        }
        // Every event and every failure was seen, or this shows less than it says.
        let failures = WebSocketError.allCases.filter { $0 != .invalidCompression }.map { "\($0)" }
        #expect(outcomes == Set(failures + ["text", "binary", "ping", "pong", "close"]))
    }

    @Test("never crash the frame decoder, and mean the same in any pieces")
    func noise() {
        var generator = SeededGenerator(state: 3)
        for _ in 0..<5_000 {
            let bytes = randomBytes(Int.random(in: 0...300, using: &generator), &generator)
            for role in [WebSocketRole.server, .client] {
                let whole = decode([bytes], role: role)
                #expect(decode(cut(bytes, &generator), role: role) == whole)
            }
        }
    }

    @Test("never crash the request parser, and mean the same in any pieces")
    func requests() {
        var generator = SeededGenerator(state: 4)
        let starts = [
            "", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]
        for _ in 0..<10_000 {
            let start = Array(starts.randomElement(using: &generator)!.utf8)
            let noise = randomBytes(Int.random(in: 0...120, using: &generator), &generator)
            let whole = parse([start + noise])
            guard parse(cut(start + noise, &generator)) != whole else { continue }
            Issue.record("\(start + noise) are read otherwise in pieces")
            return
        }
    }

    @Test("never crash the event stream's parser, and mean the same in any pieces")
    func events() throws {
        var generator = SeededGenerator(state: 5)
        let words = [
            "id", "data", "event", "retry", ":", ": ", "\r", "\n", "\r\n", "\n\n", "1", "é",
            "\u{0}", "\u{FEFF}", "x",
        ].map { Array($0.utf8) }
        var eventCount = 0
        for _ in 0..<5_000 {
            let bytes = (0..<40).flatMap { _ in words.randomElement(using: &generator)! }
            var whole = EventStreamParser()
            var inPieces = EventStreamParser()
            let expected = try bytes.withUnsafeBytes { try whole.parse($0) }
            var found: [StreamedEvent] = []
            for piece in cut(bytes, &generator) {
                found += try piece.withUnsafeBytes { try inPieces.parse($0) }
            }
            #expect(found == expected)
            #expect(inPieces.lastEventID == whole.lastEventID)
            #expect(inPieces.retryMilliseconds == whole.retryMilliseconds)
            eventCount += found.count
        }
        #expect(eventCount > 500)
    }

    private static func kind(of event: Event) -> String {
        switch event {
        case .needMoreBytes: "nothing"
        case .message(.text): "text"
        case .message(.binary): "binary"
        case .ping: "ping"
        case .pong: "pong"
        case .close: "close"
        case .failed(let error): "\(error)"
        }
    }
}

private func randomBytes(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// Cuts bytes into six pieces, some of them perhaps empty.
private func cut(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [[UInt8]] {
    let cuts = (0..<5).map { _ in Int.random(in: 0...bytes.count, using: &generator) }
    let ends = cuts.sorted() + [bytes.count]
    return zip([0] + ends, ends).map { Array(bytes[$0..<$1]) }
}

/// Frames that mostly keep the rules.
private enum RandomFrames {
    /// Makes one to five frames, some with a wrong byte or cut short.
    static func make(_ role: WebSocketRole, _ generator: inout SeededGenerator) -> [UInt8] {
        let opcodes: [WebSocketOpcode] = [
            .continuation, .continuation, .text, .text, .binary, .ping, .pong, .close,
        ]
        var output: [UInt8] = []
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
            let opcode = opcodes.randomElement(using: &generator)!
            let isFinal = opcode.isControl || Bool.random(using: &generator)
            let isWrong = Int.random(in: 0..<20, using: &generator) == 0
            let bits = UInt32.random(in: 0...UInt32.max, using: &generator)
            let isMasked = (role == .server) != isWrong
            output += WebSocketFrameEncoder.frame(
                opcode, payload(of: opcode, &generator), isFinal: isFinal,
                mask: isMasked ? WebSocketMask(randomBits: bits) : nil)
        }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: output[Int.random(in: 0..<output.count, using: &generator)] ^= 0x10
        case 1: output.removeLast(Int.random(in: 0..<output.count, using: &generator))
        case 2: output[0] = UInt8.random(in: 0...255, using: &generator)
        case 3: output[1] = output[1] & 0x80 | UInt8.random(in: 124...127, using: &generator)
        case _: break
        }
        return output
    }

    private static func payload(
        of opcode: WebSocketOpcode, _ generator: inout SeededGenerator
    ) -> [UInt8] {
        let texts = ["", "a", "é", "世", "🌞", "plain text of some length", "\u{10FFFF}\u{D7FF}"]
        var payload = (0..<Int.random(in: 0...4, using: &generator)).flatMap { _ in
            Array(texts.randomElement(using: &generator)!.utf8)
        }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            payload += randomBytes(Int.random(in: 1...20, using: &generator), &generator)
        }
        // A character that the next fragment may or may not go on with.
        if Int.random(in: 0..<8, using: &generator) == 0 { payload = payload.dropLast() }
        if opcode == .close, Int.random(in: 0..<4, using: &generator) > 0 {
            let codes = [999, 1000, 1004, 1011, 1015, 1016, 2999, 3000, 4999, 5000]
            let code = codes.randomElement(using: &generator)!
            payload.insert(contentsOf: [UInt8(code >> 8), UInt8(code & 0xFF)], at: 0)
        }
        return Array(payload.prefix(125))
    }
}
