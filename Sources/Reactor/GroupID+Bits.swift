// SPDX-License-Identifier: MIT

extension GroupID {
    /// The id as one number, for those who only hand it back.
    package var bits: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    /// Makes the id that has these `bits`.
    package init(bits: UInt64) {
        index = UInt32(truncatingIfNeeded: bits)
        generation = UInt32(truncatingIfNeeded: bits >> 32)
    }
}
