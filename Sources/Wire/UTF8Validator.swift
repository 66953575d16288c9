// SPDX-License-Identifier: MIT

import Core

/// Checks text that arrives in pieces, and finds the first byte that cannot be UTF-8 as soon as
/// it is there (RFC 3629). Three bytes of state.
package struct UTF8Validator: Equatable, Sendable {
    /// How many bytes the sequence that was begun still lacks.
    private var missing: UInt8 = 0
    /// What the next of them may be.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// Makes a validator at the start of a text.
    package init() {}

    /// Whether the text may end here: no sequence is unfinished.
    package var isAtBoundary: Bool { missing == 0 }

    /// Takes the next piece of the text.
    ///
    /// - Returns: Whether the text can still become valid; if not, the validator is of no more
    ///   use.
    /// - Complexity: O(*n*), eight bytes at a time in ASCII.
    package mutating func validate(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if missing == 0 {
                while index &+ 8 <= count {
                    let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    guard word & 0x8080_8080_8080_8080 == 0 else { break }
                    index &+= 8
                }
                guard index < count else { return true }
                let lead = bytes[index]
                index &+= 1
                if lead < 0x80 { continue }
                let (length, second) = UTF8Validation.shape(of: lead)
                guard length > 0 else { return false }
                missing = UInt8(length - 1)
                lowest = second.lowerBound
                highest = second.upperBound
            } else {
                let byte = bytes[index]
                index &+= 1
                guard byte >= lowest, byte <= highest else { return false }
                missing &-= 1
                lowest = 0x80
                highest = 0xBF
            }
        }
        return true
    }
}
