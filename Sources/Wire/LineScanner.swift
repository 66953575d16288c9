// SPDX-License-Identifier: MIT

/// Finds the ends of lines in bytes that arrive in pieces, looking at each byte once.
///
/// A line ends with CRLF. A bare line feed ends nothing: it makes the message malformed, because
/// parties that disagree on where a line ends disagree on where a message ends (RFC 9112, 2.2
/// allows the leniency, 11.2 names its price).
struct LineScanner {
    /// What was found.
    enum Result: Equatable {
        /// No end yet; come back with the same bytes and more behind them.
        case incomplete
        /// The line's bytes without CRLF; the next line begins two bytes behind them.
        case line(Range<Int>)
        /// The line is longer than allowed, whether or not its end has arrived.
        case tooLong
        /// A line feed without a carriage return before it.
        case malformed
    }

    /// How many bytes of the unfinished line are known to hold no line feed.
    private var scanned = 0

    /// Looks for the end of the line that begins at `start`.
    ///
    /// - Parameter bytesMax: How long the line may be, CRLF not counted.
    /// - Complexity: O(*n*) in the bytes that are new since the last call.
    mutating func next(
        in bytes: UnsafeRawBufferPointer, from start: Int, bytesMax: Int
    ) -> Result {
        let end = Swift.min(bytes.count, start + bytesMax + 2)
        let from = start + scanned
        guard from <= end, let lineFeed = bytes.firstIndex(of: Byte.lineFeed, from: from, to: end)
        else {
            guard bytes.count - start < bytesMax + 2 else { return .tooLong }
            scanned = bytes.count - start
            return .incomplete
        }
        scanned = 0
        guard lineFeed > start, bytes[lineFeed - 1] == Byte.carriageReturn else {
            return .malformed
        }
        return .line(start..<(lineFeed - 1))
    }
}
