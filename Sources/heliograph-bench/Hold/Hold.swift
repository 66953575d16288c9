// SPDX-License-Identifier: MIT

import Core

/// The command line of `hold`.
struct HoldOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// How subscribers are connected.
    let transport: Transport
    /// How many there are at once.
    let subscribers: Int
    /// How often they come and go, all together.
    let cycles: Int
    /// How many come and go in each second thereafter, one by one.
    let churn: Int
    /// For how long.
    let churnSeconds: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: ["--transport", "--subscribers", "--cycles", "--churn", "--churn-seconds"])
        self.run = run
        transport = try Transport(parsing: arguments.text("--transport") ?? "sse")
        subscribers =
            try arguments.number("--subscribers", in: 1...Limits.benchSubscribersMax) ?? 15_000
        cycles = try arguments.number("--cycles", in: 1...Limits.benchRoundsMax) ?? 3
        churn = try arguments.number("--churn", in: 1...Limits.benchRateMax) ?? 1_000
        churnSeconds = try arguments.number("--churn-seconds", in: 1...Limits.benchSecondsMax) ?? 10
    }
}

/// The command `hold`: what idle subscribers occupy, and what is left when they have gone.
struct Hold: Measurement {
    private let options: HoldOptions

    /// Makes the command.
    init(options: HoldOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        let server = try ServerProcess(run.server, connections: options.subscribers)
        guard server.pid != nil else { throw UsageError("hold needs --server-pid beside --url") }
        let publisher = try Publisher(server: server, credentials: run.credentials)
        _ = try publisher.publish(count: 1, intervalNanoseconds: 0)
        var findings = Findings()
        findings.serverCommandLine = server.commandLine
        findings.report.add("transport", "transport", .text(options.transport.rawValue))
        findings.report.add("subscribers", "subscribers", .count(Int64(options.subscribers)))
        var table = FigureTable([
            .init(key: "moment", title: "server's memory, KB"),
            .init(key: "resident", title: "resident"),
            .init(key: "of_start", title: "to the start"),
            .init(key: "written", title: "of it written"),
            .init(key: "written_bytes", title: "written each, B"),
            .init(key: "kernel_bytes", title: "kernel's, both ends, B"),
        ])
        let start = try settled(server)
        table.add(row("start", "start", start, start))
        var opening = Histogram()
        for cycle in 1...options.cycles {
            let began = MonotonicClock.nowNanoseconds
            let pool = try open(server)
            opening.record(MonotonicClock.nowNanoseconds - began)
            table.add(row("with_\(cycle)", "all are here", try settled(server), start))
            try pool.leave()
            table.add(
                row("without_\(cycle)", "all have gone", try settled(server), start))
        }
        if let median = opening.value(atQuantile: 0.5) {
            let perSecond = Double(options.subscribers) / (Double(median) / 1e9)
            findings.report.add(
                "opened_per_second", "opened per second", .count(Int64(perSecond)))
        }
        try churn(server, publisher, start, &table, &findings)
        findings.report.add("memory", "Memory", table: table)
        return findings
    }

    private func open(_ server: ServerProcess) throws -> SubscriberPool {
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport, count: options.subscribers)
        subscribers.tracksCursors = true
        return try SubscriberPool(subscribers, processes: run.clients) {
            Console.progress("\($0) of \(options.subscribers) subscribers")
        }
    }

    /// Has subscribers come and go one by one, and looks at the memory before and after.
    private func churn(
        _ server: ServerProcess, _ publisher: Publisher, _ start: Occupied,
        _ table: inout FigureTable, _ findings: inout Findings
    ) throws {
        let pool = try open(server)
        let before = try settled(server)
        table.add(row("before_churn", "before the churn", before, start))
        try pool.reset()
        let usageBefore = try server.usage()
        try pool.setChurn(perSecond: options.churn)
        Console.progress("churn")
        MonotonicClock.sleep(milliseconds: options.churnSeconds * 1_000)
        try pool.setChurn(perSecond: 0)
        let usageAfter = try server.usage()
        _ = try pool.waitUntilAllReady(secondsMax: Limits.benchArrivalSecondsMax) { _ in }
        table.add(row("after_churn", "after the churn", try settled(server), start))
        _ = try publisher.publish(count: 1, intervalNanoseconds: 0)
        let behind = try pool.waitForArrival(of: publisher.newest)
        let report = try pool.report(of: [])
        findings.requireCorrect(report, behind: behind)
        let count = report.comings.lives.count
        findings.report.add("churned", "came and went one by one", .count(Int64(count)))
        if let usageBefore, let usageAfter, count > 0 {
            findings.report.add(
                "churn_cpu_microseconds", "server CPU for each",
                .quantity(
                    usageAfter.since(usageBefore).microseconds / Double(count), unit: "µs",
                    digits: 1))
        }
    }

    /// What is occupied at one moment.
    private struct Occupied {
        let server: ProcessMemory
        let kernelKilobytes: Int64
    }

    private func settled(_ server: ServerProcess) throws -> Occupied {
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        guard let memory = try server.memory() else { throw BenchFailure("no process to look at") }
        return Occupied(server: memory, kernelKilobytes: KernelMemory.kilobytes)
    }

    private func row(
        _ key: String, _ label: String, _ now: Occupied, _ start: Occupied
    ) -> [Report.Figure] {
        // Not pages in proportion: of the libraries', this program's own processes take a share.
        let memory = now.server
        let least = max(1, start.server.residentKilobytes)
        let ratio = Double(memory.residentKilobytes) / Double(least)
        let grown = (memory.writtenKilobytes - start.server.writtenKilobytes) * 1_024
        let kernel = (now.kernelKilobytes - start.kernelKilobytes) * 1_024
        return [
            .name(label, key: key), .count(memory.residentKilobytes),
            .quantity(ratio, unit: "", digits: 3), .count(memory.writtenKilobytes),
            .quantity(Double(grown) / Double(options.subscribers), unit: "", digits: 1),
            .quantity(Double(kernel) / Double(options.subscribers), unit: "", digits: 0),
        ]
    }
}
