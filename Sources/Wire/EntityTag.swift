// SPDX-License-Identifier: MIT

/// An entity tag (RFC 9110, section 8.8.3).
package struct EntityTag: Hashable, Sendable {
    /// What stands between the quotes.
    package let opaque: String
    /// Whether the tag only promises equivalence (`W/`).
    package let isWeak: Bool

    /// Makes a tag of its parts.
    package init(_ opaque: String, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// How two tags are compared (RFC 9110, 8.8.3.2).
    package enum Comparison {
        /// Equal and neither is weak: for `If-Match`.
        case strong
        /// Equal: for `If-None-Match`.
        case weak
    }

    /// Whether this tag and `other` stand for the same.
    package func matches(_ other: EntityTag, _ comparison: Comparison) -> Bool {
        guard opaque.utf8.elementsEqual(other.opaque.utf8) else { return false }
        switch comparison {
        case .strong: return !isWeak && !other.isWeak
        case .weak: return true
        }
    }
}

extension EntityTag: CustomStringConvertible {
    package var description: String { isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\"" }
}

/// The value of `If-Match` or `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).
package enum EntityTagCondition: Equatable, Sendable {
    /// `*`: any representation that exists.
    case any
    /// A list of tags, at least one.
    case tags([EntityTag])
    /// Neither.
    case malformed

    /// Reads a field value, several lines joined by commas.
    ///
    /// - Complexity: O(*n*).
    package init(_ value: String) {
        let text = value.trimmingOptionalWhiteSpace()
        if text.utf8.elementsEqual("*".utf8) {
            self = .any
            return
        }
        guard let tags = EntityTagCondition.list(Array(text.utf8)), !tags.isEmpty else {
            self = .malformed
            return
        }
        self = .tags(tags)
    }

    /// Whether the condition names a representation with the tag `current`; nil is for one that
    /// does not exist. A malformed condition names none.
    ///
    /// - Complexity: O(*n*) in the number of tags.
    package func names(_ current: EntityTag?, _ comparison: EntityTag.Comparison) -> Bool {
        guard let current else { return false }
        switch self {
        case .any: return true
        case .tags(let tags): return tags.contains { $0.matches(current, comparison) }
        case .malformed: return false
        }
    }

    /// Reads `#entity-tag`; empty elements are allowed (RFC 9110, 5.6.1.2). A comma may stand in
    /// a tag, so the list cannot be split first.
    private static func list(_ bytes: [UInt8]) -> [EntityTag]? {
        var tags: [EntityTag] = []
        var index = 0
        var needsComma = false
        while index < bytes.count {
            if Byte.isWhiteSpace(bytes[index]) {
                index += 1
            } else if bytes[index] == UInt8(ascii: ",") {
                needsComma = false
                index += 1
            } else {
                guard !needsComma, let (tag, end) = tag(bytes, at: index) else { return nil }
                tags.append(tag)
                index = end
                needsComma = true
            }
        }
        return tags
    }

    private static func tag(_ bytes: [UInt8], at start: Int) -> (EntityTag, end: Int)? {
        var index = start
        let isWeak = bytes[index...].starts(with: "W/".utf8)
        if isWeak { index += 2 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
        index += 1
        let opaque = bytes[index...].prefix { byte in
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"")
        }
        guard opaque.endIndex < bytes.count, bytes[opaque.endIndex] == UInt8(ascii: "\"") else {
            return nil
        }
        let tag = EntityTag(String(decoding: opaque, as: UTF8.self), isWeak: isWeak)
        return (tag, opaque.endIndex + 1)
    }
}
