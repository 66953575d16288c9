// SPDX-License-Identifier: MIT

/// A place in a JSON value (RFC 6901): `/members/0/name~1alias`.
package struct JSONPointer: Equatable, Sendable {
    /// What is wrong with a pointer's text.
    package enum SyntaxError: Error, Equatable, CustomStringConvertible {
        /// A pointer to anything but the whole value begins with a slash.
        case noSlash
        /// A tilde stands only before 0 (a tilde) or 1 (a slash).
        case badEscape(String)

        package var description: String {
            switch self {
            case .noSlash: "Location must start with /"
            case .badEscape(let text): "Found invalid escape \(text)"
            }
        }
    }

    /// The names and indexes that lead to the place, without escapes; none for the whole value.
    package let tokens: [String]

    /// Reads a pointer.
    ///
    /// - Throws: `SyntaxError`.
    /// - Complexity: O(*n*).
    package init(_ text: String) throws(SyntaxError) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noSlash }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            tokens.append(try JSONPointer.token(part))
        }
        self.tokens = tokens
    }

    private init(tokens: [String]) {
        self.tokens = tokens
    }

    /// The place one level up; the whole value is its own.
    package var parent: JSONPointer { JSONPointer(tokens: tokens.dropLast()) }

    /// Whether this place lies within that of `other`, or is the same.
    ///
    /// - Complexity: O(length of `other`).
    package func isInside(_ other: JSONPointer) -> Bool {
        tokens.count >= other.tokens.count
            && zip(tokens, other.tokens).allSatisfy { $0.hasSameBytes(as: $1) }
    }

    package static func == (left: JSONPointer, right: JSONPointer) -> Bool {
        left.tokens.count == right.tokens.count && left.isInside(right)
    }

    /// The index that a token is, nil if it is none: digits, no zero before others.
    ///
    /// - Complexity: O(length of the token).
    static func index(_ token: String) -> Int? {
        let digits = token.utf8
        guard !digits.isEmpty, digits.first != UInt8(ascii: "0") || digits.count == 1,
            digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else { return nil }
        // A number of more digits than an integer has is behind the end of every array.
        return Int(token) ?? .max
    }

    private static func token(_ part: Substring.UTF8View) throws(SyntaxError) -> String {
        let tilde = UInt8(ascii: "~")
        guard part.contains(tilde) else { return String(Substring(part)) }
        var bytes: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            guard byte == tilde else {
                bytes.append(byte)
                continue
            }
            switch rest.first {
            case UInt8(ascii: "0"): bytes.append(tilde)
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            case _: throw .badEscape("~" + (Substring(rest).first.map { String($0) } ?? ""))
            }
            rest.removeFirst()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
