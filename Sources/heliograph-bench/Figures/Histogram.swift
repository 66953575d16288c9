// SPDX-License-Identifier: MIT
//
// A histogram of durations with logarithmic buckets, in the manner of HdrHistogram: values below
// 128 have a bucket each; above, every power of two is cut into 64 buckets. A quantile is
// therefore at most 1.6 % above the true one, from nanoseconds to centuries, in at most 3,712
// counters. Histograms of several processes are merged by adding their counters.

import Core

/// How often durations occurred, exact to 1.6 %.
struct Histogram: Equatable {
    /// How many values were recorded.
    private(set) var count: Int64 = 0
    /// The largest value recorded, exactly; 0 if there is none.
    private(set) var maximum: Int64 = 0
    private var buckets: [Int64] = []

    private static let exactMax: Int64 = 128
    private static let bucketsPerOctave = 64

    /// Makes an empty histogram.
    init() {}

    /// Records `value`; a negative one counts as 0.
    mutating func record(_ value: Int64) {
        add(Swift.max(0, value), times: 1)
    }

    /// Adds what `other` has recorded.
    ///
    /// - Complexity: O(number of buckets).
    mutating func merge(_ other: Histogram) {
        for (index, times) in other.buckets.enumerated() where times > 0 {
            addToBucket(index, times: times)
        }
        maximum = Swift.max(maximum, other.maximum)
    }

    /// The value that a share of `quantile` (0 to 1) of all values does not exceed, or nil if there
    /// are none: the upper end of its bucket, but never above the maximum.
    ///
    /// - Complexity: O(number of buckets).
    func value(atQuantile quantile: Double) -> Int64? {
        precondition(quantile >= 0 && quantile <= 1)
        guard count > 0 else { return nil }
        let rank = Swift.max(1, Int64((quantile * Double(count)).rounded(.up)))
        var seen: Int64 = 0
        for (index, times) in buckets.enumerated() {
            seen += times
            if seen >= rank { return Swift.min(Self.upperEnd(ofBucket: index), maximum) }
        }
        return maximum
    }

    private mutating func add(_ value: Int64, times: Int64) {
        addToBucket(Self.bucket(of: value), times: times)
        maximum = Swift.max(maximum, value)
    }

    private mutating func addToBucket(_ index: Int, times: Int64) {
        if index >= buckets.count {
            buckets.append(contentsOf: repeatElement(0, count: index + 1 - buckets.count))
        }
        buckets[index] += times
        count += times
    }

    /// The bucket that `value` belongs to.
    static func bucket(of value: Int64) -> Int {
        assert(value >= 0)
        if value < exactMax { return Int(value) }
        let shift = Int64.bitWidth - value.leadingZeroBitCount - 7
        return shift * bucketsPerOctave + Int(value >> Int64(shift))
    }

    /// The largest value that belongs to a bucket.
    static func upperEnd(ofBucket index: Int) -> Int64 {
        if index < Int(exactMax) { return Int64(index) }
        let shift = Int64(index / bucketsPerOctave - 1)
        let top = Int64(index % bucketsPerOctave + bucketsPerOctave)
        return (top << shift) + ((1 << shift) - 1)
    }
}

/// The form in which client processes hand their histograms over.
extension Histogram {
    /// `{"max":…,"buckets":[index,times,…]}`, empty buckets left out.
    ///
    /// - Complexity: O(number of buckets).
    var json: JSONValue {
        var pairs: [JSONValue] = []
        for (index, times) in buckets.enumerated() where times > 0 {
            pairs.append(.integer(Int64(index)))
            pairs.append(.integer(times))
        }
        return ["max": .integer(maximum), "buckets": .array(pairs)]
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    ///
    /// - Complexity: O(number of buckets).
    init?(json: JSONValue?) {
        guard let object = json?.object, let maximum = object["max"]?.integer,
            let pairs = object["buckets"]?.array, pairs.count % 2 == 0
        else { return nil }
        for place in stride(from: 0, to: pairs.count, by: 2) {
            guard let index = pairs[place].integer, let times = pairs[place + 1].integer,
                index >= 0, index < Int64(Self.bucketsPerOctave * 58), times > 0
            else { return nil }
            addToBucket(Int(index), times: times)
        }
        self.maximum = maximum
    }
}
