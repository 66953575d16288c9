// SPDX-License-Identifier: MIT

import Core

/// The command line of `soak`.
struct SoakOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// How subscribers are connected.
    let transport: Transport
    /// How many there are.
    let subscribers: Int
    /// Collections that are written to.
    let collections: Int
    /// Changes per second.
    let rate: Int
    /// Subscribers that leave and return in each second.
    let churn: Int
    /// Polls of the list per second.
    let polls: Int
    /// How long all that lasts.
    let seconds: Int
    /// Between two looks at the memory.
    let sampleSeconds: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: [
                "--transport", "--subscribers", "--collections", "--rate", "--churn", "--polls",
                "--seconds", "--sample-seconds",
            ])
        self.run = run
        transport = try Transport(parsing: arguments.text("--transport") ?? "sse")
        subscribers =
            try arguments.number("--subscribers", in: 1...Limits.benchSubscribersMax) ?? 2_000
        collections =
            try arguments.number("--collections", in: 1...Limits.benchCollectionsMax) ?? 20
        rate = try arguments.number("--rate", in: 1...Limits.benchRateMax) ?? 20
        churn = try arguments.number("--churn", in: 1...Limits.benchRateMax) ?? 200
        polls = try arguments.number("--polls", in: 1...Limits.benchRateMax) ?? 200
        seconds = try arguments.number("--seconds", in: 1...Limits.benchSecondsMax) ?? 60
        sampleSeconds =
            try arguments.number("--sample-seconds", in: 1...Limits.benchSecondsMax)
            ?? max(1, seconds / 20)
    }
}

/// The command `soak`: writers, readers, pollers, coming and going for a long time.
struct Soak: Measurement {
    private let options: SoakOptions

    /// Makes the command.
    init(options: SoakOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        let server = try ServerProcess(run.server, connections: options.subscribers)
        let publisher = try Publisher(
            server: server, credentials: run.credentials, collections: options.collections)
        _ = try publisher.publish(count: options.collections, intervalNanoseconds: 0)
        let (staying, churning) = try openPools(server)
        let pollers = try RequestPool(processes: 1)
        try pollers.prepare(
            RequestJob(
                url: server.url, connections: 8,
                path: "/buckets/monitor/collections/changes/records"))
        try staying.reset()
        try churning.reset()
        try churning.setChurn(perSecond: options.churn)
        try pollers.start(
            RequestRun(
                count: options.polls * options.seconds, perSecond: options.polls,
                milliseconds: options.seconds * 1_000))
        let start = MonotonicClock.nowNanoseconds
        var samples = MemorySamples()
        let events = try write(publisher, server, &samples)
        try churning.setChurn(perSecond: 0)
        let polls = try pollers.finish()
        _ = try churning.waitUntilAllReady(secondsMax: Limits.benchArrivalSecondsMax) { _ in }
        var behind = try staying.waitForArrival(of: publisher.newest)
        behind += try churning.waitForArrival(of: publisher.newest)
        let stayed = try staying.report(of: events)
        let churned = try churning.report(of: events)

        var findings = Findings()
        findings.serverCommandLine = server.commandLine
        addConditions(to: &findings.report)
        findings.report.add(
            "delivery_microseconds", "a write's due time to who stay", stayed.arrivals.sinceSchedule
        )
        findings.report.add(
            "comings", "who came and went", .count(Int64(churned.comings.lives.count)))
        findings.report.add("polls", "polls", .count(polls.latencies.count))
        add(
            "polls_unsent", "polls due but not sent", due: options.polls * options.seconds,
            done: Int(polls.latencies.count), to: &findings)
        add(
            "writes_unsent", "changes due but not written", due: options.rate * options.seconds,
            done: events.count, to: &findings)
        let written = events.last.map { Double($0.answeredNanoseconds - start) / 1e9 } ?? 0
        findings.report.add(
            "written_seconds", "until the last change was written",
            .quantity(written, unit: "s", digits: 1))
        findings.report.add("poll_microseconds", "latency of a poll", polls.latencies)
        findings.report.add("behind", "subscribers behind at the end", .failures(Int64(behind)))
        samples.add(to: &findings.report)
        findings.requireCorrect(stayed, behind: behind)
        findings.requireWritten(stayed)
        findings.requireCorrect(churned, behind: 0)
        findings.require(none: polls.unexpected, "polls were answered wrongly")
        return findings
    }

    /// Adds how much of what was due was not done, which is a reason to fail if it is too much.
    private func add(
        _ key: String, _ label: String, due: Int, done: Int, to findings: inout Findings
    ) {
        let left = max(0, due - done)
        findings.report.add(key, label, .count(Int64(left)))
        if left * 100 > due * Limits.benchUnsentPercentMax {
            findings.note("\(left) of \(due) \(label)")
        }
    }

    private func addConditions(to report: inout Report) {
        report.add("transport", "transport", .text(options.transport.rawValue))
        report.add("subscribers", "subscribers", .count(Int64(options.subscribers)))
        report.add("rate", "changes per second", .count(Int64(options.rate)))
        report.add("churn", "who come and go per second", .count(Int64(options.churn)))
        report.add("seconds", "duration", .quantity(Double(options.seconds), unit: "s", digits: 0))
    }

    /// Half of the subscribers stay; the others come and go.
    private func openPools(
        _ server: ServerProcess
    ) throws -> (staying: SubscriberPool, churning: SubscriberPool) {
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport, count: (options.subscribers + 1) / 2)
        subscribers.collections = options.collections
        subscribers.timedCollections = options.collections
        let staying = try SubscriberPool(subscribers, processes: run.clients)
        subscribers.first = subscribers.count
        subscribers.count = max(1, options.subscribers / 2)
        subscribers.timedCollections = 0
        subscribers.tracksCursors = true
        return (staying, try SubscriberPool(subscribers, processes: run.clients))
    }

    private func write(
        _ publisher: Publisher, _ server: ServerProcess, _ samples: inout MemorySamples
    ) throws -> [Arrivals.Event] {
        let start = MonotonicClock.nowNanoseconds
        let schedule = Schedule(
            startNanoseconds: start, intervalNanoseconds: 1_000_000_000 / Int64(options.rate))
        var nextSample = start
        var events: [Arrivals.Event] = []
        let end = start + Int64(options.seconds) * 1_000_000_000
        for number in 0..<(options.rate * options.seconds) {
            let due = schedule.dueNanoseconds(number)
            guard max(due, MonotonicClock.nowNanoseconds) < end else { break }
            MonotonicClock.sleep(untilNanoseconds: due)
            events.append(try publisher.publish(.oneRecord, dueNanoseconds: due))
            guard MonotonicClock.nowNanoseconds >= nextSample else { continue }
            nextSample += Int64(options.sampleSeconds) * 1_000_000_000
            let elapsed = MonotonicClock.nowNanoseconds - start
            if let memory = try server.memory() { samples.add(memory, nanoseconds: elapsed) }
            Console.progress("\(elapsed / 1_000_000_000) of \(options.seconds) s")
        }
        return events
    }
}
