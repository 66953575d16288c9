// SPDX-License-Identifier: MIT

import Core

/// The ids of accounts, which are the names that users log in with.
package enum AccountID {
    /// Whether `id` matches Kinto's pattern `^[a-zA-Z0-9][+.@a-zA-Z0-9_-]*$` and is at most
    /// `Limits.resourceIDBytesMax` long.
    ///
    /// - Complexity: O(length of `id`).
    package static func isValid(_ id: String) -> Bool {
        guard let first = id.utf8.first, id.utf8.count <= Limits.resourceIDBytesMax,
            isLetterOrDigit(first)
        else { return false }
        return id.utf8.allSatisfy { isLetterOrDigit($0) || "+.@_-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case _: false
        }
    }
}
