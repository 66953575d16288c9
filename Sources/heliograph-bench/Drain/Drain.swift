// SPDX-License-Identifier: MIT
//
// The order of events: streams are open and changes are being written; the server gets SIGTERM;
// when it has ended, a new one is started on the same port and data; each subscriber returns at
// the time that it was told, or if that is too early, tries again after the same time.

import Core

/// The command `drain`: how a server's subscribers move to its successor.
struct Drain: Measurement {
    private let options: DrainOptions

    /// Makes the command.
    init(options: DrainOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        let server = try ServerProcess(options.server, connections: options.streams)
        let publisher = try Publisher(
            server: server, credentials: run.credentials, collections: options.changes)
        // Every collection has a change before, so that none is new when it matters.
        _ = try publish(
            publisher, .oneRecord, count: options.changes, intervalNanoseconds: 0, of: "changes")
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport, count: options.streams)
        subscribers.collections = options.changes
        subscribers.timedCollections = options.changes
        subscribers.returns = true
        subscribers.tracksCursors = true
        let pool = try SubscriberPool(subscribers, processes: run.clients) {
            Console.progress("\($0) of \(options.streams) streams")
        }
        guard try pool.waitForArrival(of: publisher.newest) == 0 else {
            throw BenchFailure("subscribers lack the newest state before the drain")
        }
        try pool.reset()
        var move = Move(options: options, server: server, publisher: publisher, pool: pool)
        let isComplete = try move.run()
        let behind = try pool.waitForArrival(of: publisher.newest)
        let report = try pool.report(of: move.events)

        var findings = Findings()
        let figures = DrainFigures(options: options, move: move, clients: report)
        figures.add(to: &findings.report, behind: behind)
        if !isComplete { findings.note("not all are live again in \(options.secondsMax) s") }
        findings.requireCorrect(report, behind: behind)
        findings.require(none: figures.missing, "deliveries of changes are missing")
        findings.serverCommandLine = server.commandLine
        return findings
    }
}
