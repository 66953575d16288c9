// SPDX-License-Identifier: MIT

import Core

/// The servers that a command measures in turn: the one that is asked for, and maybe another to
/// compare it with.
struct Contenders {
    /// One server.
    struct Contender {
        /// What it is called in the report.
        let name: String
        /// How it is started and spoken to.
        let server: ServerOptions
    }

    /// The one that is asked for first.
    let all: [Contender]
    /// How often each is measured.
    let rounds: Int

    /// The flags that take a value.
    static let valued: Set = ["--rounds", "--against"]
    /// The flags that take none.
    static let bare: Set = ["--floor"]
    /// More flags that take a value, where streams are measured.
    static let valuedOfStreams: Set = ["--against-stream", "--against-publish"]
    /// More flags that take none, where streams are measured.
    static let bareOfStreams: Set = ["--against-ready-at-head"]

    /// Reads which server is to be compared with.
    ///
    /// - Throws: `UsageError`.
    init(_ arguments: Arguments, run: RunOptions) throws {
        var all = [Contender(name: "server", server: run.server)]
        if let command = arguments.text("--against") {
            guard !arguments.has("--floor") else {
                throw UsageError("--floor and --against exclude each other")
            }
            guard command.contains("{port}") else {
                throw UsageError("--against must have {port} where the command takes its port")
            }
            let dialect = try Self.dialect(arguments)
            let options = ServerOptions(.command(command), dialect: dialect, like: run.server)
            all.append(Contender(name: "other", server: options))
        } else if let flag = Self.firstOfStreams(arguments) {
            throw UsageError("\(flag) is for --against")
        } else if arguments.has("--floor") {
            var options = ServerOptions(
                .floor(FloorOptions()), dialect: .floor, like: run.server)
            options.loops = options.loops ?? Processor.count
            all.append(Contender(name: "floor", server: options))
        }
        let rounds = try arguments.number("--rounds", in: 1...Limits.benchRoundsMax)
        self.rounds = rounds ?? (all.count > 1 ? 5 : 1)
        self.all = all
    }

    /// How often each is measured, in words.
    var title: String { rounds == 1 ? "one round" : "medians of \(rounds) rounds" }

    /// A flag that tells how the other server streams.
    private static func firstOfStreams(_ arguments: Arguments) -> String? {
        valuedOfStreams.sorted().first { arguments.text($0) != nil }
            ?? bareOfStreams.sorted().first { arguments.has($0) }
    }

    private static func dialect(_ arguments: Arguments) throws -> Dialect {
        var dialect = Dialect.floor
        dialect.isReadyAtHead = arguments.has("--against-ready-at-head")
        dialect.streamPath = arguments.text("--against-stream") ?? dialect.streamPath
        if let text = arguments.text("--against-publish") {
            let words = text.split(separator: " ")
            guard words.count == 2, words[1].hasPrefix("/") else {
                throw UsageError("--against-publish must look like 'POST /path'")
            }
            dialect.publishing = .relay(method: String(words[0]), path: String(words[1]))
        }
        return dialect
    }

    /// Measures one, and says which one it was if it cannot be measured.
    private func measureNamed(
        _ contender: Contender, _ measure: (Contender) throws -> Findings
    ) throws -> Findings {
        do {
            return try measure(contender)
        } catch let failure as BenchFailure where all.count > 1 {
            throw BenchFailure("the \(contender.name): \(failure.message)")
        }
    }

    /// Measures each in each round, and the first of one round is the last of the next.
    ///
    /// - Parameter measure: Measures one.
    /// - Returns: The figures of one contender, or those of two beside each other.
    /// - Throws: What `measure` throws.
    func measure(_ measure: (Contender) throws -> Findings) throws -> Findings {
        var rounds = Rounds(all.map(\.name))
        var findings = Findings()
        for round in 0..<self.rounds {
            let places = round % 2 == 0 ? Array(all.indices) : all.indices.reversed()
            for place in places {
                Console.setSubject(
                    "\(all[place].name), round \(round + 1) of \(self.rounds): ")
                defer { Console.setSubject("") }
                let found = try measureNamed(all[place], measure)
                findings.addViolations(of: found)
                if place == 0 { findings.serverCommandLine = found.serverCommandLine }
                rounds.add(found.report, of: place)
            }
        }
        findings.report.add("rounds", "rounds", .count(Int64(self.rounds)))
        if all.count == 1 {
            findings.report.add(rounds.median(of: 0))
        } else {
            let title = "\(self.title), ratios to the \(all[all.count - 1].name)"
            findings.report.add("figures", title, table: rounds.table)
        }
        return findings
    }
}
