// SPDX-License-Identifier: MIT

import Core

/// One header or trailer field line, as it lies in the input (RFC 9112, section 5).
struct HTTPFieldLine {
    /// The name's bytes: a token.
    let name: UnsafeRawBufferPointer
    /// The value's bytes without white space at its ends.
    let value: UnsafeRawBufferPointer
    /// Whether the value is UTF-8.
    let isUTF8: Bool

    /// Reads a line that is given without its CRLF; nil if it is malformed.
    ///
    /// The name is a token right up to its colon: white space between them is refused (5.1), and
    /// so is a line that continues the one before it (obs-fold, 5.2).
    ///
    /// - Complexity: O(*n*).
    init?(_ line: UnsafeRawBufferPointer) {
        var colon = 0
        let token = ByteClass.token
        while colon < line.count, token.contains(line[colon]) { colon &+= 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else { return nil }
        guard let isASCII = Self.check(line.part((colon + 1)..<line.count)) else { return nil }
        name = line.part(0..<colon)
        value = line.part((colon + 1)..<line.count).trimmed()
        isUTF8 =
            isASCII
            || UTF8Validation.firstInvalidByte(in: value.bindMemory(to: UInt8.self)) == nil
    }

    /// The value as text where it is not UTF-8: then it counts as Latin-1 (RFC 9110, 5.5).
    ///
    /// - Complexity: O(*n*).
    var latin1Text: String {
        String(decoding: value.map { UInt16($0) }, as: UTF16.self)
    }

    /// Returns whether all bytes are ASCII; nil if one may not stand in a field value.
    ///
    /// Eight visible bytes at a time; a word with any other is looked at byte by byte.
    private static func check(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs = ones << 7
        var all: UInt8 = 0
        var index = 0
        while index < bytes.count {
            if index &+ 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let belowSpace = word &- ones &* 0x20
                let deletes = (word ^ (ones &* 0x7F)) &- ones
                guard (word | belowSpace | deletes) & highs != 0 else {
                    index &+= 8
                    continue
                }
            }
            let end = min(index &+ 8, bytes.count)
            while index < end {
                let byte = bytes[index]
                guard Byte.isFieldValue(byte) else { return nil }
                all |= byte
                index &+= 1
            }
        }
        return all < 0x80
    }
}
