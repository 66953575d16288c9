// SPDX-License-Identifier: MIT

import Core

/// Takes a chunked body apart (RFC 9112, section 7.1): chunks, then trailer fields, which are
/// checked and dropped (6.5.1 allows it).
struct ChunkedBodyDecoder {
    /// What was found.
    enum Step: Equatable {
        /// Come back with the unconsumed bytes and more behind them.
        case needMoreBytes
        /// These positions of the input are content.
        case part(Range<Int>)
        /// The body is over.
        case complete
        /// The body is none.
        case failed(HTTPRequestError)
    }

    private enum State {
        case size
        case data(remaining: Int)
        case dataEnd
        case trailers(bytes: Int, fields: Int)
    }

    private var state = State.size
    private var lines = LineScanner()
    private var bodyBytes = 0
    private var extensionBytes = 0
    private let bodyBytesMax: Int

    /// Makes a decoder for one body.
    init(bodyBytesMax: Int) {
        self.bodyBytesMax = bodyBytesMax
    }

    /// Takes the next step.
    ///
    /// - Complexity: O(*n*).
    mutating func decode(_ bytes: UnsafeRawBufferPointer) -> (consumed: Int, step: Step) {
        var offset = 0
        while true {
            switch state {
            case .size:
                let limit = Limits.chunkLineBytesMax
                switch lines.next(in: bytes, from: offset, bytesMax: limit) {
                case .incomplete: return (offset, .needMoreBytes)
                case .tooLong, .malformed: return (offset, .failed(.malformedChunk))
                case .line(let range):
                    offset = range.upperBound + 2
                    if let error = begin(bytes.part(range)) { return (offset, .failed(error)) }
                }
            case .data(let remaining):
                let available = min(remaining, bytes.count - offset)
                guard available > 0 else { return (offset, .needMoreBytes) }
                state = available == remaining ? .dataEnd : .data(remaining: remaining - available)
                return (offset + available, .part(offset..<(offset + available)))
            case .dataEnd:
                switch lines.next(in: bytes, from: offset, bytesMax: 0) {
                case .incomplete:
                    guard offset == bytes.count || bytes[offset] == Byte.carriageReturn else {
                        return (offset, .failed(.malformedChunk))
                    }
                    return (offset, .needMoreBytes)
                case .tooLong, .malformed: return (offset, .failed(.malformedChunk))
                case .line: offset += 2
                }
                state = .size
            case .trailers(let trailerBytes, let fields):
                let limit = Limits.trailerBytesMax - trailerBytes - 2
                switch lines.next(in: bytes, from: offset, bytesMax: limit) {
                case .incomplete: return (offset, .needMoreBytes)
                case .tooLong, .malformed: return (offset, .failed(.malformedTrailer))
                case .line(let range):
                    offset = range.upperBound + 2
                    guard !range.isEmpty else { return (offset, .complete) }
                    guard fields < Limits.requestFieldsMax, HTTPFieldLine(bytes.part(range)) != nil
                    else {
                        return (offset, .failed(.malformedTrailer))
                    }
                    state = .trailers(bytes: trailerBytes + range.count + 2, fields: fields + 1)
                }
            }
        }
    }

    /// Reads a size line: hexadecimal digits, then nothing or extensions, which are ignored.
    private mutating func begin(_ line: UnsafeRawBufferPointer) -> HTTPRequestError? {
        var size = 0
        var index = 0
        while index < line.count, let digit = Byte.hexadecimalValue(line[index]) {
            size = size > Int.max >> 4 ? Int.max : size << 4 | Int(digit)
            index += 1
        }
        guard index > 0 else { return .malformedChunk }
        if index < line.count {
            let extensions = line.part(index..<line.count)
            extensionBytes += extensions.count
            guard extensionBytes <= Limits.chunkExtensionsBytesMax,
                extensions.trimmed().first == UInt8(ascii: ";"),
                extensions.allSatisfy(Byte.isFieldValue)
            else {
                return .malformedChunk
            }
        }
        guard size > 0 else {
            state = .trailers(bytes: 0, fields: 0)
            return nil
        }
        guard size <= bodyBytesMax - bodyBytes else { return .bodyTooLarge }
        bodyBytes += size
        state = .data(remaining: size)
        return nil
    }
}
