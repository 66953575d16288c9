// SPDX-License-Identifier: MIT

/// Waiting times between attempts: random below a bound that doubles with each failure, so that
/// clients that were lost together do not return together.
struct Backoff {
    /// The bound after the first failure.
    var base = Duration.seconds(1)
    /// The highest bound.
    var max = Duration.seconds(60)
    private var failures = 0

    /// The time to wait now; at least `floor`, which the server chose.
    mutating func next(atLeast floor: Duration = .zero) -> Duration {
        let bound = min(max, base * (1 << min(failures, 16)))
        failures += 1
        return floor + bound * Double.random(in: 0..<1)
    }

    /// An attempt worked.
    mutating func reset() { failures = 0 }
}
