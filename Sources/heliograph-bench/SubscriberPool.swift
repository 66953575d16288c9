// SPDX-License-Identifier: MIT

import Core
import Glibc

/// All subscribers of a measurement, in as many client processes as needed.
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
        var backward: Int64 = 0

        /// Makes a report of nothing.
        init() {}
    }

    private final class Client {
        let process: ChildProcess
        var lines = LineSplitter()

        init(process: ChildProcess) { self.process = process }
    }

    private var clients: [Client] = []

    /// How many client processes there are.
    var processCount: Int { clients.count }

    /// Opens `count` subscribers and waits until all are ready.
    ///
    /// - Parameters:
    ///   - processes: Client processes; nil for as few as descriptors allow.
    ///   - progress: Called with the number of those that are ready.
    /// - Throws: `BenchFailure`.
    init(
        url: ServiceURL, transport: Transport, count: Int, processes: Int?,
        progress: (Int) -> Void
    ) throws {
        let perProcess = FileDescriptor.raiseLimit() - Limits.benchSpareDescriptors
        guard perProcess > 0 else { throw BenchFailure("too few files may be open") }
        let needed = (count + perProcess - 1) / perProcess
        let number = min(count, max(needed, processes ?? 1))
        guard number <= Limits.benchClientsMax else {
            throw BenchFailure("\(count) subscribers need more than \(number - 1) processes")
        }
        var first = 0
        for place in 0..<number {
            let share = count / number + (place < count % number ? 1 : 0)
            let options = SubscriberOptions(
                url: url, transport: transport, count: share, first: first)
            let process = try ChildProcess(
                path: "/proc/self/exe", arguments: options.arguments, input: .pipe, output: .pipe,
                errors: .null)
            clients.append(Client(process: process))
            first += share
        }
        try waitUntilReady(progress)
    }

    deinit {
        for client in clients { client.process.closeInput() }
        for client in clients { _ = client.process.describeEnd() }
    }

    /// Forgets the arrivals so far.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func reset() throws {
        try tellAll("reset")
        for client in clients { _ = try answer(of: client, "was-reset") }
    }

    /// Waits until every subscriber has the change of `timestamp`, at most
    /// `Limits.benchArrivalSecondsMax`.
    ///
    /// - Returns: How many subscribers do not have it.
    /// - Throws: `BenchFailure` if a client process failed.
    func waitForArrival(of timestamp: Timestamp) throws -> Int {
        try tellAll("await \(timestamp)")
        var behind = 0
        for client in clients {
            behind += Int(try answer(of: client, "awaited")) ?? 0
        }
        return behind
    }

    /// What became of `events`, which were written since the last reset.
    ///
    /// - Throws: `BenchFailure` if a client process failed.
    func report(of events: [Arrivals.Event]) throws -> Report {
        for event in events {
            try tellAll(
                "event \(event.timestamp) \(event.scheduledNanoseconds)"
                    + " \(event.answeredNanoseconds)")
        }
        try tellAll("report")
        var report = Report()
        for client in clients {
            let text = try answer(of: client, "report")
            guard let object = try? JSONParser.parse(text).object,
                let arrivals = Arrivals.Summary(json: object["arrivals"]),
                let cpu = object["cpu_nanoseconds"]?.integer,
                let lost = object["lost"]?.integer, let backward = object["backward"]?.integer
            else { throw BenchFailure("a client process reports '\(text.prefix(80))'") }
            report.arrivals.merge(arrivals)
            report.cpuNanoseconds += cpu
            report.lost += lost
            report.backward += backward
        }
        return report
    }

    private func waitUntilReady(_ progress: (Int) -> Void) throws {
        var opened = Array(repeating: 0, count: clients.count)
        var waiting = Set(clients.indices)
        while !waiting.isEmpty {
            let places = waiting.sorted()
            var polls = places.map { place in
                pollfd(fd: clients[place].process.output ?? -1, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            for (place, poll) in zip(places, polls) where poll.revents != 0 {
                try read(clients[place])
                while let line = clients[place].lines.next() {
                    let (word, rest) = try Self.split(line)
                    if word == "opened" { opened[place] = Int(rest) ?? 0 }
                    if word == "ready" { waiting.remove(place) }
                }
            }
            progress(opened.reduce(0, +))
        }
    }

    private func tellAll(_ line: String) throws {
        for client in clients {
            guard let input = client.process.input else { continue }
            try FileDescriptor.writeAll(Array((line + "\n").utf8), to: input)
        }
    }

    private func answer(of client: Client, _ expected: String) throws -> String {
        while true {
            if let line = client.lines.next() {
                let (word, rest) = try Self.split(line)
                guard word == expected else { throw BenchFailure("a client process says \(line)") }
                return rest
            }
            try read(client)
        }
    }

    private func read(_ client: Client) throws {
        let bytes = try FileDescriptor.readSome(from: client.process.output ?? -1)
        guard !bytes.isEmpty else {
            throw BenchFailure("a client process ended (\(client.process.describeEnd()))")
        }
        client.lines.append(bytes)
    }

    private static func split(_ line: String) throws -> (word: Substring, rest: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        let rest = parts.count > 1 ? String(parts[1]) : ""
        guard parts.first != "failed" else { throw BenchFailure(rest) }
        return (parts.first ?? "", rest)
    }
}
