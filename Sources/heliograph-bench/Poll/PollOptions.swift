// SPDX-License-Identifier: MIT

import Core

/// The command line of `poll`.
struct PollOptions {
    /// The flags that every measurement takes.
    let run: RunOptions
    /// What is compared, and how often.
    let contenders: Contenders
    /// The requests that are measured.
    let cases: [PollCase]
    /// Kept connections.
    let connections: Int
    /// Requests per second by schedule, 0 for as many as the server answers.
    let rate: Int
    /// How long each request is measured.
    let seconds: Int
    /// Monitored collections.
    let collections: Int
    /// Records of the collection whose changeset is asked for.
    let records: Int
    /// The text in each of them.
    let recordBytes: Int
    /// What another server is asked for instead.
    let otherPath: String?

    /// Reads a command line, the command's name first.
    ///
    /// - Throws: `UsageError`.
    init(parsing commandLine: [String]) throws {
        let own: Set = [
            "--case", "--connections", "--rate", "--seconds", "--collections", "--records",
            "--record-bytes", "--against-path",
        ]
        let (run, arguments) = try RunOptions.parse(
            commandLine, valued: own.union(Contenders.valued), bare: Contenders.bare)
        self.run = run
        contenders = try Contenders(arguments, run: run)
        if let name = arguments.text("--case") {
            guard let one = PollCase(rawValue: name) else {
                let names = PollCase.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError("--case must be one of \(names)")
            }
            cases = [one]
        } else {
            cases = PollCase.allCases
        }
        connections =
            try arguments.number("--connections", in: 1...Limits.benchConnectionsMax) ?? 32
        if arguments.text("--rate") == "max" {
            rate = 0
        } else {
            rate = try arguments.number("--rate", in: 1...Limits.benchRateMax) ?? 10_000
        }
        seconds = try arguments.number("--seconds", in: 1...Limits.benchSecondsMax) ?? 3
        collections =
            try arguments.number("--collections", in: 2...Limits.benchCollectionsMax) ?? 31
        records = try arguments.number("--records", in: 1...Limits.benchRecordsMax) ?? 2_000
        recordBytes =
            try arguments.number("--record-bytes", in: 1...Limits.benchRecordBytesMax) ?? 600
        otherPath = try Self.otherPath(arguments, cases: cases)
    }

    private static func otherPath(_ arguments: Arguments, cases: [PollCase]) throws -> String? {
        guard let path = arguments.text("--against-path") else {
            guard arguments.text("--against") == nil else {
                throw UsageError("--against needs --against-path, which the other server is asked")
            }
            return nil
        }
        guard arguments.text("--against") != nil else {
            throw UsageError("--against-path is for --against")
        }
        guard path.hasPrefix("/") else { throw UsageError("--against-path begins with a slash") }
        guard cases.count == 1 else { throw UsageError("--against-path is for one --case") }
        return path
    }
}

/// A request that `poll` measures.
enum PollCase: String, CaseIterable {
    /// The list of all monitored collections.
    case list = "list"
    /// The list again, unchanged.
    case notModified = "304"
    /// The list's entry of one collection.
    case filtered = "filtered"
    /// All records of a collection.
    case changeset = "changeset"

    /// Of how many small answers one of these counts as much.
    var weight: Int {
        switch self {
        case .list, .notModified, .filtered: 1
        case .changeset: 50
        }
    }
}
