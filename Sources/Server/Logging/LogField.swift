// SPDX-License-Identifier: MIT

/// The name of a value in a line of the log: lower-case letters, digits and `_`, in the source.
package struct LogKey: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The name.
    package let name: String

    /// Makes a name of a literal, which must not need quotes.
    package init(stringLiteral name: StaticString) {
        self.name = name.description
        assert(
            !self.name.isEmpty
                && self.name.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "_")
                })
    }
}

/// A value in a line of the log.
package enum LogValue: Sendable, Equatable {
    /// Any text; what could forge a line is escaped when it is written.
    case text(String)
    /// A number.
    case integer(Int64)
    /// `true` or `false`.
    case flag(Bool)

    /// A number of any width.
    package static func number(_ value: some BinaryInteger) -> LogValue {
        .integer(Int64(clamping: value))
    }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    /// Makes a text.
    package init(stringLiteral value: String) { self = .text(value) }
    /// Makes a number.
    package init(integerLiteral value: Int64) { self = .integer(value) }
    /// Makes `true` or `false`.
    package init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// The values of one line, in order.
package typealias LogFields = KeyValuePairs<LogKey, LogValue>
