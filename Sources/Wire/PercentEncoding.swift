// SPDX-License-Identifier: MIT

import Core

/// Percent-encoding (RFC 3986, section 2.1) of text as UTF-8.
package enum PercentEncoding {
    /// Where encoded text is to stand.
    package enum Place {
        /// A name or a value in a query: only unreserved characters stay.
        case queryComponent
        /// One segment of a path: a slash is escaped.
        case pathSegment
        /// A whole path: slashes stay.
        case path
    }

    /// Why text cannot be decoded.
    package enum DecodingError: Error, Equatable {
        /// A percent sign that two hexadecimal digits do not follow.
        case invalidEscape
        /// Bytes that are not UTF-8.
        case invalidUTF8
    }

    /// `text` with an escape for each byte that may not stand in `place`.
    ///
    /// - Complexity: O(*n*).
    package static func encode(_ text: some StringProtocol, for place: Place) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let allowed: ByteClass
        switch place {
        case .queryComponent: allowed = .unreserved
        case .pathSegment, .path: allowed = .pathSegment
        }
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if allowed.contains(byte) || place == .path && byte == UInt8(ascii: "/") {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The text that `text` stands for.
    ///
    /// - Parameter plusIsSpace: As in queries and forms, not in paths.
    /// - Throws: `DecodingError`; nothing is guessed.
    /// - Complexity: O(*n*).
    package static func decode(
        _ text: Substring, plusIsSpace: Bool = false
    ) throws(DecodingError) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(Byte.hexadecimalValue),
                    let low = bytes.next().flatMap(Byte.hexadecimalValue)
                else {
                    throw .invalidEscape
                }
                output.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: output.append(Byte.space)
            case _: output.append(byte)
            }
        }
        let isUTF8 = output.withUnsafeBufferPointer { bytes in
            UTF8Validation.firstInvalidByte(in: bytes) == nil
        }
        guard isUTF8 else { throw .invalidUTF8 }
        return String(decoding: output, as: UTF8.self)
    }

    /// The text that any kind of text stands for. A `Substring` is not copied first.
    ///
    /// - Throws: `DecodingError`.
    /// - Complexity: O(*n*).
    package static func decode(
        _ text: some StringProtocol, plusIsSpace: Bool = false
    ) throws(DecodingError) -> String {
        try decode(String(text)[...], plusIsSpace: plusIsSpace)
    }
}
