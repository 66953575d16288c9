// SPDX-License-Identifier: MIT

import Testing

@testable import Core

/// Inflates a message that arrives in pieces of `pieceBytes`.
private func inflate(
    _ bytes: [UInt8], pieceBytes: Int = .max, outputBytesMax: Int = 1 << 20
) throws -> [UInt8] {
    let inflater = Inflater(outputBytesMax: outputBytesMax)
    var output: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = Array(rest.prefix(pieceBytes))
        rest = rest.dropFirst(piece.count)
        try inflater.inflate(piece, to: &output)
    }
    try inflater.finish(to: &output)
    return output
}

/// Bytes that cannot be deflated.
private func noise(_ count: Int) -> [UInt8] {
    var state: UInt32 = 1
    return (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: state >> 24)
    }
}

private let hello = Array("Hello".utf8)

@Suite("A deflated piece")
struct DeflaterTests {
    @Test("is what RFC 7692 shows, with the tail that a sender leaves out")
    func example() {
        let piece = Deflater().piece(hello)
        #expect(piece == [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00] + Deflater.tail)
    }

    @Test("is the same whatever was deflated before, so that it can be shared")
    func freshState() {
        let deflater = Deflater()
        let first = deflater.piece(hello)
        _ = deflater.piece(noise(10_000))
        #expect(deflater.piece(hello) == first)
    }

    @Test("follows another within one message")
    func succession() throws {
        let deflater = Deflater()
        let words = ["one", "", "two two two two", "three"]
        let joined = words.flatMap { deflater.piece(Array($0.utf8)) }
        let output = try inflate(joined.dropLast(4))
        #expect(String(decoding: output, as: UTF8.self) == words.joined())
    }

    @Test(
        "comes back whole, with each window, whatever its length and content",
        arguments: 9...15)
    func roundTrip(windowBits: Int) throws {
        let deflater = Deflater(windowBits: windowBits)
        for count in [0, 1, 2, 511, 512, 513, 4_096, 16_383, 65_536, 200_000] {
            for bytes in [noise(count), [UInt8](repeating: 7, count: count)] {
                let piece = deflater.piece(bytes)
                #expect(piece.suffix(4) == Deflater.tail[...])
                #expect(try inflate(piece.dropLast(4)) == bytes)
            }
        }
    }
}

@Suite("A message that is inflated")
struct InflaterTests {
    @Test(
        "may be of any blocks (RFC 7692, 7.2.3), and arrive in any pieces",
        arguments: [
            // With fixed codes.
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            // Not compressed.
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            // In a block that says it is the last, with the beginning of the tail, and without.
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            // In two blocks.
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
            // In two blocks, the first of which says it is the last: "He", then "llo".
            [0xF3, 0x48, 0x05, 0x00, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]])
    func examples(message: [UInt8]) throws {
        for pieceBytes in 1...message.count {
            #expect(try inflate(message, pieceBytes: pieceBytes) == hello)
        }
    }

    @Test("may be empty (RFC 7692, 7.2.3.6)", arguments: [[], [0x00], [0x03, 0x00]] as [[UInt8]])
    func empty(message: [UInt8]) throws {
        #expect(try inflate(message) == [])
    }

    @Test(
        "is refused if it is none, or breaks off",
        arguments: [
            // A kind of block that does not exist.
            [0x07],
            // A block of codes that breaks off.
            [0xF2, 0x48, 0xCD, 0xC9],
            // A block of bytes that breaks off, within its length and within its bytes.
            [0x00, 0x05, 0x00], [0x00, 0x20, 0x00, 0xDF, 0xFF, 0x48, 0x65],
            // A length that contradicts its complement.
            [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48],
            // Something far before the beginning.
            [0x02, 0x07, 0x00],
            // Text.
            Array("{\"type\":\"ping\"}".utf8),
        ] as [[UInt8]])
    func refusal(message: [UInt8]) {
        for pieceBytes in 1...message.count {
            #expect(throws: InflateError.invalidData) {
                try inflate(message, pieceBytes: pieceBytes)
            }
        }
    }

    @Test(
        "may become as long as is allowed, and not a byte longer", arguments: [0, 1, 4_096, 70_000])
    func limit(count: Int) throws {
        let bytes = [UInt8](repeating: 7, count: count)
        let message = Array(Deflater().piece(bytes).dropLast(4))
        #expect(try inflate(message, outputBytesMax: count) == bytes)
        #expect(try inflate(message, outputBytesMax: count + 1) == bytes)
        guard count > 0 else { return }
        #expect(throws: InflateError.tooLong) { try inflate(message, outputBytesMax: count - 1) }
    }

    @Test("is not inflated far beyond its limit, however much it would become")
    func bomb() throws {
        let message = Deflater().piece([UInt8](repeating: 0, count: 50_000_000))
        let inflater = Inflater(outputBytesMax: 1_000)
        var output: [UInt8] = []
        #expect(throws: InflateError.tooLong) { try inflater.inflate(message, to: &output) }
        #expect(output.count == 1_001)
    }
}

@Suite("A gzip file")
struct GzipTests {
    @Test("has the header, the deflated bytes, their check and their length (RFC 1952, 2.2)")
    func file() throws {
        let bytes = Array("123456789".utf8)
        let file = Gzip.compress(bytes)
        // The last byte of the header names a system.
        #expect(file[..<9] == Gzip.header[..<9])
        #expect(file.suffix(8) == [0x26, 0x39, 0xF4, 0xCB, 9, 0, 0, 0])
        #expect(try inflate(Array(file[10...].dropLast(8))) == bytes)
    }

    @Test("is shorter than a long text, and comes back whole")
    func roundTrip() throws {
        let bytes = Array(String(repeating: "{\"id\":\"a\"},", count: 100_000).utf8)
        let file = Gzip.compress(bytes)
        #expect(file.count < bytes.count / 100)
        let output = try inflate(Array(file[10...].dropLast(8)), outputBytesMax: bytes.count)
        #expect(output == bytes)
    }
}
