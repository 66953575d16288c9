// SPDX-License-Identifier: MIT
//
// How far a loop is behind: how long the turns are that something new would have to wait for.
//
// Measured as the mean length of the turn that a moment falls into, over the last seconds: a turn
// counts by its length, waiting counts as a turn of no length, and what is past counts less by a
// factor e every five seconds (an exponential average over time). The turns in which a crowd is
// told in parts count as one (`LoopWatch`). So a single turn of one second, a fan-out to 200,000
// streams say, makes 180 ms of lag, which is gone soon and refuses nobody at a limit of one second;
// one to 10,000 streams takes a twentieth of a second and never counts, were there nothing else to
// do all day. Turns of two seconds one after another pass that limit after three and a half
// seconds, which is when those who already have a stream are getting their events late for good.
// Rejected: the longest turn, which one fan-out makes, and the last, which flickers.

import Glibc

/// The lag of one loop.
struct LoopLag {
    /// How long a moment counts.
    static let spanNanoseconds = 5e9

    private var nanoseconds = 0.0
    private var updatedAt: Int64

    /// Has no lag yet.
    init(at instant: Int64) {
        updatedAt = instant
    }

    /// Takes a turn into account: when it began and ended, by a clock in nanoseconds.
    mutating func note(turnFrom began: Int64, to ended: Int64) {
        let length = Double(ended - began)
        let rest = value(at: began)
        nanoseconds = length + (rest - length) * LoopLag.decay(length)
        updatedAt = ended
    }

    /// The lag at a moment after the last turn, in nanoseconds.
    func value(at instant: Int64) -> Double {
        nanoseconds * LoopLag.decay(Double(instant - updatedAt))
    }

    /// How much of a lag is left after a time.
    static func decay(_ nanoseconds: Double) -> Double {
        let share = max(nanoseconds, 0) / spanNanoseconds
        // Of nearly all turns. Off by less than a millionth of a millionth.
        if share < 1e-4 { return 1 - share * (1 - share / 2) }
        return exp(-share)
    }
}
