// SPDX-License-Identifier: MIT

import Testing

@testable import Reactor

/// Links in an array's place: what the slab is to the loop.
private final class Links: TimerLinkStorage {
    private let base: UnsafeMutablePointer<TimerLink>

    init(count: Int) {
        base = .allocate(capacity: count)
        base.initialize(repeating: TimerLink(), count: count)
    }

    deinit { base.deallocate() }

    func timerLink(_ slot: UInt32) -> UnsafeMutablePointer<TimerLink> { base + Int(slot) }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("A timer wheel")
struct TimerWheelTests {
    private static func instant(_ tick: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: tick << TimerWheel.tickShift)
    }

    private static func pop(_ wheel: TimerWheel, _ links: Links) -> [UInt32] {
        var slots: [UInt32] = []
        while let slot = wheel.popExpired(in: links) { slots.append(slot) }
        return slots
    }

    @Test("has nothing to wait for when it is empty")
    func empty() {
        let wheel = TimerWheel(at: Self.instant(5))
        #expect(wheel.nextExpiry == nil)
        wheel.advance(to: Self.instant(100_000), in: Links(count: 1))
        #expect(!wheel.hasExpired)
    }

    @Test(
        "expires a deadline at its tick, not one before",
        arguments: [
            1, 63, 64, 4_095, 4_096, 4_097, 8_192, 100_000,
        ] as [Int64])
    func boundary(distance: Int64) {
        let links = Links(count: 1)
        let wheel = TimerWheel(at: Self.instant(7))
        wheel.set(0, at: 7 + distance, in: links)
        wheel.advance(to: Self.instant(7 + distance - 1), in: links)
        #expect(Self.pop(wheel, links) == [])
        wheel.advance(to: Self.instant(7 + distance), in: links)
        #expect(Self.pop(wheel, links) == [0])
        #expect(wheel.count == 0)
    }

    @Test("expires a deadline that lies in the past at the next tick")
    func past() {
        let links = Links(count: 1)
        let wheel = TimerWheel(at: Self.instant(7))
        wheel.set(0, at: 3, in: links)
        #expect(!wheel.hasExpired)
        #expect(wheel.nextExpiry == Self.instant(8))
        wheel.advance(to: Self.instant(8), in: links)
        #expect(Self.pop(wheel, links) == [0])
    }

    @Test("keeps the order in which deadlines of one tick were set")
    func order() {
        let links = Links(count: 4)
        let wheel = TimerWheel(at: Self.instant(0))
        for slot in [2, 0, 3] as [UInt32] { wheel.set(slot, at: 9, in: links) }
        wheel.set(1, at: 8, in: links)
        wheel.advance(to: Self.instant(50), in: links)
        #expect(Self.pop(wheel, links) == [1, 2, 0, 3])
    }

    @Test("forgets an expired deadline that is cleared before it was taken")
    func clearExpired() {
        let links = Links(count: 2)
        let wheel = TimerWheel(at: Self.instant(0))
        wheel.set(0, at: 1, in: links)
        wheel.set(1, at: 1, in: links)
        wheel.advance(to: Self.instant(1), in: links)
        wheel.clear(0, in: links)
        #expect(Self.pop(wheel, links) == [1])
    }

    @Test("rounds an instant up to the tick by which it has passed")
    func rounding() {
        let tick = Int64(1) << TimerWheel.tickShift
        #expect(TimerWheel.tick(notBefore: MonotonicInstant(nanoseconds: tick)) == 1)
        #expect(TimerWheel.tick(notBefore: MonotonicInstant(nanoseconds: tick + 1)) == 2)
        #expect(TimerWheel.tick(notBefore: MonotonicInstant(nanoseconds: tick - 1)) == 1)
        #expect(tick < 50_000_000)
    }

    @Test("does what a list of deadlines would do", arguments: 1...20 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SplitMix(state: seed)
        let slots = 200
        let links = Links(count: slots)
        // Also across the point where the low 32 bits of a tick wrap.
        var now = seed % 2 == 0 ? Int64(1) << 32 - 3_000 : 12
        let wheel = TimerWheel(at: Self.instant(now))
        var model: [UInt32: Int64] = [:]
        for _ in 0..<4_000 {
            let slot = UInt32.random(in: 0..<UInt32(slots), using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                if model[slot] != nil { wheel.clear(slot, in: links) }
                let range: Int64 = Bool.random(using: &random) ? 100 : 20_000
                let tick = now + Int64.random(in: -2...range, using: &random)
                wheel.set(slot, at: tick, in: links)
                model[slot] = max(tick, now + 1)
            case 6..<8:
                if model.removeValue(forKey: slot) != nil { wheel.clear(slot, in: links) }
            default:
                let far = Int.random(in: 0..<50, using: &random) == 0
                now += Int64.random(in: 0...(far ? 30_000 : 40), using: &random)
                wheel.advance(to: Self.instant(now), in: links)
                let due = model.filter { $0.value <= now }
                let popped = Self.pop(wheel, links)
                #expect(Set(popped) == Set(due.keys))
                #expect(popped.count == due.count)
                for slot in popped { model[slot] = nil }
            }
            #expect(wheel.count == model.count)
            if let earliest = model.values.min() {
                let next = wheel.nextExpiry
                #expect(next.map { $0 > Self.instant(now) && $0 <= Self.instant(earliest) } == true)
            } else {
                #expect(wheel.nextExpiry == nil)
            }
        }
    }
}
