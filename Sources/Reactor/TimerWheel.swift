// SPDX-License-Identifier: MIT
//
// A hashed timing wheel (Varghese and Lauck, 1987), for one coarse deadline per slot.
//
// Time is cut into ticks of 2^25 ns (33.6 ms). A deadline hangs in bucket `tick mod 4096`, in a
// circular list whose links lie in the slots' own records; one that is more than a rotation
// (137 s) away stays in its bucket when the wheel passes. Setting and clearing are O(1) and
// allocate nothing. A bitmap of the buckets in use says how long nothing can happen.
//
// Invariants: 1. A deadline in a bucket has a tick above `currentTick`. 2. A deadline in the
// expired list has one that is not. 3. A bucket's bit is set exactly if its list is not empty,
// and a word's bit exactly if one of its buckets' is.
//
// Rejected: a heap (O(log n), and every request sets and clears a deadline), and a hierarchical
// wheel (its cascades cost more than one look per rotation at the few deadlines that are far).

/// The links of one slot's deadline, kept where the slot's record is.
struct TimerLink {
    /// The next slot in the circular list.
    var next: UInt32 = 0
    /// The previous slot in the circular list.
    var previous: UInt32 = 0
    /// The low 32 bits of the tick at which it expires.
    var tick: UInt32 = 0
}

/// Where a wheel finds the links of a slot.
protocol TimerLinkStorage {
    /// The links of `slot`; the address must stay right while the slot has a deadline.
    func timerLink(_ slot: UInt32) -> UnsafeMutablePointer<TimerLink>
}

/// One deadline per slot, never early, at most one tick late.
final class TimerWheel {
    /// How many bits of nanoseconds one tick spans.
    static let tickShift: Int64 = 25
    /// Lists in the wheel; a power of two.
    static let bucketCount = 4_096
    /// The farthest deadline in ticks, about 417 days; later ones expire then.
    static let distanceMax: Int64 = 1 << 30

    private static let none = UInt32.max
    private static let expired = bucketCount
    private static let wordCount = bucketCount / 64

    /// The last tick that has passed.
    private(set) var currentTick: Int64
    /// How many slots have a deadline, the expired ones that were not taken included.
    private(set) var count = 0

    /// The first slot of each bucket, and of the expired list behind them.
    private let heads: UnsafeMutablePointer<UInt32>
    /// One bit per bucket: whether it has slots.
    private let occupied: UnsafeMutablePointer<UInt64>
    /// One bit per word of that: whether it has any.
    @exclusivity(unchecked) private var occupiedWords: UInt64 = 0

    /// Makes an empty wheel at an instant.
    init(at instant: MonotonicInstant) {
        currentTick = instant.nanoseconds >> Self.tickShift
        heads = .allocate(capacity: Self.bucketCount + 1)
        heads.initialize(repeating: Self.none, count: Self.bucketCount + 1)
        occupied = .allocate(capacity: Self.wordCount)
        occupied.initialize(repeating: 0, count: Self.wordCount)
    }

    deinit {
        heads.deallocate()
        occupied.deallocate()
    }

    /// The first tick at which `instant` has certainly passed.
    static func tick(notBefore instant: MonotonicInstant) -> Int64 {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow((1 << tickShift) - 1)
        return (overflow ? Int64.max : sum) >> tickShift
    }

    /// Gives `slot`, which must have none, a deadline at `tick`, or at the next one if that passed.
    func set(_ slot: UInt32, at tick: Int64, in links: borrowing some TimerLinkStorage) {
        let tick = min(max(tick, currentTick + 1), currentTick + Self.distanceMax)
        links.timerLink(slot).pointee.tick = UInt32(truncatingIfNeeded: tick)
        append(slot, to: Int(tick) & (Self.bucketCount - 1), in: links)
        count += 1
    }

    /// Takes away the deadline of `slot`, which must have one.
    func clear(_ slot: UInt32, in links: borrowing some TimerLinkStorage) {
        remove(slot, from: list(of: links.timerLink(slot).pointee.tick), in: links)
        count -= 1
    }

    /// Lets time pass: deadlines up to the tick of `instant` become expired, in their order.
    ///
    /// - Complexity: O(*t* + *k*) for *t* ticks since the last call, at most one rotation, and *k*
    ///   deadlines in their buckets.
    func advance(to instant: MonotonicInstant, in links: borrowing some TimerLinkStorage) {
        let target = instant.nanoseconds >> Self.tickShift
        guard target > currentTick else { return }
        let first = currentTick + 1
        let last = min(target, currentTick + Int64(Self.bucketCount))
        currentTick = target
        guard count > 0 else { return }
        for tick in first...last {
            let bucket = Int(tick) & (Self.bucketCount - 1)
            if occupied[bucket >> 6] & (1 << UInt64(bucket & 63)) != 0 {
                expire(bucket, in: links)
            }
        }
    }

    /// Takes the first expired deadline and returns its slot, or nil if there is none.
    func popExpired(in links: borrowing some TimerLinkStorage) -> UInt32? {
        let slot = heads[Self.expired]
        guard slot != Self.none else { return nil }
        remove(slot, from: Self.expired, in: links)
        count -= 1
        return slot
    }

    /// Whether expired deadlines wait to be taken.
    var hasExpired: Bool { heads[Self.expired] != Self.none }

    /// The instant until which no deadline expires, or nil if none is set.
    ///
    /// A deadline more than a rotation away may make it earlier than necessary.
    var nextExpiry: MonotonicInstant? {
        guard count > 0 else { return nil }
        if hasExpired { return MonotonicInstant(nanoseconds: currentTick << Self.tickShift) }
        let start = Int(currentTick + 1) & (Self.bucketCount - 1)
        var index = start >> 6
        var word = occupied[index] & (~0 << UInt64(start & 63))
        if word == 0 {
            // The first word in use behind it, round to itself: of that the lower bits are left.
            let rotation = UInt64(index + 1) & 63
            let words = occupiedWords >> rotation | occupiedWords << ((64 - rotation) & 63)
            precondition(words != 0, "deadlines are counted that no bucket has")
            index = (index + 1 + words.trailingZeroBitCount) & (Self.wordCount - 1)
            word = occupied[index]
        }
        let bucket = index << 6 + word.trailingZeroBitCount
        let distance = (bucket - start) & (Self.bucketCount - 1)
        return MonotonicInstant(nanoseconds: (currentTick + 1 + Int64(distance)) << Self.tickShift)
    }

    /// How many ticks `tick` lies after the current one; not positive if it has passed.
    private func distance(to tick: UInt32) -> Int32 {
        Int32(bitPattern: tick &- UInt32(truncatingIfNeeded: currentTick))
    }

    private func list(of tick: UInt32) -> Int {
        distance(to: tick) <= 0 ? Self.expired : Int(tick) & (Self.bucketCount - 1)
    }

    private func expire(_ bucket: Int, in links: borrowing some TimerLinkStorage) {
        var slot = heads[bucket]
        let last = links.timerLink(slot).pointee.previous
        while true {
            let next = links.timerLink(slot).pointee.next
            if distance(to: links.timerLink(slot).pointee.tick) <= 0 {
                remove(slot, from: bucket, in: links)
                append(slot, to: Self.expired, in: links)
            }
            if slot == last { return }
            slot = next
        }
    }

    private func append(
        _ slot: UInt32, to list: Int, in links: borrowing some TimerLinkStorage
    ) {
        let link = links.timerLink(slot)
        let head = heads[list]
        if head == Self.none {
            link.pointee.next = slot
            link.pointee.previous = slot
            heads[list] = slot
            if list != Self.expired { setOccupied(list) }
            return
        }
        let headLink = links.timerLink(head)
        let tail = headLink.pointee.previous
        link.pointee.next = head
        link.pointee.previous = tail
        links.timerLink(tail).pointee.next = slot
        headLink.pointee.previous = slot
    }

    private func remove(
        _ slot: UInt32, from list: Int, in links: borrowing some TimerLinkStorage
    ) {
        let link = links.timerLink(slot).pointee
        assert(heads[list] != Self.none, "the slot has no deadline")
        if link.next == slot {
            assert(heads[list] == slot)
            heads[list] = Self.none
            if list != Self.expired { setFree(list) }
            return
        }
        links.timerLink(link.previous).pointee.next = link.next
        links.timerLink(link.next).pointee.previous = link.previous
        if heads[list] == slot { heads[list] = link.next }
    }

    private func setOccupied(_ bucket: Int) {
        occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
        occupiedWords |= 1 << UInt64(bucket >> 6)
    }

    private func setFree(_ bucket: Int) {
        occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63))
        if occupied[bucket >> 6] == 0 { occupiedWords &= ~(1 << UInt64(bucket >> 6)) }
    }
}
