// SPDX-License-Identifier: MIT

import Core

/// The body of an answer without its transfer coding.
enum BodyDecoder {
    /// The body ends with the connection.
    case plain
    /// The body comes in chunks (RFC 9112, section 7.1).
    case chunked(ChunkReader)

    /// The content in `bytes`, or nil if they break the coding.
    ///
    /// - Complexity: O(*n*).
    mutating func decode(_ bytes: [UInt8]) -> [UInt8]? {
        switch self {
        case .plain: return bytes
        case .chunked(var reader):
            let content = reader.read(bytes)
            self = .chunked(reader)
            return content
        }
    }
}

/// Takes the content out of chunks as they arrive.
struct ChunkReader {
    private enum State {
        case size
        case content(remaining: Int)
        case trailers
        case end
    }

    private var state = State.size
    private var line: [UInt8] = []

    /// Whether the last chunk and the lines behind it were read.
    var isComplete: Bool {
        if case .end = state { true } else { false }
    }

    /// The content in `bytes`, or nil if they are no chunks.
    ///
    /// - Complexity: O(*n*).
    mutating func read(_ bytes: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        var index = 0
        while index < bytes.count {
            switch state {
            case .end: return content
            case .content(let remaining):
                let count = min(remaining, bytes.count - index)
                content += bytes[index..<(index + count)]
                index += count
                state = count == remaining ? .size : .content(remaining: remaining - count)
            case .size, .trailers:
                let byte = bytes[index]
                index += 1
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    if line.count > Limits.chunkLineBytesMax { return nil }
                    continue
                }
                if case .trailers = state {
                    if line.allSatisfy({ $0 == UInt8(ascii: "\r") }) { state = .end }
                    line = []
                    continue
                }
                // The line break behind a chunk's content is an empty line here.
                let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\r") }
                line = []
                if digits.isEmpty { continue }
                guard let size = ChunkReader.hexadecimal(digits) else { return nil }
                state = size == 0 ? .trailers : .content(remaining: size)
            }
        }
        return content
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.count <= 12 else { return nil }
        var value = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Int(byte - 48)
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | Int((byte | 0x20) - 87)
            default: return nil
            }
        }
        return value
    }
}
