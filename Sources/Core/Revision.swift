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
///
/// Where not everyone may read everything, it also says which part of the history is told: what
/// somebody has up to a revision depends on that.
package struct Epoch: Hashable, Sendable {
    /// The low 48 bits of the identity; the others are zero.
    package let bits: UInt64
    /// The low 48 bits that tell the part of the history from others; zero for all of it.
    package let view: UInt64

    private static let mask: UInt64 = 0xFFFF_FFFF_FFFF

    /// Makes an epoch of 48 random bits; higher bits are dropped.
    package init(randomBits: UInt64) {
        bits = randomBits & Epoch.mask
        view = 0
    }

    private init(bits: UInt64, view: UInt64) {
        self.bits = bits
        self.view = view
    }

    /// The same history, of which only a part is told.
    ///
    /// - Parameter view: What tells that part from others; higher bits than 48 are dropped.
    package func viewed(_ view: UInt64) -> Epoch { Epoch(bits: bits, view: view & Epoch.mask) }

    /// Whether another one is of the same history, be it of another part.
    package func isSameHistory(as other: Epoch) -> Bool { bits == other.bits }

    /// Reads the 12 lower-case hexadecimal digits that `description` writes, or 24 if only a part
    /// of the history is told.
    package init?(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8)[...])
    }

    /// The same of the text's bytes.
    init?(bytes: ArraySlice<UInt8>) {
        let count = bytes.count
        guard count == 12 || count == 24, let bits = Epoch.digits(bytes.prefix(12)),
            let view = Epoch.digits(bytes.dropFirst(12)), count == 12 || view > 0
        else { return nil }
        self.init(bits: bits, view: view)
    }

    private static func digits(_ text: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default:
                return nil
            }
        }
        return value
    }
}

extension Epoch: CustomStringConvertible {
    package var description: String {
        view == 0 ? Epoch.text(bits) : Epoch.text(bits) + Epoch.text(view)
    }

    private static func text(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 12 - digits.utf8.count) + digits
    }
}
