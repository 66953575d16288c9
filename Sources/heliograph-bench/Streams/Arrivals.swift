// SPDX-License-Identifier: MIT

import Core

/// When which change arrived at the subscribers of one client process.
///
/// Only the raw times are kept while events run; what they mean is worked out afterwards, because
/// a change may arrive before the writer has its answer and knows the timestamp.
struct Arrivals {
    /// One change as the publisher knows it.
    struct Event {
        /// Which change.
        let change: ChangeID
        /// When it was to be written, by the schedule.
        let scheduledNanoseconds: Int64
        /// When the server had answered the write.
        let answeredNanoseconds: Int64
    }

    /// The subscribers' share of the report.
    struct Summary {
        /// Arrivals of known events.
        var deliveries: Int64 = 0
        /// Arrivals of other changes, those that are only counted included.
        var others: Int64 = 0
        /// Those of them whose time was taken: if all events are known, nobody wrote them.
        var unknown: Int64 = 0
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

    private var places: [ChangeID: Int] = [:]
    private var times: [[Int64]] = []
    private var newest: ChangeID?
    private var newestPlace = 0
    private var counted: Int64 = 0

    /// Makes an empty record.
    init() {}

    /// Records that a change arrived at one subscriber.
    mutating func record(_ change: ChangeID, atNanoseconds now: Int64) {
        // Fan-out brings the same change thousands of times in a row.
        if change != newest {
            newest = change
            if let place = places[change] {
                newestPlace = place
            } else {
                newestPlace = times.count
                places[change] = newestPlace
                times.append([])
            }
        }
        times[newestPlace].append(now)
    }

    /// Counts the arrival of a change whose time does not matter.
    mutating func count() { counted += 1 }

    /// How many changes arrived, of whatever collection.
    ///
    /// - Complexity: O(number of changes).
    var total: Int64 { times.reduce(counted) { $0 + Int64($1.count) } }

    /// Works out what the arrivals of `events` tell.
    ///
    /// - Parameter events: Each once.
    /// - Complexity: O(number of arrivals).
    func summary(of events: [Event]) -> Summary {
        var summary = Summary()
        for event in events {
            let arrivals = places[event.change].map { times[$0] } ?? []
            summary.deliveries += Int64(arrivals.count)
            summary.lastArrivals.append(arrivals.max() ?? 0)
            for arrival in arrivals {
                summary.sinceSchedule.record(arrival - event.scheduledNanoseconds)
                summary.sinceAnswer.record(arrival - event.answeredNanoseconds)
                if arrival < event.answeredNanoseconds { summary.early += 1 }
            }
        }
        summary.others = total - summary.deliveries
        summary.unknown = summary.others - counted
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
            "deliveries": .integer(deliveries), "others": .integer(others),
            "unknown": .integer(unknown),
            "early": .integer(early), "since_schedule": sinceSchedule.json,
            "since_answer": sinceAnswer.json,
            "last_arrivals": .array(lastArrivals.map { .integer($0) }),
        ]
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    init?(json: JSONValue?) {
        guard let object = json?.object, let deliveries = object["deliveries"]?.integer,
            let others = object["others"]?.integer, let unknown = object["unknown"]?.integer,
            let early = object["early"]?.integer,
            let sinceSchedule = Histogram(json: object["since_schedule"]),
            let sinceAnswer = Histogram(json: object["since_answer"]),
            let lastArrivals = object["last_arrivals"]?.array
        else { return nil }
        self.deliveries = deliveries
        self.others = others
        self.unknown = unknown
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
        others += other.others
        unknown += other.unknown
        early += other.early
        sinceSchedule.merge(other.sinceSchedule)
        sinceAnswer.merge(other.sinceAnswer)
        if lastArrivals.isEmpty { lastArrivals = other.lastArrivals }
        for (place, arrival) in other.lastArrivals.enumerated() where place < lastArrivals.count {
            lastArrivals[place] = max(lastArrivals[place], arrival)
        }
    }
}
