// SPDX-License-Identifier: MIT

import Core
import Glibc

/// Subscribers of a measurement, in as many client processes as needed.
final class SubscriberPool {
    /// What the subscribers saw, all client processes together.
    struct Report {
        /// The arrivals of the events.
        var arrivals = Arrivals.Summary()
        /// The processor time of all client processes since the last reset.
        var cpuNanoseconds: Int64 = 0
        /// Streams that ended after they were ready.
        var lost: Int64 = 0
        /// Changes older than one that the same subscriber had before.
        var older: Int64 = 0
        /// Changes that a subscriber got twice.
        var repeated: Int64 = 0
        /// When streams ended and subscribers returned.
        var comings = Comings()

        /// Makes a report of nothing.
        init() {}

        /// Adds the report of other subscribers.
        ///
        /// - Complexity: O(size of the report).
        mutating func merge(_ other: Report) {
            arrivals.merge(other.arrivals)
            cpuNanoseconds += other.cpuNanoseconds
            lost += other.lost
            older += other.older
            repeated += other.repeated
            comings.merge(other.comings)
        }
    }

    /// How many subscribers there are.
    let count: Int
    private let processes: ClientProcesses

    /// How many client processes there are.
    var processCount: Int { processes.count }

    /// Opens subscribers and waits until all are ready.
    ///
    /// - Parameters:
    ///   - options: What all of them do together.
    ///   - processes: Client processes; nil for as few as descriptors allow.
    ///   - progress: Called with the number of those that are ready.
    /// - Throws: `BenchFailure`.
    init(
        _ options: SubscriberOptions, processes: Int? = nil, progress: (Int) -> Void = { _ in }
    ) throws {
        count = options.count
        let perProcess = FileDescriptor.raiseLimit() - Limits.benchSpareDescriptors
        guard perProcess > 0 else { throw BenchFailure("too few files may be open") }
        let needed = (count + perProcess - 1) / perProcess
        let number = min(count, max(needed, processes ?? 1))
        guard number <= Limits.benchClientsMax else {
            throw BenchFailure("\(count) subscribers need more than \(number - 1) processes")
        }
        var first = 0
        var commandLines: [[String]] = []
        for place in 0..<number {
            let share = count / number + (place < count % number ? 1 : 0)
            commandLines.append(options.share(of: share, behind: first).arguments)
            first += share
        }
        self.processes = try ClientProcesses(commandLines: commandLines)
        try self.processes.waitUntilReady(progress)
    }

    /// Forgets the arrivals so far.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func reset() throws {
        _ = try processes.ask("reset", expecting: "was-reset")
    }

    /// Has all stop reading, or read again.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func setPaused(_ isPaused: Bool) throws {
        _ = try processes.ask(
            isPaused ? "pause" : "resume", expecting: isPaused ? "paused" : "resumed")
    }

    /// Has all close their streams.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func leave() throws {
        _ = try processes.ask("leave", expecting: "left")
    }

    /// Has all that left open their streams again, all at once.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func returnAtOnce() throws {
        _ = try processes.ask("return", expecting: "returning")
    }

    /// Has subscribers leave and return at once, so many per second; 0 ends it.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func setChurn(perSecond: Int) throws {
        let share = perSecond > 0 ? max(1, perSecond / processes.count) : 0
        _ = try processes.ask("churn \(share)", expecting: "churning")
    }

    /// How the subscribers are doing.
    struct Status {
        /// Those that are there and caught up.
        var ready = 0
        /// Streams that ended since the last reset.
        var ended = 0
    }

    /// How the subscribers are doing now.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func status() throws -> Status {
        var status = Status()
        for answer in try processes.ask("status", expecting: "status") {
            let numbers = answer.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 2 else {
                throw BenchFailure("a client process says '\(answer)'")
            }
            status.ready += numbers[0]
            status.ended += numbers[1]
        }
        return status
    }

    /// Waits until all are there and caught up.
    ///
    /// - Parameter meanwhile: Called between two looks with the number of those that are.
    /// - Returns: Whether that was within the time.
    /// - Throws: `BenchFailure` if a client process failed.
    func waitUntilAllReady(secondsMax: Int, meanwhile: (Int) throws -> Void) throws -> Bool {
        let deadline = MonotonicClock.nowNanoseconds + Int64(secondsMax) * 1_000_000_000
        while true {
            let ready = try status().ready
            if ready == count { return true }
            guard MonotonicClock.nowNanoseconds < deadline else { return false }
            try meanwhile(ready)
            MonotonicClock.sleep(milliseconds: Limits.benchPollMilliseconds)
        }
    }

    /// Waits until every subscriber has the newest state, at most `Limits.benchArrivalSecondsMax`.
    ///
    /// - Parameter newest: The newest timestamp of each collection.
    /// - Returns: How many subscribers do not have it.
    /// - Throws: `BenchFailure` if a client process failed.
    func waitForArrival(of newest: [Int64]) throws -> Int {
        let order = "await " + newest.map { String($0) }.joined(separator: " ")
        return try processes.ask(order, expecting: "awaited").reduce(0) { $0 + (Int($1) ?? 0) }
    }

    /// What became of `events`, which were written since the last reset.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func report(of events: [Arrivals.Event]) throws -> Report {
        for event in events {
            try processes.tell(
                "event \(event.change.collection) \(event.change.timestamp)"
                    + " \(event.scheduledNanoseconds) \(event.answeredNanoseconds)")
        }
        var report = Report()
        for text in try processes.ask("report", expecting: "report") {
            guard let part = Report(json: try? JSONParser.parse(text)) else {
                throw BenchFailure("a client process reports '\(text.prefix(80))'")
            }
            report.merge(part)
        }
        return report
    }
}

extension SubscriberPool.Report {
    /// Reads a client process's report, or returns nil if it is something else.
    fileprivate init?(json: JSONValue?) {
        guard let object = json?.object, let arrivals = Arrivals.Summary(json: object["arrivals"]),
            let comings = Comings(json: object["comings"]),
            let cpu = object["cpu_nanoseconds"]?.integer, let lost = object["lost"]?.integer,
            let older = object["older"]?.integer, let repeated = object["repeated"]?.integer
        else { return nil }
        self.arrivals = arrivals
        self.comings = comings
        cpuNanoseconds = cpu
        self.lost = lost
        self.older = older
        self.repeated = repeated
    }
}
