// SPDX-License-Identifier: MIT
//
// Pacing: one change is told to the streams of a loop over a window, so that those who poll after
// it do not all poll at once. The paced streams are cut into slices by a hash of their connection;
// a slice is told everything it is owed at its own moment of the window, and stands at the position
// it was told up to until its next moment. So one change reaches everyone within the window, many
// changes are conflated to one telling per window and stream, and nothing is kept per stream.
//
//   change ──▶ WebSocket streams at once
//          └─▶ slice 0 ─ slice 1 ─ … ─ slice 63        one after another, evenly over the window
//
// Invariants:
// 1. The members of a slice's groups have exactly what is up to the slice's position.
// 2. Who has more than that waits, parked, for the slice's next moment, and joins then.
// 3. While any slice is behind the head, ticks go on.

import Core
import Hub

/// The slices of a loop's paced streams.
struct Pace {
    /// Which streams of a slice are sent the same frames.
    struct GroupKey: Hashable {
        /// The number of their cohort.
        let cohort: Int32
        /// How they spell events.
        let encoding: StreamEncoding
    }

    /// The streams that are told at one moment of the window.
    struct Slice {
        /// Up to where its members were told of changes.
        var revision = Revision.zero
        /// Up to where its members were told of broadcasts.
        var broadcast: UInt64 = 0
        /// Its live members.
        var groups: [GroupKey: StreamGroup] = [:]
        /// Streams that have more than its members, and join at its next moment.
        var parked: [StreamID] = []
    }

    /// The slices; none if pacing is off.
    var slices: [Slice]
    /// The slice that is told next.
    private(set) var next = 0
    /// Ticks until all slices have come to the head.
    private(set) var ticksLeft = 0
    /// Over how long one change is told; 0 for at once.
    var windowMilliseconds: Int

    /// Makes so many slices, without streams.
    init(windowMilliseconds: Int, slices count: Int) {
        self.windowMilliseconds = windowMilliseconds
        slices = Array(repeating: Slice(), count: windowMilliseconds > 0 ? count : 0)
    }

    /// Whether anything is paced.
    var isOn: Bool { windowMilliseconds > 0 }

    /// From one tick to the next.
    var tickMilliseconds: Int { max(1, windowMilliseconds / max(1, slices.count)) }

    /// The slice of a stream: the same as long as its connection lasts.
    func slice(of id: StreamID) -> Int {
        // Slots are given out in order: a multiplication spreads neighbours (Fibonacci hashing).
        let mixed = (UInt64(id.generation) << 32 | UInt64(id.slot)) &* 0x9E37_79B9_7F4A_7C15
        return Int(mixed >> 58) % slices.count
    }

    /// There is something new to tell.
    ///
    /// - Returns: Whether ticks have to begin.
    mutating func noteNews() -> Bool {
        let isResting = ticksLeft == 0
        ticksLeft = slices.count
        return isResting
    }

    /// Goes on to the next moment.
    ///
    /// - Returns: The slice whose moment it is.
    mutating func tick() -> Int {
        let slice = next
        next = (next + 1) % slices.count
        ticksLeft = max(0, ticksLeft - 1)
        return slice
    }

    /// Takes the groups of a cohort out, which have no members any more.
    ///
    /// - Complexity: O(number of slices).
    mutating func removeGroups(of cohort: Int32, transport: some StreamTransport) {
        for place in slices.indices {
            for encoding in StreamEncoding.allCases {
                let key = GroupKey(cohort: cohort, encoding: encoding)
                guard let group = slices[place].groups.removeValue(forKey: key) else { continue }
                transport.removeGroup(group)
            }
        }
    }
}
