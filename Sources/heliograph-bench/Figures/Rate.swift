// SPDX-License-Identifier: MIT

/// How evenly things happened: the most within any second, and the mean over all the time in which
/// they did.
struct Rate {
    /// Things per second over the time from the first to the last, which counts as a second at
    /// least.
    let meanPerSecond: Double
    /// The most things within a second, wherever it begins.
    let peakPerSecond: Int
    /// From the first to the last.
    let spanNanoseconds: Int64

    private static let second: Int64 = 1_000_000_000

    /// Counts things by the times at which they happened; nil if there are none.
    ///
    /// - Parameter times: In nanoseconds, in any order.
    /// - Complexity: O(*n* log *n*).
    init?(times: [Int64]) {
        let sorted = times.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        spanNanoseconds = last - first
        let seconds = Double(max(spanNanoseconds, Self.second)) / Double(Self.second)
        meanPerSecond = Double(sorted.count) / seconds
        var peak = 0
        var start = 0
        for (place, time) in sorted.enumerated() {
            while time - sorted[start] >= Self.second { start += 1 }
            peak = max(peak, place - start + 1)
        }
        peakPerSecond = peak
    }

    /// The peak as a multiple of the mean.
    var peakToMean: Double { Double(peakPerSecond) / meanPerSecond }

    /// How many of `times` fall into each second since `start`, as far as the last of them all.
    ///
    /// - Parameter seconds: How many seconds are counted; what is before or after them is not.
    /// - Complexity: O(*n*).
    static func counts(of times: [Int64], since start: Int64, seconds: Int) -> [Int] {
        var counts = Array(repeating: 0, count: seconds)
        for time in times where time >= start {
            let second = Int((time - start) / Self.second)
            if second < seconds { counts[second] += 1 }
        }
        return counts
    }
}
