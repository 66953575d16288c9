// SPDX-License-Identifier: MIT

import Core

/// Client processes that ask a server again and again.
final class RequestPool {
    /// What came out of a run, with the server's part in it.
    struct Result {
        /// What became of the requests.
        let summary: RequestSummary
        /// The server's processor time in microseconds, if its process is known.
        let serverMicroseconds: Double?
        /// How many requests were due by schedule; nil without one.
        let due: Int?
        /// From the first to the end of the last one's interval by schedule; 0 without one.
        let scheduledNanoseconds: Int64

        /// How many that were due were not sent in the time.
        private var unsent: Int64? { due.map { max(0, Int64($0) - summary.latencies.count) } }

        /// The bytes of an answer on average; nil if there was none.
        var bytesPerAnswer: Double? {
            let count = summary.latencies.count
            return count > 0 ? Double(summary.bytes) / Double(count) : nil
        }

        /// Whether so few of those that were due were sent that the latencies tell too little.
        var isFarBehind: Bool {
            guard let due, let unsent else { return false }
            return unsent * 100 > Int64(due * Limits.benchUnsentPercentMax)
        }

        /// Adds the figures to a report.
        ///
        /// - Parameters:
        ///   - key: What the figures' names for programs begin with.
        ///   - label: What their names for people begin with.
        func add(to report: inout Report, _ key: String, _ label: String) {
            let count = summary.latencies.count
            report.add("\(key)_requests", "\(label), answers", .count(count))
            if let unsent {
                report.add("\(key)_unsent", "\(label), due but not sent", .count(unsent))
            }
            report.add(
                "\(key)_unexpected", "\(label), wrong answers", .failures(summary.unexpected))
            guard count > 0 else { return }
            let nanoseconds = max(1, summary.nanoseconds, scheduledNanoseconds)
            let perSecond = Double(count) / (Double(nanoseconds) / 1e9)
            report.add(
                "\(key)_per_second", "\(label), per second", .count(Int64(perSecond.rounded())))
            let client = Double(summary.cpuNanoseconds) / 1_000 / Double(count)
            report.add(
                "\(key)_server_cpu_microseconds", "\(label), server CPU for each",
                serverMicroseconds.map {
                    .quantity($0 / Double(count), unit: "µs", digits: 2)
                } ?? .unknown)
            report.add(
                "\(key)_client_cpu_microseconds", "\(label), client CPU for each",
                .quantity(client, unit: "µs", digits: 2))
            report.add("\(key)_microseconds", "\(label), latency", summary.latencies)
        }
    }

    private let processes: ClientProcesses

    /// Starts client processes.
    ///
    /// - Throws: `BenchFailure`.
    init(processes: Int?) throws {
        self.processes = try ClientProcesses(
            commandLines: Array(repeating: ["requests"], count: processes ?? 1))
    }

    /// Connects to the server of a job, and asks once on each connection.
    ///
    /// - Throws: `BenchFailure`.
    func prepare(_ job: RequestJob) throws {
        let lines = (0..<processes.count).map { place -> String in
            var share = job
            share.connections = max(1, self.share(of: job.connections, place))
            share.firstNumber += place * Limits.benchNumbersPerProcess
            return "prepare " + JSONWriter.string(share.json)
        }
        try processes.tell(lines)
        _ = try processes.answers("prepared")
    }

    /// Has the prepared job done.
    ///
    /// - Parameter server: Whose processor time is looked at.
    /// - Throws: `BenchFailure`.
    func run(_ run: RequestRun, on server: ServerProcess) throws -> Result {
        let before = try server.usage()
        try start(run)
        let summary = try finish()
        var microseconds: Double?
        if let before, let after = try server.usage() {
            microseconds = after.since(before).microseconds
        }
        return Result(
            summary: summary, serverMicroseconds: microseconds,
            due: run.perSecond > 0 ? run.count : nil,
            scheduledNanoseconds: run.perSecond > 0
                ? Int64(run.count) * 1_000_000_000 / Int64(run.perSecond) : 0)
    }

    /// Begins the prepared job; `finish` is to follow.
    ///
    /// - Throws: `BenchFailure`.
    func start(_ run: RequestRun) throws {
        let lines = (0..<processes.count).map { place in
            let rate = run.perSecond > 0 ? max(1, share(of: run.perSecond, place)) : 0
            return "run \(max(1, share(of: run.count, place))) \(rate) \(run.milliseconds)"
        }
        try processes.tell(lines)
    }

    /// Waits until a job that was started is done.
    ///
    /// - Throws: `BenchFailure`.
    func finish() throws -> RequestSummary {
        var summary = RequestSummary()
        for text in try processes.answers("ran") {
            guard let part = RequestSummary(json: try? JSONParser.parse(text)) else {
                throw BenchFailure("a client process reports '\(text.prefix(80))'")
            }
            summary.merge(part)
        }
        return summary
    }

    private func share(of total: Int, _ place: Int) -> Int {
        total / processes.count + (place < total % processes.count ? 1 : 0)
    }
}
