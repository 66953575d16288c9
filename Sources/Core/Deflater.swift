// SPDX-License-Identifier: MIT
//
// Compression by zlib (RFC 1951 and 1952). What a stream sends is compressed piece by piece, each
// as if there had been none before: then a piece is the same for whoever it goes to, and nobody's
// compressor has to be kept.

private import CZlib

/// Deflates pieces of a stream, none of which needs another to be inflated.
///
/// With its default window it is made faster than one piece is, so it need not be kept.
package final class Deflater {
    /// What stands around the deflated bytes.
    fileprivate enum Container: Int32 {
        /// Nothing.
        case none = -1
        /// The header and trailer of a gzip file.
        case gzip = 1
    }

    // zlib keeps the address of this, so it may not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// The default window: 4 KiB. Events of records are deflated by it as well as by the largest,
    /// and a peer that wants to keep no more of a message is served too.
    package static let defaultWindowBits = 12

    /// Makes a deflater.
    ///
    /// - Parameter windowBits: The binary logarithm of how far back in a piece may be referred to,
    ///   which is also what an inflater must keep of it; 9 to 15.
    package convenience init(windowBits: Int = Deflater.defaultWindowBits) {
        self.init(windowBits: windowBits, container: .none)
    }

    fileprivate init(windowBits: Int, container: Container) {
        // zlib makes 9 bits of 8, which an inflater of 8 cannot take.
        precondition((9...15).contains(windowBits), "a window that zlib does not have")
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let bits =
            switch container {
            case .none: -Int32(windowBits)
            case .gzip: Int32(windowBits) + 16
            }
        // As much memory for finding repetitions as zlib would take for the largest window, but in
        // proportion: it is cleared for each piece.
        let memoryLevel = Int32(max(windowBits - 7, 2))
        let result = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib cannot deflate")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Deflates `bytes` up to the end of a byte, so that another piece may follow.
    ///
    /// - Returns: Blocks of which none is the last. They end with an empty one, whose four bytes
    ///   `Deflater.tail` a sender may leave out if its peer knows to add them (RFC 7692, 7.2.1).
    /// - Complexity: O(*n*).
    package func piece(_ bytes: [UInt8]) -> [UInt8] { deflate(bytes, Z_SYNC_FLUSH) }

    /// The end of every piece.
    package static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    /// Deflates `bytes` with the last block.
    fileprivate func whole(_ bytes: [UInt8]) -> [UInt8] { deflate(bytes, Z_FINISH) }

    private func deflate(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        deflateReset(stream)
        // The bound is that of a whole; a flush adds an empty block.
        let capacity = Int(deflateBound(stream, UInt(bytes.count))) + 16
        return bytes.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(capacity)
                let result = CZlib.deflate(stream, flush)
                precondition(result == Z_OK || result == Z_STREAM_END, "zlib cannot deflate")
                // zlib is not done with a flush that fills its output.
                precondition(stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0)
                count = capacity - Int(stream.pointee.avail_out)
            }
        }
    }
}

/// Files of gzip (RFC 1952).
package enum Gzip {
    /// The beginning of a file about which nothing else is known (2.3): deflate, no time, no
    /// system. Blocks may follow.
    package static let header: [UInt8] = [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 0xFF]

    /// Makes a file of `bytes`.
    ///
    /// - Complexity: O(*n*); some hundred microseconds for the smallest.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        Deflater(windowBits: 15, container: .gzip).whole(bytes)
    }
}
