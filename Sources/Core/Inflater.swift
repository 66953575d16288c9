// SPDX-License-Identifier: MIT

private import CZlib

/// Why deflated bytes are not inflated.
package enum InflateError: Error, Equatable, Sendable {
    /// They are not what a deflater makes, or break off.
    case invalidData
    /// They become more than was allowed.
    case tooLong
}

/// Inflates one message that arrives in pieces (RFC 1951; RFC 7692, section 7.2.2).
///
/// A block may say that it is the last, and others follow all the same (RFC 7692, 7.2.3.4): they
/// begin anew. After an error it is of no more use.
package final class Inflater {
    private let outputBytesMax: Int
    // zlib keeps the address of this, so it may not move.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether nothing was read since the beginning, or since a block that said it was the last.
    private var isAtStart = true

    /// Makes an inflater of one message.
    ///
    /// - Parameter outputBytesMax: What the message may become at most.
    package init(outputBytesMax: Int) {
        self.outputBytesMax = outputBytesMax
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = inflateInit2_(
            stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib cannot inflate")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates the message's next bytes.
    ///
    /// - Parameter output: What the message is so far, to which is appended.
    /// - Throws: `InflateError`: `tooLong` as soon as there is a byte too many.
    /// - Complexity: O(*n*) in what is read and appended.
    package func inflate(
        _ bytes: [UInt8], to output: inout [UInt8]
    ) throws(InflateError) {
        try bytes.withUnsafeBufferPointer { input throws(InflateError) in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var isUnfinished = !input.isEmpty
            while isUnfinished { isUnfinished = try step(&output) }
        }
    }

    /// Ends the message: adds the tail that its sender left out (RFC 7692, 7.2.2).
    ///
    /// - Parameter output: What the message is so far, to which is appended.
    /// - Throws: `InflateError.invalidData` if the message breaks off within a block.
    package func finish(to output: inout [UInt8]) throws(InflateError) {
        // Nothing is missing behind the last of all blocks, nor from a message of no bytes.
        guard !isAtStart else { return }
        try inflate(Deflater.tail, to: &output)
        // 128: what was read ends with a block; the lowest six: bits left over (zlib.h, inflate).
        guard stream.pointee.data_type & 0xBF == 128 else { throw .invalidData }
    }

    /// Inflates until the input or a buffer's room ends; says whether there may be more.
    private func step(_ output: inout [UInt8]) throws(InflateError) -> Bool {
        let room = min(Inflater.stepBytes, outputBytesMax - output.count + 1)
        var result = Z_OK
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { buffer in
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(room)
            result = CZlib.inflate(stream, Z_SYNC_FLUSH)
            output.append(contentsOf: buffer[..<(room - Int(stream.pointee.avail_out))])
        }
        guard output.count <= outputBytesMax else { throw .tooLong }
        isAtStart = false
        switch result {
        case Z_STREAM_END:
            inflateReset(stream)
            isAtStart = stream.pointee.avail_in == 0
            return !isAtStart
        case Z_OK: return stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
        // There was nothing left to do.
        case Z_BUF_ERROR: return false
        case _: throw .invalidData
        }
    }

    private static let stepBytes = 4_096
}
