// SPDX-License-Identifier: MIT

import Testing

@testable import heliograph_bench

@Suite("How evenly things happen")
struct RateTests {
    private static let second: Int64 = 1_000_000_000

    @Test("is even if each comes as long after the one before")
    func even() throws {
        let times = (0...1_000).map { Int64($0) * Self.second / 100 }
        let rate = try #require(Rate(times: times.reversed()))
        #expect(rate.spanNanoseconds == 10 * Self.second)
        #expect(rate.peakPerSecond == 100)
        #expect(abs(rate.peakToMean - 1) < 0.01)
    }

    @Test("has its peak within any second, not within those of a clock")
    func peak() throws {
        // 30 within 0.6 s, on both sides of a full second.
        let crowd = (0..<30).map { Self.second * 8 / 10 + Int64($0) * Self.second / 50 }
        let rate = try #require(Rate(times: [0] + crowd + [4 * Self.second]))
        #expect(rate.peakPerSecond == 30)
        #expect(rate.peakToMean == 3.75)
    }

    @Test("is no more than the count if all come within a second")
    func short() throws {
        let rate = try #require(Rate(times: [5, 6, 7]))
        #expect(rate.meanPerSecond == 3)
        #expect(rate.peakToMean == 1)
        #expect(Rate(times: []) == nil)
    }

    @Test("is counted by the second since a start")
    func counts() {
        let start = 100 * Self.second
        let times = [start - 1, start, start + Self.second - 1, start + Self.second, start * 2]
        #expect(Rate.counts(of: times, since: start, seconds: 3) == [2, 1, 0])
    }

    @Test("and a trend is the slope of the line that fits")
    func trend() {
        let points = (0..<10).map { (x: Double($0), y: 7 + 3 * Double($0)) }
        #expect(Trend.slope(of: points) == 3)
        #expect(Trend.slope(of: [(x: 1, y: 1)]) == nil)
        #expect(Trend.slope(of: [(x: 1, y: 1), (x: 1, y: 2)]) == nil)
    }
}
