// SPDX-License-Identifier: MIT

import Core

/// One header or trailer field line, as it lies in the input (RFC 9112, section 5).
struct HTTPFieldLine {
    /// The name's bytes: a token.
    let name: UnsafeRawBufferPointer
    /// The value's bytes without white space at its ends.
    let value: UnsafeRawBufferPointer
    /// Whether the value has bytes beyond ASCII (obs-text).
    private let hasObsoleteText: Bool

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
        var all: UInt8 = 0
        for index in (colon + 1)..<line.count {
            let byte = line[index]
            guard Byte.isFieldValue(byte) else { return nil }
            all |= byte
        }
        name = line.part(0..<colon)
        value = line.part((colon + 1)..<line.count).trimmed()
        hasObsoleteText = all >= 0x80
    }

    /// The name as text.
    ///
    /// - Complexity: O(*n*).
    var nameText: String { String(decoding: name, as: UTF8.self) }

    /// The value as text: UTF-8 where it is valid, else Latin-1 (RFC 9110, 5.5).
    ///
    /// - Complexity: O(*n*).
    var valueText: String {
        guard hasObsoleteText else { return String(decoding: value, as: UTF8.self) }
        let isUTF8 = UTF8Validation.firstInvalidByte(in: value.bindMemory(to: UInt8.self)) == nil
        guard isUTF8 else {
            return String(decoding: value.map { UInt16($0) }, as: UTF16.self)
        }
        return String(decoding: value, as: UTF8.self)
    }
}
