// SPDX-License-Identifier: MIT

import Testing

@testable import heliograph_bench

@Suite("A histogram of durations")
struct HistogramTests {
    @Test("has a bucket for every duration, each behind the last")
    func buckets() {
        for value in [0, 1, 126, 127, 128, 129, 255, 256, 1 << 40, Int64.max - 1, Int64.max] {
            let bucket = Histogram.bucket(of: value)
            #expect(Histogram.upperEnd(ofBucket: bucket) >= value)
            #expect(bucket == 0 || Histogram.upperEnd(ofBucket: bucket - 1) < value)
        }
    }

    @Test("tells quantiles at most 1.6 % too large, and never above the maximum")
    func quantiles() throws {
        var histogram = Histogram()
        for value in 1...100_000 { histogram.record(Int64(value) * 1_000) }
        for (quantile, exact) in [(0.0, 1_000), (0.5, 50_000_000), (0.99, 99_000_000)] {
            let value = try #require(histogram.value(atQuantile: quantile))
            #expect(value >= exact)
            #expect(Double(value) <= Double(exact) * 1.016)
        }
        #expect(histogram.value(atQuantile: 1) == 100_000_000)
        #expect(histogram.maximum == 100_000_000)
    }

    @Test("has no quantiles without values, and takes a negative duration for none")
    func edges() {
        var histogram = Histogram()
        #expect(histogram.value(atQuantile: 0.5) == nil)
        histogram.record(-5)
        #expect(histogram.value(atQuantile: 0.5) == 0)
    }

    @Test("survives its journey from a client process, and adds up")
    func merging() throws {
        var left = Histogram()
        var right = Histogram()
        var both = Histogram()
        for value: Int64 in [3, 200, 70_000] {
            left.record(value)
            right.record(value * 11)
            both.record(value)
            both.record(value * 11)
        }
        var merged = try #require(Histogram(json: left.json))
        #expect(merged == left)
        merged.merge(right)
        #expect(merged == both)
        #expect(Histogram(json: .string("no histogram")) == nil)
    }
}
