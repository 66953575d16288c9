// SPDX-License-Identifier: MIT

import Core

/// The command line of `stall`.
struct StallOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// How subscribers are connected.
    let transport: Transport
    /// All subscribers.
    let subscribers: Int
    /// Those of them that do not read while changes are written.
    let stalled: Int
    /// Collections that are written to: one change of each in a batch, or in turn.
    let collections: Int
    /// Connections that write single changes; nil for one that writes batches.
    let writers: Int?
    /// Writes that are measured: batches or changes.
    let writes: Int
    /// Between the scheduled times of two writes.
    let intervalNanoseconds: Int64
    /// What the kernel may keep for a stalled subscriber on its side.
    let receiveBufferBytes: Int
    /// Rounds, each with and without stalled subscribers.
    let rounds: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: [
                "--transport", "--subscribers", "--stalled-percent", "--changes", "--collections",
                "--rate", "--receive-buffer", "--rounds", "--writers",
            ])
        self.run = run
        transport = try Transport(parsing: arguments.text("--transport") ?? "sse")
        subscribers =
            try arguments.number("--subscribers", in: 2...Limits.benchSubscribersMax) ?? 2_000
        let percent = try arguments.number("--stalled-percent", in: 1...99) ?? 10
        stalled = min(max(1, subscribers * percent / 100), subscribers - 1)
        collections =
            try arguments.number("--collections", in: 1...Limits.batchRequestsDefault) ?? 20
        let changes = try arguments.number("--changes", in: 1...Limits.benchChangesMax) ?? 10_000
        writers = try arguments.number("--writers", in: 1...Limits.benchConnectionsMax)
        let changesPerWrite = writers == nil ? collections : 1
        writes = (changes + changesPerWrite - 1) / changesPerWrite
        let rate = try arguments.number("--rate", in: 1...Limits.benchRateMax) ?? 500
        intervalNanoseconds = Int64(changesPerWrite) * 1_000_000_000 / Int64(rate)
        receiveBufferBytes =
            try arguments.number("--receive-buffer", in: 1...Int(Int32.max)) ?? 4_096
        rounds = try arguments.number("--rounds", in: 1...Limits.benchRoundsMax) ?? 3
    }
}
