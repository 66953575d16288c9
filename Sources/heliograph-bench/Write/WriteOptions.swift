// SPDX-License-Identifier: MIT

import Core

/// The command line of `write`.
struct WriteOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// The server, maybe with another limit of batches.
    let server: ServerOptions
    /// Numbers of writers that write at the same time.
    let writers: [Int]
    /// How long each number of writers writes.
    let seconds: Int
    /// The text in each record.
    let recordBytes: Int
    /// A directory with `BUCKET/COLLECTION.json` files to load in batches, or nil for none.
    let data: String?
    /// Requests in a batch.
    let requestsPerBatch: Int
    /// How often everything is measured.
    let rounds: Int

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let (run, arguments) = try RunOptions.parse(
            commandLine,
            valued: ["--writers", "--seconds", "--record-bytes", "--data", "--batch", "--rounds"])
        self.run = run
        writers = try Self.writers(arguments.text("--writers") ?? "1,8,64,512")
        seconds = try arguments.number("--seconds", in: 1...Limits.benchSecondsMax) ?? 3
        recordBytes =
            try arguments.number("--record-bytes", in: 1...Limits.benchRecordBytesMax) ?? 500
        data = arguments.text("--data")
        let batch = try arguments.number("--batch", in: 1...Limits.benchRecordsMax)
        requestsPerBatch = batch ?? Limits.batchRequestsDefault
        var server = run.server
        if let batch { server.environment["KINTO_BATCH_MAX_REQUESTS"] = String(batch) }
        self.server = server
        rounds = try arguments.number("--rounds", in: 1...Limits.benchRoundsMax) ?? 3
    }

    private static func writers(_ text: String) throws -> [Int] {
        let most = Limits.benchConnectionsMax
        var writers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int(part), (1...most).contains(number) else {
                throw UsageError("--writers must look like 1,8,64, each number from 1 to \(most)")
            }
            guard !writers.contains(number) else {
                throw UsageError("--writers has \(number) twice")
            }
            writers.append(number)
        }
        return writers
    }
}
