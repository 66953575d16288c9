// SPDX-License-Identifier: MIT

import Core

/// The command line of `start`.
struct StartOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// The program to start.
    let program: String
    /// Collections in the database.
    let collections: Int
    /// Records in each of them.
    let records: Int
    /// How often the server is started.
    let starts: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine, valued: ["--collections", "--records", "--starts"])
        self.run = run
        guard case .program(let program) = run.server.target else {
            throw UsageError("start starts the server, --url names one that runs")
        }
        self.program = program
        guard run.server.storageURL == nil else {
            throw UsageError("start makes a database of its own, --storage names another")
        }
        collections =
            try arguments.number("--collections", in: 0...Limits.benchCollectionsMax) ?? 0
        records = try arguments.number("--records", in: 0...Limits.benchRecordsMax) ?? 0
        guard collections > 0 || records == 0 else {
            throw UsageError("--records are in --collections")
        }
        starts = try arguments.number("--starts", in: 1...Limits.benchStartsMax) ?? 9
    }
}
