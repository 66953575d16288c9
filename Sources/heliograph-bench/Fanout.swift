// SPDX-License-Identifier: MIT

import Core
import Glibc

/// The command `fanout`: what it costs a server, and how long it takes, to deliver changes to many.
final class Fanout {
    private let options: FanoutOptions
    private let commandLine: [String]

    /// Makes the command; `commandLine` is for the report.
    init(options: FanoutOptions, commandLine: [String]) {
        self.options = options
        self.commandLine = commandLine
    }

    /// Measures and prints the report on standard output.
    ///
    /// - Throws: `BenchFailure`, also after the report if a subscriber did not end at the newest
    ///   change or lost its stream.
    func run() throws {
        Cleanup.shared.start()
        // The server inherits its limit, so that is raised first.
        _ = FileDescriptor.raiseLimit()
        let server = try ServerProcess(options.server)
        if let cpu = options.clientCPU { try Processor.pin(to: cpu) }
        defer { Console.endProgress() }
        let measurement = try measure(server)
        Console.endProgress()
        let report = measurement.report(
            options: options, commandLine: commandLine, server: server)
        print(options.isJSON ? report.json : report.table)
        fflush(nil)
        if measurement.clients.lost > 0 {
            throw BenchFailure("\(measurement.clients.lost) subscribers lost their stream")
        }
        if measurement.behind > 0 {
            throw BenchFailure("\(measurement.behind) subscribers lack the newest change")
        }
    }

    private func measure(_ server: ServerProcess) throws -> FanoutMeasurement {
        let publisher = try Publisher(url: server.url, credentials: options.credentials)
        // One change before anybody listens: what a server makes at its first is not a
        // subscriber's.
        _ = try publisher.publish(count: 1, intervalMilliseconds: 0)
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        let memoryEmpty = try memory(of: server)

        let start = MonotonicClock.nowNanoseconds
        let pool = try SubscriberPool(
            url: server.url, transport: options.transport, count: options.subscribers,
            processes: options.clients
        ) { Console.progress("\($0) of \(options.subscribers) subscribers") }
        let opening = MonotonicClock.nowNanoseconds - start
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)
        let memoryIdle = try memory(of: server)

        let warmup = try publish(publisher, count: options.warmup, of: "warm-up events")
        guard try waitForLast(warmup, pool) == 0 else {
            throw BenchFailure("subscribers lack the newest change of the warm-up")
        }
        try pool.reset()
        let usageBefore = try usage(of: server)
        let events = try publish(publisher, count: options.events, of: "events")
        let behind = try waitForLast(events, pool)
        let usageAfter = try usage(of: server)
        return FanoutMeasurement(
            openingNanoseconds: opening, memoryEmpty: memoryEmpty, memoryIdle: memoryIdle,
            memoryAfter: try memory(of: server), usageBefore: usageBefore, usageAfter: usageAfter,
            events: events, clients: try pool.report(of: events),
            clientProcesses: pool.processCount, behind: behind)
    }

    private func memory(of server: ServerProcess) throws -> ProcessMemory? {
        try server.pid.map { try ProcessMemory(pid: $0) }
    }

    private func usage(of server: ServerProcess) throws -> ProcessUsage? {
        try server.pid.map { try ProcessUsage(pid: $0) }
    }

    private func publish(
        _ publisher: Publisher, count: Int, of what: String
    ) throws -> [Arrivals.Event] {
        try publisher.publish(count: count, intervalMilliseconds: options.intervalMilliseconds) {
            Console.progress("\($0) of \(count) \(what)")
        }
    }

    private func waitForLast(_ events: [Arrivals.Event], _ pool: SubscriberPool) throws -> Int {
        guard let newest = events.map(\.timestamp).max() else { return 0 }
        return try pool.waitForArrival(of: Timestamp(milliseconds: newest))
    }
}
