// SPDX-License-Identifier: MIT

import Core

/// The command `fanout`: what it costs a server, and how long it takes, to deliver changes to many.
struct Fanout: Measurement {
    private let options: FanoutOptions

    /// Makes the command.
    init(options: FanoutOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        var findings = Findings()
        findings.report.add("transport", "transport", .text(options.transport.rawValue))
        findings.report.add("subscribers", "subscribers", .count(Int64(options.subscribers)))
        findings.report.add("collections", "collections", .count(Int64(options.collections)))
        findings.report.add("filters", "different filters", .count(Int64(options.filters)))
        findings.report.add("events", "events", .count(Int64(options.events)))
        findings.report.add(
            "interval_milliseconds", "interval",
            .quantity(Double(options.intervalMilliseconds), unit: "ms", digits: 0))
        for contender in options.contenders.all {
            guard case .command = contender.server.target else { continue }
            try Fanout(options: options.trial).tryOut(contender)
        }
        let found = try options.contenders.measure(measure)
        findings.report.add(found.report)
        findings.addViolations(of: found)
        findings.serverCommandLine = found.serverCommandLine
        return findings
    }

    private func measure(_ contender: Contenders.Contender) throws -> Findings {
        let server = try ServerProcess(
            contender.server, connections: options.subscribers)
        let measurement = try measure(server)
        var findings = Findings()
        findings.report = measurement.report(subscribers: options.subscribers)
        findings.requireCorrect(measurement.clients, behind: measurement.behind)
        findings.requireWritten(measurement.clients)
        if measurement.clients.arrivals.deliveries == 0 { findings.note("nothing was delivered") }
        findings.serverCommandLine = server.commandLine
        return findings
    }

    /// Sees whether the server to compare with understands what it is asked, before minutes are
    /// spent on the first one.
    ///
    /// - Throws: `BenchFailure` that says what may be wrong with its command line.
    private func tryOut(_ other: Contenders.Contender) throws {
        Console.progress("trying the \(other.name)")
        let reason: String
        do {
            let wrong = try measure(other).violations
            guard !wrong.isEmpty else { return }
            reason = wrong.joined(separator: "; ")
        } catch let failure as BenchFailure {
            reason = failure.message
        }
        throw BenchFailure("the \(other.name) server, tried with one subscriber: \(reason)")
    }

    private func measure(_ server: ServerProcess) throws -> FanoutMeasurement {
        let publisher = try Publisher(
            server: server, credentials: run.credentials, collections: options.collections)
        // One change before anybody listens: what a server makes at its first is not a
        // subscriber's.
        _ = try publisher.publish(count: options.collections, intervalNanoseconds: 0)
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        let memoryEmpty = try server.memory()

        let start = MonotonicClock.nowNanoseconds
        let pool = try SubscriberPool(subscribers(of: server), processes: run.clients) {
            Console.progress("\($0) of \(options.subscribers) subscribers")
        }
        let opening = MonotonicClock.nowNanoseconds - start
        publisher.forgetWhatIsNotKept()
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        let memoryIdle = try server.memory()

        if options.warmup > 0 {
            _ = try publish(publisher, count: options.warmup, of: "warm-up events")
            guard try pool.waitForArrival(of: publisher.newest) == 0 else {
                throw BenchFailure("subscribers lack the newest change of the warm-up")
            }
        }
        try pool.reset()
        let usageBefore = try server.usage()
        let events = try publish(publisher, count: options.events, of: "events")
        let behind = try pool.waitForArrival(of: publisher.newest)
        let usageAfter = try server.usage()
        // Whatever comes late and must not come at all.
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        return FanoutMeasurement(
            openingNanoseconds: opening, memoryEmpty: memoryEmpty, memoryIdle: memoryIdle,
            memoryAfter: try server.memory(), usageBefore: usageBefore, usageAfter: usageAfter,
            events: events, clients: try pool.report(of: events),
            clientProcesses: pool.processCount, behind: behind)
    }

    private func subscribers(of server: ServerProcess) -> SubscriberOptions {
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport, count: options.subscribers)
        subscribers.collections = options.collections
        subscribers.filters = options.filters
        subscribers.path = server.dialect.streamPath
        subscribers.isReadyAtHead = server.dialect.isReadyAtHead
        return subscribers
    }

    private func publish(
        _ publisher: Publisher, count: Int, of what: String
    ) throws -> [Arrivals.Event] {
        try publish(
            publisher, .record(of: 0), count: count,
            intervalNanoseconds: Int64(options.intervalMilliseconds) * 1_000_000, of: what)
    }
}
