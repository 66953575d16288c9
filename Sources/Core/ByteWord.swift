// SPDX-License-Identifier: MIT

/// Eight bytes of a text, looked at all at once.
struct ByteWord {
    /// How many bytes there are.
    static let count = 8
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits = ones &* 0x80

    private let bits: UInt64

    /// Takes the bytes at `index`; so many must be there.
    init(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) {
        bits = UnsafeRawBufferPointer(bytes).loadUnaligned(
            fromByteOffset: index, as: UInt64.self)
    }

    /// Whether all are ASCII.
    var isASCII: Bool { bits & ByteWord.highBits == 0 }

    /// Whether one of them ends a JSON string or must not stand in one as it is: a quote, a
    /// backslash, or a control character (RFC 8259, section 7).
    var hasEndOfJSONText: Bool {
        let quotes = bits ^ ByteWord.ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = bits ^ ByteWord.ones &* UInt64(UInt8(ascii: "\\"))
        // A byte that is too small borrows, so that its highest bit is set though it was not
        // before. What it borrows may change bytes above it, but only if one was found by then.
        let controls = (bits &- ByteWord.ones &* 0x20) & ~bits
        let others =
            (quotes &- ByteWord.ones) & ~quotes | (backslashes &- ByteWord.ones) & ~backslashes
        return (controls | others) & ByteWord.highBits != 0
    }
}
