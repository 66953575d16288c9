// SPDX-License-Identifier: MIT

import Reactor

/// What one loop measures of itself, and decides by; confined to the loop.
struct LoopWatch {
    /// How far the loop is behind.
    private(set) var lag: LoopLag
    private var policy: LoadPolicy
    /// When the pass over the streams began that is under way.
    private var passBegan: MonotonicInstant?
    private var passesNoted: UInt64 = 0
    private var connectionsNoted = 0
    private var descriptorsNoted = 0

    /// Begins to watch.
    init(_ policy: LoadPolicy, at instant: MonotonicInstant) {
        self.policy = policy
        lag = LoopLag(at: instant.nanoseconds)
    }

    /// Takes a turn into account. While streams are told in parts, all turns until everyone has
    /// been told who was behind are as one: that is what a subscriber waits.
    ///
    /// - Parameters:
    ///   - isTelling: Whether streams are still to be told something.
    ///   - passes: How often everyone has been told who was behind.
    mutating func note(
        turnFrom began: MonotonicInstant, to ended: MonotonicInstant, isTelling: Bool,
        passes: UInt64
    ) {
        let start = passBegan ?? began
        if isTelling, passBegan == nil || passes == passesNoted {
            passBegan = start
            passesNoted = passes
            return
        }
        passBegan = isTelling ? ended : nil
        passesNoted = passes
        lag.note(turnFrom: start.nanoseconds, to: ended.nanoseconds)
    }

    /// Why a new stream is refused now, or nil if it is taken.
    mutating func refusal(memoryBytes: Int?, at now: MonotonicInstant) -> RefusalReason? {
        policy.decide(
            Load(memoryBytes: memoryBytes, lagNanoseconds: lag.value(at: now.nanoseconds)))
    }

    /// What the loop refused by itself since this was last asked.
    mutating func newRefusals(_ statistics: EventLoopStatistics) -> [(RefusalReason, Int)] {
        let connections = statistics.refusedByLimit
        let descriptors = statistics.refusedByDescriptors + statistics.acceptPauses
        guard connections != connectionsNoted || descriptors != descriptorsNoted else { return [] }
        defer {
            connectionsNoted = connections
            descriptorsNoted = descriptors
        }
        return [
            (.connections, connections - connectionsNoted),
            (.descriptors, descriptors - descriptorsNoted),
        ]
    }
}
