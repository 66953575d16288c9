// SPDX-License-Identifier: MIT

import Core

/// "Did you mean": the nearest of the names that exist.
enum Suggestion {
    /// The candidate with the fewest typing mistakes to `name`, if they are few.
    ///
    /// - Parameter mistakesMax: Letters inserted, left out, or replaced.
    /// - Complexity: O(candidates × length²).
    static func nearest(
        to name: String, among candidates: some Sequence<String>,
        mistakesMax: Int = Limits.suggestionMistakesMax
    ) -> String? {
        var best: String?
        var fewest = mistakesMax + 1
        for candidate in candidates {
            let mistakes = distance(name, candidate)
            if mistakes < fewest {
                fewest = mistakes
                best = candidate
            }
        }
        return best
    }

    /// The Levenshtein distance of two texts in bytes.
    ///
    /// - Complexity: O(product of the lengths).
    static func distance(_ left: String, _ right: String) -> Int {
        let row = Array(right.utf8)
        var costs = Array(0...row.count)
        for (index, byte) in left.utf8.enumerated() {
            var diagonal = costs[0]
            costs[0] = index + 1
            for column in 0..<row.count {
                let replaced = diagonal + (row[column] == byte ? 0 : 1)
                diagonal = costs[column + 1]
                costs[column + 1] = min(replaced, diagonal + 1, costs[column] + 1)
            }
        }
        return costs[row.count]
    }
}
