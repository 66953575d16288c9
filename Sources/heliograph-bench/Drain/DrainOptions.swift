// SPDX-License-Identifier: MIT

import Core

/// The command line of `drain`.
struct DrainOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// The server, which is ended and started anew.
    let server: ServerOptions
    /// How subscribers are connected.
    let transport: Transport
    /// How many streams there are.
    let streams: Int
    /// The changes that are written meanwhile, each to a collection of its own, so that everybody
    /// must get every one of them.
    let changes: Int
    /// Between the scheduled times of two changes.
    let intervalMilliseconds: Int
    /// How long all may take to be live again.
    let secondsMax: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: [
                "--transport", "--streams", "--changes", "--interval-milliseconds",
                "--drain-seconds", "--seconds",
            ])
        self.run = run
        var server = run.server
        guard case .program = server.target else {
            throw UsageError("drain ends the server, so it must be one that it starts")
        }
        let drain = try arguments.number("--drain-seconds", in: 0...3_600)
        if let drain { server.environment["HELIOGRAPH_DRAIN_SECONDS"] = String(drain) }
        self.server = server
        transport = try Transport(parsing: arguments.text("--transport") ?? "sse")
        streams = try arguments.number("--streams", in: 1...Limits.benchSubscribersMax) ?? 10_000
        changes = try arguments.number("--changes", in: 1...Limits.benchCollectionsMax) ?? 100
        intervalMilliseconds =
            try arguments.number(
                "--interval-milliseconds", in: 1...Limits.benchIntervalMillisecondsMax) ?? 200
        secondsMax =
            try arguments.number("--seconds", in: 1...Limits.benchDrainSecondsMax)
            ?? (drain ?? 10) + 110
    }
}
