// SPDX-License-Identifier: MIT

import Core

/// The command line of `fanout`.
struct FanoutOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// Which servers are measured, and how often.
    let contenders: Contenders
    /// Subscribers, all opened before the first event.
    private(set) var subscribers: Int
    /// How they are connected.
    let transport: Transport
    /// Collections there are, each with a record; the events are of the first.
    private(set) var collections: Int
    /// Different filters of subscribers, each of which lets the events through.
    private(set) var filters: Int
    /// Events that are measured.
    private(set) var events: Int
    /// Between the scheduled times of two events.
    let intervalMilliseconds: Int
    /// Events before the measured ones.
    private(set) var warmup: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let own: Set = [
            "--subscribers", "--transport", "--events", "--interval-milliseconds", "--warmup",
            "--collections", "--filters",
        ]
        let (run, arguments) = try RunOptions.parse(
            commandLine, valued: own.union(Contenders.valued).union(Contenders.valuedOfStreams),
            bare: Contenders.bare.union(Contenders.bareOfStreams))
        self.run = run
        contenders = try Contenders(arguments, run: run)
        _ = try arguments.requiredText("--subscribers")
        subscribers =
            try arguments.number("--subscribers", in: 1...Limits.benchSubscribersMax) ?? 1
        transport = try Transport(parsing: arguments.requiredText("--transport"))
        collections =
            try arguments.number("--collections", in: 1...Limits.benchCollectionsMax) ?? 1
        filters = try arguments.number("--filters", in: 1...Limits.benchFiltersMax) ?? 1
        guard filters <= subscribers else {
            throw UsageError("there are no more --filters than --subscribers")
        }
        guard collections == 1 || filters == 1 else {
            throw UsageError("--collections and --filters are measured one by one")
        }
        events = try arguments.number("--events", in: 1...Limits.benchEventsMax) ?? 20
        intervalMilliseconds =
            try arguments.number(
                "--interval-milliseconds", in: 0...Limits.benchIntervalMillisecondsMax) ?? 1_000
        warmup = try arguments.number("--warmup", in: 0...Limits.benchEventsMax) ?? 2
    }

    /// The least that shows whether a server can be measured: one event to one subscriber.
    var trial: FanoutOptions {
        var trial = self
        (trial.subscribers, trial.collections, trial.filters) = (1, 1, 1)
        (trial.events, trial.warmup) = (1, 0)
        return trial
    }
}
