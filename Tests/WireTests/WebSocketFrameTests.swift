// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

typealias Event = WebSocketFrameDecoder.Event

/// Plays the driver of a connection on which `pieces` arrive one after the other.
func decode(
    _ pieces: [[UInt8]], role: WebSocketRole = .server,
    messageBytesMax: Int = Limits.webSocketMessageBytesMax, allowsCompression: Bool = false
) -> [Event] {
    var decoder: WebSocketFrameDecoder?
    var unread: [UInt8] = []
    var events: [Event] = []
    for piece in pieces {
        unread += piece
        reading: while true {
            // As a driver does: nothing is kept while idle.
            var current =
                decoder
                ?? WebSocketFrameDecoder(
                    role: role, messageBytesMax: messageBytesMax,
                    allowsCompression: allowsCompression)
            let (consumed, event) = unread.withUnsafeBytes { current.decode($0) }
            decoder = current.isIdle ? nil : current
            unread.removeFirst(consumed)
            if event == .needMoreBytes { break reading }
            events.append(event)
        }
        precondition(unread.count <= 131)
    }
    return events
}

/// A client's frame.
func masked(_ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
    WebSocketFrameEncoder.frame(
        opcode, payload, isFinal: isFinal, mask: WebSocketMask(0x37, 0xFA, 0x21, 0x3D))
}

func text(_ text: String) -> Event { .message(.text(Array(text.utf8))) }

@Suite("A WebSocket frame")
struct WebSocketFrameEncoderTests {
    @Test("is written as in RFC 6455, 5.7")
    func examples() {
        let hello = Array("Hello".utf8)
        #expect(
            WebSocketFrameEncoder.text(hello) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            masked(.text, hello)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(
            WebSocketFrameEncoder.frame(.text, Array("Hel".utf8), isFinal: false)
                == [0x01, 0x03, 0x48, 0x65, 0x6C])
        #expect(
            WebSocketFrameEncoder.frame(.continuation, Array("lo".utf8)) == [
                0x80, 0x02, 0x6C, 0x6F,
            ])
        #expect(
            WebSocketFrameEncoder.ping(hello) == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(masked(.pong, hello).prefix(6) == [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D])
        let medium = WebSocketFrameEncoder.binary([UInt8](repeating: 0, count: 256))
        #expect(medium.prefix(4) == [0x82, 0x7E, 0x01, 0x00])
        let large = WebSocketFrameEncoder.binary([UInt8](repeating: 0, count: 65_536))
        #expect(large.prefix(10) == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test("has its length in the shortest form")
    func lengths() {
        for (count, header) in [(0, 2), (125, 2), (126, 4), (127, 4), (65_535, 4), (65_536, 10)] {
            let payload = [UInt8](repeating: 1, count: count)
            #expect(WebSocketFrameEncoder.binary(payload).count == header + count)
            #expect(masked(.binary, payload).count == header + 4 + count)
        }
    }

    @Test("that closes has a code and a reason that fits")
    func close() {
        #expect(WebSocketFrameEncoder.close(nil) == [0x88, 0])
        #expect(WebSocketFrameEncoder.close(.normal) == [0x88, 2, 0x03, 0xE8])
        #expect(
            WebSocketFrameEncoder.close(.goingAway, reason: "bye")
                == [0x88, 5, 0x03, 0xE9, 0x62, 0x79, 0x65])
        let full = WebSocketFrameEncoder.close(.normal, reason: String(repeating: "a", count: 200))
        #expect(full.count == 2 + Limits.controlFrameBytesMax)
        let cut = WebSocketFrameEncoder.close(.normal, reason: String(repeating: "é", count: 62))
        #expect(cut.count == 2 + Limits.controlFrameBytesMax - 1)
    }

    @Test("is masked alike whatever its length")
    func masking() {
        let key: [UInt8] = [1, 20, 0xFE, 0x80]
        for count in 0..<40 {
            let payload = (0..<count).map { UInt8($0) &* 91 }
            for split in 0...count {
                var mask = WebSocketMask(key[0], key[1], key[2], key[3])
                var one = Array(payload[..<split])
                var other = Array(payload[split...])
                one.withUnsafeMutableBytes { mask.apply(to: $0) }
                other.withUnsafeMutableBytes { mask.apply(to: $0) }
                #expect(one + other == payload.enumerated().map { $1 ^ key[$0 % 4] })
            }
        }
        let mask = WebSocketMask(randomBits: 0x0403_0201)
        #expect(mask == WebSocketMask(1, 2, 3, 4))
    }
}

@Suite("A frame decoder")
struct WebSocketFrameDecoderTests {
    @Test("reads messages of every form of length, from either side")
    func lengths() {
        for count in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let expected: [Event] = [.message(.binary(payload))]
            #expect(decode([masked(.binary, payload)]) == expected)
            let bare = WebSocketFrameEncoder.binary(payload)
            #expect(decode([bare], role: .client) == expected)
        }
    }

    @Test("reads text in every fragmentation, whatever pieces it arrives in")
    func fragmentations() {
        let payload = Array("Hé€🎉".utf8)
        for cuts in 0..<(1 << (payload.count - 1)) {
            var bytes: [UInt8] = []
            var start = 0
            for end in 1...payload.count {
                let isFinal = end == payload.count
                guard isFinal || cuts & 1 << (end - 1) != 0 else { continue }
                let opcode: WebSocketOpcode = start == 0 ? .text : .continuation
                bytes += masked(opcode, Array(payload[start..<end]), isFinal: isFinal)
                start = end
            }
            let expected = [text("Hé€🎉")]
            guard decode([bytes]) == expected, decode(bytes.map { [$0] }) == expected
            else {
                Issue.record("wrong for the cuts \(cuts)")
                return
            }
        }
    }

    @Test("reads control frames between fragments, empty fragments included")
    func interleaving() {
        let bytes =
            masked(.text, Array("a".utf8), isFinal: false) + masked(.ping, [1])
            + masked(.continuation, [], isFinal: false) + masked(.pong, [])
            + masked(.continuation, Array("b".utf8)) + masked(.binary, [], isFinal: false)
            + masked(.continuation, []) + masked(.text, [])
        let expected: [Event] = [
            .ping([1]), .pong([]), text("ab"), .message(.binary([])), text(""),
        ]
        #expect(decode([bytes]) == expected)
        for split in 0...bytes.count {
            #expect(decode([Array(bytes[..<split]), Array(bytes[split...])]) == expected)
        }
        #expect(decode(bytes.map { [$0] }) == expected)
    }

    @Test("needs masks from clients and none from servers")
    func masks() {
        #expect(decode([[0x81, 0x05]]) == [.failed(.unmaskedFrame)])
        #expect(decode([[0x81, 0x85]], role: .client) == [.failed(.maskedFrame)])
        #expect(decode([[0x89, 0x00]]) == [.failed(.unmaskedFrame)])
    }

    @Test("refuses reserved bits and opcodes at their first byte")
    func reserved() {
        for bit: UInt8 in [0x40, 0x20, 0x10, 0x70] {
            #expect(decode([[0x81 | bit]]) == [.failed(.reservedBit)])
        }
        for opcode: UInt8 in Array(3...7) + Array(11...15) {
            #expect(decode([[0x80 | opcode]]) == [.failed(.reservedOpcode)])
        }
    }

    @Test("refuses control frames that are fragmented or long")
    func control() {
        for opcode: UInt8 in [0x8, 0x9, 0xA] {
            #expect(decode([[opcode]]) == [.failed(.invalidControlFrame)])
            #expect(decode([[0x80 | opcode, 0xFE]]) == [.failed(.invalidControlFrame)])
            #expect(decode([[0x80 | opcode, 0xFF]]) == [.failed(.invalidControlFrame)])
        }
        let longest = [UInt8](repeating: 7, count: Limits.controlFrameBytesMax)
        #expect(decode([masked(.ping, longest)]) == [.ping(longest)])
    }

    @Test("refuses lengths that are not minimal or have their top bit set")
    func lengthForms() {
        #expect(decode([[0x82, 0xFE, 0, 125]]) == [.failed(.invalidLength)])
        #expect(decode([[0x82, 0xFE, 0, 126]]) == [])
        #expect(
            decode([[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]]) == [.failed(.invalidLength)])
        #expect(decode([[0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0]]) == [])
        #expect(
            decode([[0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0]]) == [.failed(.invalidLength)])
    }

    @Test("refuses what is too big before it arrives")
    func sizes() {
        func outcome(_ bytes: [UInt8]) -> [Event] { decode([bytes], messageBytesMax: 10) }
        let ten = [UInt8](repeating: 1, count: 10)
        #expect(outcome(masked(.binary, ten)) == [.message(.binary(ten))])
        #expect(outcome([0x82, 0x8B, 0, 0, 0, 0]) == [.failed(.messageTooBig)])
        let huge: [UInt8] = [0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(outcome(huge) == [.failed(.messageTooBig)])
        let largest: [UInt8] = [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 11)
        #expect(outcome(largest) == [.failed(.messageTooBig)])
        let nine = masked(.binary, Array(ten.dropLast()), isFinal: false)
        #expect(outcome(nine + masked(.continuation, [1])) == [.message(.binary(ten))])
        let header: [UInt8] = [0x80, 0x82, 0, 0, 0, 0]
        #expect(outcome(nine + header) == [.failed(.messageTooBig)])
        let max = [UInt8](repeating: 1, count: Limits.webSocketMessageBytesMax)
        #expect(decode([masked(.binary, max)]) == [.message(.binary(max))])
        #expect(decode([masked(.binary, max + [1])]) == [.failed(.messageTooBig)])
    }

    @Test("limits bytes, not fragments")
    func manyFragments() {
        let one = masked(.continuation, [5], isFinal: false)
        let bytes =
            masked(.binary, [], isFinal: false)
            + Array(repeatElement(one, count: 10_000).joined()) + masked(.continuation, [])
        #expect(decode([bytes]) == [.message(.binary([UInt8](repeating: 5, count: 10_000)))])
    }

    @Test("refuses fragments out of order")
    func order() {
        #expect(decode([masked(.continuation, [])]) == [.failed(.invalidFragmentation)])
        let begun = masked(.text, [], isFinal: false)
        #expect(decode([begun + masked(.text, [])]) == [.failed(.invalidFragmentation)])
        #expect(decode([begun + masked(.binary, [])]) == [.failed(.invalidFragmentation)])
        let whole = masked(.text, [])
        #expect(
            decode([whole + masked(.continuation, [])])
                == [text(""), .failed(.invalidFragmentation)])
    }

    @Test("fails text at its first wrong byte, in whatever piece or fragment")
    func invalidText() {
        let wrong: [UInt8] = Array("κόσμε".utf8) + [0xF4, 0x90] + [0x80, 0x80]
        let bytes = masked(.text, wrong)
        let end = 6 + wrong.count - 2
        #expect(decode([Array(bytes[..<(end - 1)])]) == [])
        #expect(decode([Array(bytes[..<end])]) == [.failed(.invalidUTF8)])
        #expect(decode(bytes.map { [$0] }) == [.failed(.invalidUTF8)])
        let apart = masked(.text, [0xED], isFinal: false) + masked(.continuation, [0xA0])
        #expect(decode([apart]) == [.failed(.invalidUTF8)])
        #expect(decode([masked(.text, [0xE2, 0x82])]) == [.failed(.invalidUTF8)])
        let unfinished = masked(.text, [0xE2], isFinal: false) + masked(.continuation, [])
        #expect(decode([unfinished]) == [.failed(.invalidUTF8)])
    }

    @Test("does not look into bytes that are no text")
    func binary() {
        #expect(decode([masked(.binary, [0xFF])]) == [.message(.binary([0xFF]))])
        #expect(decode([masked(.ping, [0xFF])]) == [.ping([0xFF])])
    }

    @Test("reads a close frame and nothing after it")
    func close() {
        let after = masked(.text, Array("x".utf8))
        #expect(decode([masked(.close, []) + after, after]) == [.close(nil, reason: "")])
        let reasoned = masked(.close, [0x03, 0xE8] + Array("bye é".utf8))
        #expect(decode([reasoned + [0xFF]]) == [.close(.normal, reason: "bye é")])
        let during = masked(.text, [65], isFinal: false) + masked(.close, [])
        #expect(decode([during]) == [.close(nil, reason: "")])
        #expect(decode([[0x82, 0x00], after]) == [.failed(.unmaskedFrame)])
    }

    @Test("checks close codes")
    func closeCodes() {
        for code in 0...5_010 {
            let isValid =
                (1000...1003).contains(code) || (1007...1014).contains(code)
                || (3000...4999).contains(code)
            let frame = masked(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
            let expected: Event =
                isValid
                ? .close(WebSocketCloseCode(rawValue: UInt16(code)), reason: "")
                : .failed(.invalidClose)
            #expect(decode([frame]) == [expected])
        }
        #expect(decode([masked(.close, [0xFF, 0xFF])]) == [.failed(.invalidClose)])
    }

    @Test("checks a close frame's payload")
    func closePayload() {
        #expect(decode([masked(.close, [3])]) == [.failed(.invalidClose)])
        #expect(decode([masked(.close, [3, 0xE8, 0xFF])]) == [.failed(.invalidUTF8)])
        #expect(decode([masked(.close, [3, 0xE8, 0xC3])]) == [.failed(.invalidUTF8)])
        let longest = String(repeating: "a", count: Limits.controlFrameBytesMax - 2)
        let frame = masked(.close, [3, 0xE8] + Array(longest.utf8))
        #expect(decode([frame]) == [.close(.normal, reason: longest)])
    }

    @Test("knows when there is nothing to keep")
    func idleness() {
        func isIdle(after bytes: [UInt8]) -> Bool {
            var decoder = WebSocketFrameDecoder(role: .server)
            var rest = bytes
            while true {
                let (consumed, event) = rest.withUnsafeBytes { decoder.decode($0) }
                rest.removeFirst(consumed)
                if event == .needMoreBytes { return decoder.isIdle }
            }
        }
        #expect(isIdle(after: []))
        #expect(isIdle(after: [0x81]))
        #expect(isIdle(after: masked(.text, [65])))
        #expect(isIdle(after: Array(masked(.ping, [65]).dropLast())))
        #expect(!isIdle(after: Array(masked(.text, [65]).dropLast())))
        #expect(!isIdle(after: masked(.text, [65], isFinal: false)))
        #expect(!isIdle(after: masked(.close, [])))
        #expect(!isIdle(after: [0x81, 0x00]))
    }

    @Test("gives each failure a close code")
    func errors() {
        let codes = Set(WebSocketError.allCases.map(\.closeCode.rawValue))
        #expect(codes == [1002, 1007, 1009])
        #expect(WebSocketError.invalidUTF8.closeCode == .invalidPayload)
        #expect(WebSocketError.messageTooBig.closeCode == .messageTooBig)
        #expect(Set(WebSocketError.allCases.map(\.reason)).count == WebSocketError.allCases.count)
    }

    @Test("reads random frames alike at random splits, and never crashes")
    func mutations() {
        var generator = SeededGenerator(state: 5)
        let opcodes: [WebSocketOpcode] = [.continuation, .text, .binary, .close, .ping, .pong]
        var counts = [0, 0]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let opcode = opcodes.randomElement(using: &generator)!
                let payload = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    UInt8.random(in: 0x40...0x7F, using: &generator)
                }
                let isFinal = opcode.isControl || Bool.random(using: &generator)
                bytes += masked(opcode, payload, isFinal: isFinal)
            }
            if Bool.random(using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            let whole = decode([bytes])
            let split = Int.random(in: 0...bytes.count, using: &generator)
            #expect(decode([Array(bytes[..<split]), Array(bytes[split...])]) == whole)
            if case .failed? = whole.last { counts[0] += 1 } else { counts[1] += 1 }
        }
        #expect(counts.allSatisfy { $0 > 1_000 })
    }
}
