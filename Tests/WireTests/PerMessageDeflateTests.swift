// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

private let hello = Array("Hello".utf8)

/// The payload of a compressed message.
private func deflated(_ bytes: [UInt8]) -> [UInt8] {
    Array(Deflater().piece(bytes).dropLast(Deflater.tail.count))
}

/// A client's frame that begins a compressed message.
private func compressed(
    _ payload: [UInt8], _ opcode: WebSocketOpcode = .text, isFinal: Bool = true
) -> [UInt8] {
    WebSocketFrameEncoder.frame(
        opcode, payload, isFinal: isFinal, isCompressed: true,
        mask: WebSocketMask(0x37, 0xFA, 0x21, 0x3D))
}

@Suite("permessage-deflate")
struct PerMessageDeflateTests {
    /// What a server answers to the lines of `Sec-WebSocket-Extensions`; nil if it refuses them.
    private func answer(_ lines: [String], allowsCompression: Bool = true) -> String?? {
        var head = WebSocketHandshake.request(target: "/", host: "h", nonce: Array(0..<16))
        for line in lines { head.fields.append("Sec-WebSocket-Extensions", line) }
        let answer = WebSocketHandshake.answer(to: head, allowsCompression: allowsCompression)
        guard case .accepted(let response, _, let isAgreed) = answer else { return .none }
        let value = response.fields["Sec-WebSocket-Extensions"]
        #expect((value != nil) == isAgreed)
        return .some(value)
    }

    private static let agreed =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(
        "is agreed on without context takeover",
        arguments: [
            ("permessage-deflate", ""),
            // What Chromium and Firefox offer.
            ("permessage-deflate; client_max_window_bits", ""),
            ("permessage-deflate;client_max_window_bits=8", ""),
            ("permessage-deflate; client_max_window_bits=15; server_no_context_takeover", ""),
            ("permessage-deflate; client_no_context_takeover", ""),
            // What clients offer that keep no more than 4 KiB of a message.
            (
                "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
                "; server_max_window_bits=12"
            ),
            ("permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15"),
            (
                "permessage-deflate ; server_max_window_bits = \"1\\3\"",
                "; server_max_window_bits=13"
            ),
        ])
    func offers(offer: String, more: String) {
        #expect(answer([offer]) == Self.agreed + more)
    }

    @Test(
        "is declined if the offer cannot be met or is none",
        arguments: [
            "permessage-deflate; server_max_window_bits=11",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=012",
            "permessage-deflate; server_max_window_bits=+12",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=15",
            "permessage-deflate; unknown", "permessage-deflate; unknown=1",
            "permessage-deflat", "permessage-deflate-2", "x-webkit-deflate-frame", "", ",",
        ])
    func declined(offer: String) {
        #expect(answer([offer]) == .some(nil))
    }

    @Test("is agreed on by the first offer that can be met, over several lines")
    func severalOffers() {
        let small = "permessage-deflate; server_max_window_bits=9"
        let named = "permessage-deflate; server_max_window_bits=14"
        #expect(answer(["\(small), \(named), permessage-deflate"]) == answer([named]))
        #expect(answer(["x; y=z, ", "," + small, named]) == answer([named]))
        #expect(answer([]) == .some(nil))
    }

    @Test("is not agreed on where it is turned off")
    func off() {
        #expect(answer(["permessage-deflate"], allowsCompression: false) == .some(nil))
    }

    @Test(
        "fails the handshake if what is offered is not of the grammar",
        arguments: [
            "permessage-deflate;", ";", "a b", "a; b c", "a=1", "a; =1", "a; b=", "a; b=\"",
            "a; b=\"\"", "a; b=\"c", "a; b=\"c d\"", "a; b=\"c\\", "a; b=\"c\"d", "é", "a; b=1=2",
        ])
    func malformed(offer: String) {
        #expect(answer([offer]) == .none)
        #expect(answer(["permessage-deflate", offer], allowsCompression: false) == .none)
    }
}

@Suite("A compressed message")
struct CompressedMessageTests {
    @Test("is written as in RFC 7692, 7.2.3.1, the first bit of the three reserved being set")
    func encoding() {
        let long = Array(String(repeating: "Hello", count: 50).utf8)
        let frame = PerMessageDeflate.text(long)
        #expect(frame.first == 0xC1)
        #expect(frame.count < long.count / 5)
        let events = decode([frame], role: .client, allowsCompression: true)
        #expect(events == [.message(.text(long))])
    }

    @Test("is only compressed if that makes it shorter")
    func size() {
        #expect(PerMessageDeflate.text(hello) == WebSocketFrameEncoder.text(hello))
        let long = Array(String(repeating: "Hello", count: 8).utf8)
        var lengths: [UInt8: Int] = [:]
        for count in 0..<40 {
            let bytes = Array(long[..<count])
            let frame = PerMessageDeflate.text(bytes)
            let isShorter = deflated(bytes).count < count
            #expect(frame.first == (isShorter ? 0xC1 : 0x81))
            #expect(frame.count == 2 + min(count, deflated(bytes).count))
            lengths[frame[0], default: 0] += 1
        }
        #expect(lengths.values.allSatisfy { $0 > 5 } && lengths.count == 2)
    }

    @Test("is read as in RFC 7692, 7.2.3: whole, in fragments, in any blocks, and empty")
    func examples() {
        let examples: [[UInt8]] = [
            [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00],
            [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [
                0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07,
                0x00,
            ],
        ]
        for example in examples {
            let expected = [text("Hello"), text("Hello")]
            #expect(decode([example + example], role: .client, allowsCompression: true) == expected)
            let pieces = (example + example).map { [$0] }
            #expect(decode(pieces, role: .client, allowsCompression: true) == expected)
        }
        let empty: [UInt8] = [0xC1, 0x01, 0x00, 0xC1, 0x00, 0x41, 0x00, 0x80, 0x01, 0x00]
        #expect(
            decode([empty], role: .client, allowsCompression: true)
                == [text(""), text(""), text("")])
    }

    @Test("may stand beside others, hold bytes, and have control frames between its fragments")
    func company() {
        let payload = deflated(Array("Hé€🎉".utf8))
        let bytes =
            masked(.text, hello) + compressed(deflated([0, 1, 0xFF]), .binary)
            + compressed(Array(payload[..<3]), isFinal: false) + masked(.ping, [1])
            + masked(.continuation, [], isFinal: false)
            + masked(.continuation, Array(payload[3...])) + masked(.text, [])
        let expected: [Event] = [
            text("Hello"), .message(.binary([0, 1, 0xFF])), .ping([1]), text("Hé€🎉"), text(""),
        ]
        for split in 0...bytes.count {
            let pieces = [Array(bytes[..<split]), Array(bytes[split...])]
            #expect(decode(pieces, allowsCompression: true) == expected)
        }
    }

    @Test("begins with its mark, which no other frame may have, and only if that was agreed on")
    func marks() {
        for opcode: UInt8 in [0x0, 0x8, 0x9, 0xA] {
            for final: UInt8 in [0x00, 0x80] {
                let first = 0x40 | final | opcode
                #expect(decode([[first]], allowsCompression: true) == [.failed(.reservedBit)])
            }
        }
        let begun = compressed([0xF2], isFinal: false)
        let marked = begun + [0xC0]
        #expect(decode([marked], allowsCompression: true) == [.failed(.reservedBit)])
        #expect(decode([compressed(deflated(hello))]) == [.failed(.reservedBit)])
        for bits: UInt8 in [0x20, 0x10, 0x60, 0x50, 0x70] {
            #expect(decode([[0x81 | bits]], allowsCompression: true) == [.failed(.reservedBit)])
        }
    }

    @Test("is limited by what it becomes: with 1009")
    func limit() {
        for count in [Limits.webSocketMessageBytesMax - 1, Limits.webSocketMessageBytesMax] {
            let bytes = [UInt8](repeating: 0x61, count: count)
            let frame = compressed(deflated(bytes))
            #expect(frame.count < 1_000)
            #expect(decode([frame], allowsCompression: true) == [.message(.text(bytes))])
        }
        for count in [Limits.webSocketMessageBytesMax + 1, 50_000_000] {
            let frame = compressed(deflated([UInt8](repeating: 0x61, count: count)))
            #expect(decode([frame], allowsCompression: true) == [.failed(.messageTooBig)])
        }
    }

    @Test("may be a little longer compressed than not, but not become ever longer")
    func payloadLimit() {
        let most = 100
        // Empty blocks, of five bytes each.
        let empty: [UInt8] = [0, 0, 0, 0xFF, 0xFF]
        func outcome(_ payloadBytes: Int) -> [Event] {
            let blocks = (0..<payloadBytes / 5).flatMap { _ in empty }
            let payload = blocks + [UInt8](repeating: 0, count: payloadBytes % 5)
            let bytes = compressed(payload, isFinal: false) + masked(.continuation, [])
            return decode([bytes], messageBytesMax: most, allowsCompression: true)
        }
        let limit = most * Limits.webSocketDeflationFactorMax
        #expect(outcome(limit - 4) == [text("")])
        #expect(outcome(limit + 1) == [.failed(.messageTooBig)])
        // What cannot be compressed is read up to its limit nevertheless.
        var generator = SeededGenerator(state: 9)
        let noise = (0..<most).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let frame = compressed(deflated(noise), .binary)
        #expect(frame.count > most + 6)
        #expect(
            decode([frame], messageBytesMax: most, allowsCompression: true)
                == [.message(.binary(noise))])
    }

    @Test(
        "that cannot be inflated, or is not text, ends the connection with 1007",
        arguments: [
            ([0x07], .invalidCompression), ([0xF2, 0x48, 0xCD], .invalidCompression),
            ([0x00, 0x01, 0x00, 0xFE, 0xFE], .invalidCompression),
            ([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x07], .invalidCompression),
            (deflated([0xC0, 0x80]), .invalidUTF8), (deflated([0x61, 0xE2, 0x82]), .invalidUTF8),
        ] as [([UInt8], WebSocketError)])
    func invalid(payload: [UInt8], error: WebSocketError) {
        #expect(error.closeCode == .invalidPayload)
        #expect(decode([compressed(payload)], allowsCompression: true) == [.failed(error)])
        for split in 0...payload.count {
            let bytes =
                compressed(Array(payload[..<split]), isFinal: false)
                + masked(.continuation, Array(payload[split...]))
            #expect(decode([bytes], allowsCompression: true) == [.failed(error)])
        }
    }

    @Test("of random bytes never crashes, and means the same in any pieces")
    func noise() {
        var generator = SeededGenerator(state: 11)
        var counts = [0, 0]
        for _ in 0..<3_000 {
            let words = ["one", "two", "é", "\u{1F389}", "0123456789"]
            let spoken = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                words.randomElement(using: &generator)!
            }
            var payload = deflated(Array(spoken.joined().utf8))
            if Bool.random(using: &generator), !payload.isEmpty {
                let index = Int.random(in: 0..<payload.count, using: &generator)
                payload[index] = UInt8.random(in: 0...255, using: &generator)
            }
            let cut = Int.random(in: 0...payload.count, using: &generator)
            let whole = decode([compressed(payload)], allowsCompression: true)
            let fragments =
                compressed(Array(payload[..<cut]), isFinal: false)
                + masked(.continuation, Array(payload[cut...]))
            let split = Int.random(in: 0...fragments.count, using: &generator)
            let pieces = [Array(fragments[..<split]), Array(fragments[split...])]
            #expect(decode(pieces, allowsCompression: true) == whole)
            if case .failed? = whole.last { counts[0] += 1 } else { counts[1] += 1 }
        }
        #expect(counts.allSatisfy { $0 > 100 })
    }
}
