// SPDX-License-Identifier: MIT

/// Header fields in their order; names compare without regard to case (RFC 9110, section 5.1).
package struct HTTPFields: Sendable {
    /// One field line.
    package typealias Field = (name: String, value: String)

    /// The field lines as they were sent or are to be sent.
    package private(set) var lines: [Field] = []

    /// Makes an empty section.
    package init() {}

    /// Makes a section of field lines.
    package init(_ lines: [Field]) {
        self.lines = lines
    }

    /// The value of `name`: several lines are joined by `, `. Setting replaces all lines of the
    /// name by one, setting nil removes them.
    ///
    /// - Complexity: O(*n*) in the number of lines.
    package subscript(name: String) -> String? {
        get {
            var joined: String?
            for line in lines where HTTPFields.areEqual(line.name, name) {
                joined = joined.map { "\($0), \(line.value)" } ?? line.value
            }
            return joined
        }
        set {
            lines.removeAll { HTTPFields.areEqual($0.name, name) }
            if let newValue { lines.append((name, newValue)) }
        }
    }

    /// The values of all lines of `name`, in their order.
    ///
    /// - Complexity: O(*n*) in the number of lines.
    package func all(_ name: String) -> [String] {
        lines.filter { HTTPFields.areEqual($0.name, name) }.map(\.value)
    }

    /// Adds a line behind the others.
    package mutating func append(_ name: String, _ value: String) {
        lines.append((name, value))
    }

    /// Makes room for `count` lines.
    package mutating func reserveCapacity(_ count: Int) {
        lines.reserveCapacity(count)
    }

    /// The elements of a comma-separated list over all lines of `name`, without white space.
    ///
    /// - Complexity: O(*n*).
    package func tokens(_ name: String) -> [Substring] {
        var tokens: [Substring] = []
        for line in lines where HTTPFields.areEqual(line.name, name) {
            for part in line.value.split(separator: ",") {
                let token = part.trimmingOptionalWhiteSpace()
                if !token.isEmpty { tokens.append(token) }
            }
        }
        return tokens
    }

    /// Whether two field names or tokens are the same, ASCII letters compared without case.
    ///
    /// - Complexity: O(*n*).
    package static func areEqual(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool
    {
        var one = left.utf8.makeIterator()
        var other = right.utf8.makeIterator()
        while true {
            switch (one.next(), other.next()) {
            case (nil, nil): return true
            case (let a?, let b?) where lowercase(a) == lowercase(b): continue
            case (_, _): return false
            }
        }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

extension StringProtocol {
    /// The text without the spaces and tabs at its ends (OWS, RFC 9110, section 5.6.3).
    ///
    /// - Complexity: O(*n*).
    package func trimmingOptionalWhiteSpace() -> SubSequence {
        var slice = self[startIndex..<endIndex]
        while let first = slice.first, first == " " || first == "\t" { slice = slice.dropFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice = slice.dropLast() }
        return slice
    }
}
