// SPDX-License-Identifier: MIT

/// What bytes may stand where (RFC 9110, section 5.6; RFC 3986).
///
/// Sets of ASCII characters are two words of bits: a test is a shift, without memory access.
struct ByteClass {
    private let low: UInt64
    private let high: UInt64

    /// Makes a set of the ASCII characters of `text`.
    private init(_ text: StaticString) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        text.withUTF8Buffer { bytes in
            for byte in bytes {
                if byte < 64 {
                    low |= 1 << UInt64(byte)
                } else {
                    high |= 1 << UInt64(byte & 63)
                }
            }
        }
        self.low = low
        self.high = high
    }

    /// Whether the set has `byte`; never so for bytes beyond ASCII.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : high
        return byte < 0x80 && (word >> UInt64(byte & 63)) & 1 == 1
    }

    /// A token's characters (RFC 9110, 5.6.2): methods, field names, codings.
    static let token = ByteClass(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    /// The characters of a registered name, escapes included (RFC 3986, 3.2.2).
    static let registeredName = ByteClass(
        "-._~!$&'()*+,;=%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    /// Characters that never need an escape (RFC 3986, 2.3).
    static let unreserved = ByteClass(
        "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    /// Characters that need no escape in a path segment (RFC 3986, 3.3).
    static let pathSegment = ByteClass(
        "-._~!$&'()*+,;=:@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

/// Bytes with a meaning in the protocols here.
enum Byte {
    /// Horizontal tab.
    static let tab = UInt8(ascii: "\t")
    /// Line feed.
    static let lineFeed = UInt8(ascii: "\n")
    /// Carriage return.
    static let carriageReturn = UInt8(ascii: "\r")
    /// Space.
    static let space = UInt8(ascii: " ")

    /// Whether `byte` is optional white space (RFC 9110, 5.6.3).
    @inline(__always)
    static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// Whether `byte` may stand in a field value: visible, white space or beyond ASCII.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == tab
    }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The value of a decimal digit, or nil.
    @inline(__always)
    static func decimalValue(_ byte: UInt8) -> UInt8? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }
}

extension UnsafeRawBufferPointer {
    /// The first position of `byte` from `start` up to but not including `end`, or nil.
    ///
    /// Looks at eight bytes at a time.
    ///
    /// - Complexity: O(*n*).
    func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        assert(end <= count)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = ones &* UInt64(byte)
        var index = start
        while index &+ 8 <= end {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let difference = word ^ pattern
            let zeros = (difference &- ones) & ~difference & (ones << 7)
            if zeros != 0 { return index &+ zeros.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < end {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// The part without white space (OWS) at its ends.
    ///
    /// - Complexity: O(*n*) in the white space.
    func trimmed() -> UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, Byte.isWhiteSpace(self[start]) { start += 1 }
        while end > start, Byte.isWhiteSpace(self[end - 1]) { end -= 1 }
        return part(start..<end)
    }

    /// The bytes of `range`, counted from 0 again.
    @inline(__always)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// Whether the bytes are `lowercase` when ASCII letters are compared without case.
    ///
    /// - Complexity: O(*n*).
    func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        let expected = lowercase.utf8Start
        for index in 0..<count {
            var byte = self[index]
            if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") { byte |= 0x20 }
            guard byte == expected[index] else { return false }
        }
        return true
    }

    /// Calls `body` with each element of a comma-separated list, white space taken off, empty
    /// ones included.
    ///
    /// - Complexity: O(*n*).
    func forEachListElement(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while true {
            let comma = firstIndex(of: UInt8(ascii: ","), from: start, to: count)
            body(part(start..<(comma ?? count)).trimmed())
            guard let comma else { return }
            start = comma + 1
        }
    }
}
