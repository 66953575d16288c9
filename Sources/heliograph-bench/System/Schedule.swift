// SPDX-License-Identifier: MIT

/// The times at which things are due, fixed before the first of them.
///
/// When something is late, so is the next, but its latency still counts from the time it was due: a
/// server that stalls cannot hide it (no "coordinated omission").
struct Schedule {
    /// When the first is due, in nanoseconds of `MonotonicClock`.
    let startNanoseconds: Int64
    /// Between two.
    let intervalNanoseconds: Int64

    /// When the one of a number, counted from 0, is due.
    func dueNanoseconds(_ number: Int) -> Int64 {
        startNanoseconds + Int64(number) * intervalNanoseconds
    }
}
