// SPDX-License-Identifier: MIT

import Core

/// When which change arrived at the subscribers of one client process.
///
/// Only the raw times are kept while events run; what they mean is worked out afterwards, because
/// a change may arrive before the writer has its answer and knows the timestamp.
struct Arrivals {
    /// One change as the publisher knows it.
    struct Event {
        /// Its `last_modified`.
        let timestamp: Int64
        /// When it was to be written, by the schedule.
        let scheduledNanoseconds: Int64
        /// When the server had answered the write.
        let answeredNanoseconds: Int64
    }

    /// The subscribers' share of the report.
    struct Summary {
        /// Arrivals of known events.
        var deliveries: Int64 = 0
        /// Arrivals of other changes.
        var foreign: Int64 = 0
        /// Arrivals before the write's answer.
        var early: Int64 = 0
        /// From the scheduled time of a write to each arrival, in nanoseconds.
        var sinceSchedule = Histogram()
        /// From the answer to a write to each arrival, in nanoseconds.
        var sinceAnswer = Histogram()
        /// For each event the last arrival, in nanoseconds of the clock; 0 if nobody got it.
        var lastArrivals: [Int64] = []

        /// Makes a summary of nothing.
        init() {}
    }

    private var places: [Int64: Int] = [:]
    private var times: [[Int64]] = []
    private var newestTimestamp = Int64.min
    private var newestPlace = 0

    /// Makes an empty record.
    init() {}

    /// Records that the change of `timestamp` arrived at one subscriber.
    mutating func record(_ timestamp: Int64, atNanoseconds now: Int64) {
        // Fan-out brings the same change thousands of times in a row.
        if timestamp != newestTimestamp || times.isEmpty {
            newestTimestamp = timestamp
            if let place = places[timestamp] {
                newestPlace = place
            } else {
                newestPlace = times.count
                places[timestamp] = newestPlace
                times.append([])
            }
        }
        times[newestPlace].append(now)
    }

    /// Works out what the arrivals of `events` tell.
    ///
    /// - Complexity: O(number of arrivals).
    func summary(of events: [Event]) -> Summary {
        var summary = Summary()
        var known = Set<Int64>()
        for event in events {
            known.insert(event.timestamp)
            let arrivals = places[event.timestamp].map { times[$0] } ?? []
            summary.deliveries += Int64(arrivals.count)
            summary.lastArrivals.append(arrivals.max() ?? 0)
            for arrival in arrivals {
                summary.sinceSchedule.record(arrival - event.scheduledNanoseconds)
                summary.sinceAnswer.record(arrival - event.answeredNanoseconds)
                if arrival < event.answeredNanoseconds { summary.early += 1 }
            }
        }
        for (timestamp, place) in places where !known.contains(timestamp) {
            summary.foreign += Int64(times[place].count)
        }
        return summary
    }
}

/// The form in which client processes hand their summaries over.
extension Arrivals.Summary {
    /// The summary as JSON.
    ///
    /// - Complexity: O(number of events).
    var json: JSONValue {
        [
            "deliveries": .integer(deliveries), "foreign": .integer(foreign),
            "early": .integer(early), "since_schedule": sinceSchedule.json,
            "since_answer": sinceAnswer.json,
            "last_arrivals": .array(lastArrivals.map { .integer($0) }),
        ]
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    init?(json: JSONValue?) {
        guard let object = json?.object, let deliveries = object["deliveries"]?.integer,
            let foreign = object["foreign"]?.integer, let early = object["early"]?.integer,
            let sinceSchedule = Histogram(json: object["since_schedule"]),
            let sinceAnswer = Histogram(json: object["since_answer"]),
            let lastArrivals = object["last_arrivals"]?.array
        else { return nil }
        self.deliveries = deliveries
        self.foreign = foreign
        self.early = early
        self.sinceSchedule = sinceSchedule
        self.sinceAnswer = sinceAnswer
        self.lastArrivals = lastArrivals.compactMap(\.integer)
    }

    /// Adds the summary of another process.
    ///
    /// - Complexity: O(number of events).
    mutating func merge(_ other: Arrivals.Summary) {
        deliveries += other.deliveries
        foreign += other.foreign
        early += other.early
        sinceSchedule.merge(other.sinceSchedule)
        sinceAnswer.merge(other.sinceAnswer)
        if lastArrivals.isEmpty { lastArrivals = other.lastArrivals }
        for (place, arrival) in other.lastArrivals.enumerated() where place < lastArrivals.count {
            lastArrivals[place] = max(lastArrivals[place], arrival)
        }
    }
}
