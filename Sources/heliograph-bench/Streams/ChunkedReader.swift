// SPDX-License-Identifier: MIT

/// Removes the chunked coding (RFC 9112, section 7.1) from a response that may arrive in pieces.
struct ChunkedReader {
    private enum State {
        case size(Int, sawDigit: Bool)
        case extensions(Int)
        case data(remaining: Int)
        case dataEnd
        case trailer(lineLength: Int)
        case ended
    }

    private var state = State.size(0, sawDigit: false)

    /// Makes a reader for the beginning of a body.
    init() {}

    /// Whether the last chunk and its trailer have been read.
    var isAtEnd: Bool {
        if case .ended = state { true } else { false }
    }

    /// Reads all of `bytes` and appends what they carry to `output`.
    ///
    /// - Throws: `StreamError` for what is no chunk.
    /// - Complexity: O(*n*).
    mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]
    ) throws(StreamError) {
        var index = 0
        while index < bytes.count {
            if case .data(let remaining) = state {
                let count = min(remaining, bytes.count - index)
                output.append(contentsOf: bytes[index..<(index + count)])
                index += count
                state = count == remaining ? .dataEnd : .data(remaining: remaining - count)
            } else {
                state = try Self.step(state, bytes[index])
                index += 1
            }
        }
    }

    private static func step(_ state: State, _ byte: UInt8) throws(StreamError) -> State {
        let isLineEnd = byte == UInt8(ascii: "\n")
        switch state {
        case .size(let size, let sawDigit):
            if let digit = hexadecimalDigit(byte) {
                guard size <= 1 << 40 else { throw .tooLong }
                return .size(size << 4 | digit, sawDigit: true)
            }
            guard sawDigit else { throw .malformed("a chunk without size") }
            return isLineEnd ? afterSize(size) : .extensions(size)
        case .extensions(let size): return isLineEnd ? afterSize(size) : state
        case .data(let remaining): return .data(remaining: remaining)
        case .dataEnd:
            if isLineEnd { return .size(0, sawDigit: false) }
            guard byte == UInt8(ascii: "\r") else { throw .malformed("a chunk without end") }
            return .dataEnd
        case .trailer(let length):
            if isLineEnd { return length == 0 ? .ended : .trailer(lineLength: 0) }
            return byte == UInt8(ascii: "\r") ? state : .trailer(lineLength: length + 1)
        case .ended: throw .malformed("bytes behind the last chunk")
        }
    }

    private static func afterSize(_ size: Int) -> State {
        size == 0 ? .trailer(lineLength: 0) : .data(remaining: size)
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
