// SPDX-License-Identifier: MIT

/// The position of a change in the change log: it grows by one with every committed change.
///
/// Unlike a `Timestamp` it never repeats and never goes back, whatever `last_modified` a writer
/// chose; this is what makes a cursor exact. Revision 0 is the empty log.
package struct Revision: Comparable, Hashable, Sendable {
    /// How many changes were committed up to and with this one.
    package let number: UInt64

    /// Makes a revision of its number.
    package init(_ number: UInt64) {
        self.number = number
    }

    /// The revision of an empty log.
    package static let zero = Revision(0)

    /// The revision of the change before this one; that of the empty log is its own.
    package var previous: Revision { Revision(number == 0 ? 0 : number - 1) }

    /// The revision of the change after this one.
    package var next: Revision { Revision(number + 1) }

    package static func < (left: Revision, right: Revision) -> Bool { left.number < right.number }
}

extension Revision: CustomStringConvertible {
    package var description: String { String(number) }
}

/// The identity of one history: made at random with the database, and replaced when a backup
/// is restored over it, because revisions of two histories cannot be compared.
package struct Epoch: Hashable, Sendable {
    /// The low 48 bits of the identity; the others are zero.
    package let bits: UInt64

    /// Makes an epoch of 48 random bits; higher bits are dropped.
    package init(randomBits: UInt64) {
        bits = randomBits & 0xFFFF_FFFF_FFFF
    }

    /// Reads the 12 lower-case hexadecimal digits that `description` writes.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 12 else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default:
                return nil
            }
        }
        bits = value
    }
}

extension Epoch: CustomStringConvertible {
    package var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 12 - digits.utf8.count) + digits
    }
}
