// SPDX-License-Identifier: MIT

/// A Kinto timestamp: milliseconds since 1970, strictly increasing within one list.
///
/// Not a date: two writes in the same millisecond get different timestamps, so a timestamp may
/// run ahead of the wall clock. A client may also give one of its own, in the past or the future
/// (Kinto documentation, "Server timestamps"), even a negative one.
package struct Timestamp: Comparable, Hashable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package let milliseconds: Int64

    /// Makes a timestamp of milliseconds since 1970.
    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The timestamp of nothing: lower than any that a server assigns.
    package static let zero = Timestamp(milliseconds: 0)

    /// The timestamp one millisecond later.
    package var next: Timestamp { Timestamp(milliseconds: milliseconds + 1) }

    /// The entity tag that stands for this timestamp, quotes included.
    package var entityTag: String { "\"\(milliseconds)\"" }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// Reads a decimal number of milliseconds: an optional minus sign and 1 to 18 digits.
    ///
    /// Anything else, signs and spaces included, is no timestamp.
    ///
    /// - Complexity: O(*n*) in the length of `text`, which is looked at up to 19 characters.
    package init?(_ text: some StringProtocol) {
        guard let number = DecimalNumber.parse(text.utf8, digitsMax: 18) else { return nil }
        self.init(milliseconds: number)
    }

    /// Reads a timestamp that may stand in double quotes, as in an entity tag.
    package init?(quotedOrNot text: some StringProtocol) {
        self.init(quotedOrNot: Array(text.utf8)[...])
    }

    /// The same of the text's bytes.
    init?(quotedOrNot bytes: ArraySlice<UInt8>) {
        let quote = UInt8(ascii: "\"")
        let isQuoted = bytes.count > 1 && bytes.first == quote && bytes.last == quote
        let plain = isQuoted ? bytes.dropFirst().dropLast() : bytes
        guard let number = DecimalNumber.parse(plain, digitsMax: 18) else { return nil }
        self.init(milliseconds: number)
    }
}

extension Timestamp: CustomStringConvertible {
    package var description: String { String(milliseconds) }
}

/// Strict decimal numbers, unlike `Int(_:)`, which accepts a plus sign.
package enum DecimalNumber {
    /// Returns the number spelled by `bytes`: an optional minus and 1 to `digitsMax` ASCII digits.
    ///
    /// - Parameter digitsMax: At most 18, so that the value cannot overflow.
    /// - Complexity: O(`digitsMax`).
    package static func parse(_ bytes: some Sequence<UInt8>, digitsMax: Int) -> Int64? {
        precondition(digitsMax <= 18)
        var value: Int64 = 0
        var digits = 0
        var isNegative = false
        var isFirst = true
        for byte in bytes {
            if isFirst, byte == UInt8(ascii: "-") {
                isNegative = true
                isFirst = false
                continue
            }
            isFirst = false
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < digitsMax else {
                return nil
            }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            digits += 1
        }
        guard digits > 0 else { return nil }
        return isNegative ? -value : value
    }

    /// Appends the decimal digits of `value` to `buffer`.
    ///
    /// - Complexity: O(number of digits).
    package static func append(_ value: Int64, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: String(value).utf8)
    }
}
