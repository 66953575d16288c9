// SPDX-License-Identifier: MIT

import Core

/// The command line of `herd`.
struct HerdOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// How subscribers are connected.
    let transport: Transport
    /// Those who return all at once.
    let returning: Int
    /// Those who stay meanwhile.
    let staying: Int
    /// Changes per second, all the while.
    let rate: Int
    /// How long those who stay are watched without a herd.
    let calmSeconds: Int
    /// How often everything is measured.
    let rounds: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: [
                "--transport", "--returning", "--staying", "--rate", "--calm-seconds", "--rounds",
            ])
        self.run = run
        transport = try Transport(parsing: arguments.text("--transport") ?? "sse")
        let subscribers = 1...Limits.benchSubscribersMax
        returning = try arguments.number("--returning", in: subscribers) ?? 15_000
        staying = try arguments.number("--staying", in: subscribers) ?? 500
        rate = try arguments.number("--rate", in: 1...Limits.benchRateMax) ?? 20
        calmSeconds = try arguments.number("--calm-seconds", in: 1...Limits.benchSecondsMax) ?? 3
        rounds = try arguments.number("--rounds", in: 1...Limits.benchRoundsMax) ?? 3
    }
}

/// The command `herd`: what happens when many subscribers return at once, each from its cursor.
///
/// Those who stay follow another collection than those who return, so that what they see meanwhile
/// is the herd's doing and not that of a larger fan-out.
struct Herd: Measurement {
    private let options: HerdOptions

    private static let stayingCollection = 0
    private static let returningCollection = 1

    /// Makes the command.
    init(options: HerdOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        var findings = Findings()
        findings.report.add("transport", "transport", .text(options.transport.rawValue))
        findings.report.add("returning", "who return at once", .count(Int64(options.returning)))
        findings.report.add("staying", "who stay meanwhile", .count(Int64(options.staying)))
        findings.report.add("rate", "changes per second", .count(Int64(options.rate)))
        var rounds = Rounds(["server"])
        for _ in 0..<options.rounds {
            let server = try ServerProcess(
                run.server, connections: options.staying + options.returning)
            rounds.add(try measure(server, &findings), of: 0)
            findings.serverCommandLine = server.commandLine
        }
        findings.report.add("rounds", "rounds", .count(Int64(options.rounds)))
        findings.report.add(rounds.median(of: 0))
        return findings
    }

    private func measure(_ server: ServerProcess, _ findings: inout Findings) throws -> Report {
        let publisher = try Publisher(
            server: server, credentials: run.credentials, collections: 2)
        _ = try publisher.publish(count: 2, intervalNanoseconds: 0)
        let (staying, returning) = try openPools(server)
        try returning.leave()
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        var report = Report()
        try staying.reset()
        let interval = 1_000_000_000 / Int64(options.rate)
        let calm = try publisher.publish(
            .record(of: Self.stayingCollection), count: options.calmSeconds * options.rate,
            intervalNanoseconds: interval)
        guard try countBehind(staying, Self.stayingCollection, publisher) == 0 else {
            throw BenchFailure("subscribers lack the newest change before the herd")
        }
        report.add(
            "calm_microseconds", "to who stay, without the herd",
            try staying.report(of: calm).arrivals.sinceSchedule)
        try staying.reset()
        try returning.reset()
        // What those who left are owed when they return.
        _ = try publisher.publish(
            .record(of: Self.returningCollection), count: 1, intervalNanoseconds: 0)

        let before = try server.usage()
        let start = MonotonicClock.nowNanoseconds
        try returning.returnAtOnce()
        var events: [Arrivals.Event] = []
        var isComplete = false
        let schedule = Schedule(startNanoseconds: start, intervalNanoseconds: interval)
        let deadline = start + Int64(Limits.benchArrivalSecondsMax) * 1_000_000_000
        var usages: [(nanoseconds: Int64, usage: ProcessUsage)] = []
        var look = start
        while !isComplete, MonotonicClock.nowNanoseconds < deadline {
            let due = schedule.dueNanoseconds(events.count)
            // Not at every change: to ask the clients means to wait until they have time to answer.
            if due < look + Limits.benchHerdLookNanoseconds {
                MonotonicClock.sleep(untilNanoseconds: due)
                events.append(try publish(to: publisher, dueNanoseconds: due))
                if let usage = try server.usage() {
                    usages.append((MonotonicClock.nowNanoseconds, usage))
                }
                continue
            }
            MonotonicClock.sleep(untilNanoseconds: look + Limits.benchHerdLookNanoseconds)
            let ready = try returning.status().ready
            look = MonotonicClock.nowNanoseconds
            Console.progress("\(ready) of \(options.returning) are back")
            isComplete = ready == options.returning
        }
        var behind = try countBehind(staying, Self.stayingCollection, publisher)
        behind += try countBehind(returning, Self.returningCollection, publisher)
        let returned = try returning.report(of: [])
        let end = returned.comings.lives.max() ?? 0
        let meanwhile = events.filter { $0.scheduledNanoseconds < end }
        let after = (usages.first { $0.nanoseconds >= end } ?? usages.last)?.usage
        let stayed = try staying.report(of: meanwhile)
        add(returned.comings, since: start, before, after, to: &report)
        report.add("herd_events", "changes meanwhile", .count(Int64(meanwhile.count)))
        report.add("herd_microseconds", "to who stay, meanwhile", stayed.arrivals.sinceSchedule)
        report.add("behind", "subscribers behind at the end", .failures(Int64(behind)))
        findings.requireCorrect(stayed, behind: behind)
        findings.requireCorrect(returned, behind: 0)
        if !isComplete {
            findings.note("not all are live again in \(Limits.benchArrivalSecondsMax) s")
        }
        return report
    }

    private func publish(
        to publisher: Publisher, dueNanoseconds due: Int64
    ) throws -> Arrivals.Event {
        try publisher.publish(.record(of: Self.stayingCollection), dueNanoseconds: due)
    }

    /// How many subscribers do not get to the newest state of their collection.
    private func countBehind(
        _ pool: SubscriberPool, _ collection: Int, _ publisher: Publisher
    ) throws -> Int {
        var newest = publisher.newest.map { _ in Int64(0) }
        newest[collection] = publisher.newest[collection]
        return try pool.waitForArrival(of: newest)
    }

    private static func path(_ collection: Int) -> String {
        "\(ChangeID.streamPath)?collection=\(ChangeID.name(ofCollection: collection))"
    }

    private func openPools(
        _ server: ServerProcess
    ) throws -> (staying: SubscriberPool, returning: SubscriberPool) {
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport, count: options.staying)
        subscribers.collections = 2
        subscribers.path = Self.path(Self.stayingCollection)
        let staying = try SubscriberPool(subscribers)
        subscribers.first = options.staying
        subscribers.count = options.returning
        subscribers.path = Self.path(Self.returningCollection)
        subscribers.returns = true
        subscribers.tracksCursors = true
        let returning = try SubscriberPool(subscribers, processes: run.clients) {
            Console.progress("\($0) of \(options.returning) subscribers")
        }
        return (staying, returning)
    }

    private func add(
        _ comings: Comings, since start: Int64, _ before: ProcessUsage?, _ after: ProcessUsage?,
        to report: inout Report
    ) {
        var live = Histogram()
        for time in comings.lives { live.record(time - start) }
        report.add("live_microseconds", "from the return to live", live)
        report.add(
            "refused", "attempts that were refused", .count(Int64(comings.refusals.count)))
        if let before, let after {
            let each = after.since(before).microseconds / Double(options.returning)
            report.add(
                "server_cpu_microseconds", "server CPU for each who returned, with the changes",
                .quantity(each, unit: "µs", digits: 1))
        }
    }
}
