// SPDX-License-Identifier: MIT

/// Checks that bytes are UTF-8 (RFC 3629): shortest forms, no surrogates, at most U+10FFFF.
package enum UTF8Validation {
    /// The offset of the first byte that makes `bytes` invalid, or nil.
    ///
    /// - Complexity: O(*n*), eight bytes at a time in ASCII.
    package static func firstInvalidByte(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = 0
        let count = bytes.count
        while index < count {
            while index + ByteWord.count <= count, ByteWord(bytes, at: index).isASCII {
                index += ByteWord.count
            }
            guard index < count else { return nil }
            let lead = bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let (length, secondRange) = shape(of: lead)
            guard length > 0, index + length <= count, secondRange.contains(bytes[index + 1]) else {
                return index
            }
            var offset = 2
            while offset < length {
                guard bytes[index + offset] & 0xC0 == 0x80 else { return index }
                offset += 1
            }
            index += length
        }
        return nil
    }

    /// How many bytes a sequence with this lead byte has (0: none begins so), and what its second
    /// byte may be (RFC 3629, section 4).
    package static func shape(of lead: UInt8) -> (length: Int, second: ClosedRange<UInt8>) {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: (0, 0...0)
        }
    }
}
