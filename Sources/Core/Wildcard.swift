// SPDX-License-Identifier: MIT

/// Patterns in which `*` stands for any text and `?`, where asked for, for one character.
package enum Wildcard {
    /// Whether the whole of `text` is what `pattern` describes, byte by byte.
    ///
    /// - Parameter hasSingles: Whether `?` is a wildcard too.
    /// - Complexity: O(*n* · *m*) at worst, without recursion.
    package static func matches(
        _ text: String, pattern: String, hasSingles: Bool = true
    ) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        let star = UInt8(ascii: "*")
        var index = 0
        var place = 0
        var lastStar: Int?
        var retry = 0
        while index < text.count {
            if place < pattern.count, pattern[place] == star {
                lastStar = place
                retry = index
                place += 1
            } else if place < pattern.count,
                pattern[place] == text[index] || hasSingles && pattern[place] == UInt8(ascii: "?")
            {
                index += 1
                place += 1
            } else if let lastStar {
                retry += 1
                index = retry
                place = lastStar + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == star }
    }
}
