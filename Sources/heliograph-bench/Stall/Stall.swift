// SPDX-License-Identifier: MIT

import Core

/// The command `stall`: what subscribers cost that do not read, and whether the others notice.
///
/// Each round is measured twice, on a server of its own: some subscribers do not read, or all do.
struct Stall: Measurement {
    private let options: StallOptions

    /// Makes the command.
    init(options: StallOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        var findings = Findings()
        addConditions(to: &findings.report)
        var rounds = Rounds(["stalled", "all reading"])
        for round in 0..<options.rounds {
            for contender in round % 2 == 0 ? [0, 1] : [1, 0] {
                let server = try ServerProcess(
                    run.server, connections: options.subscribers)
                let figures = try StallRound(options: options, isStalling: contender == 0)
                    .measure(server)
                rounds.add(figures.report, of: contender)
                findings.requireCorrect(figures.readers, behind: figures.readersBehind)
                findings.requireCorrect(figures.others, behind: figures.othersBehind)
                for found in [figures.readers, figures.others] { findings.requireWritten(found) }
                findings.serverCommandLine = server.commandLine
            }
        }
        addConclusions(rounds, to: &findings.report)
        return findings
    }

    private func addConditions(to report: inout Report) {
        report.add("transport", "transport", .text(options.transport.rawValue))
        report.add("subscribers", "subscribers", .count(Int64(options.subscribers)))
        report.add("stalled", "… of them stalled", .count(Int64(options.stalled)))
        report.add("writes", "writes", .count(Int64(options.writes)))
        report.add("collections", "collections", .count(Int64(options.collections)))
        report.add(
            "writers", "how they are written",
            .text(
                options.writers.map { "one by one on \($0) connections" }
                    ?? "a change of each collection in a batch, on one connection"))
        report.add(
            "interval_milliseconds", "between two writes",
            .quantity(Double(options.intervalNanoseconds) / 1e6, unit: "ms", digits: 1))
        report.add("rounds", "rounds", .count(Int64(options.rounds)))
    }

    private func addConclusions(_ rounds: Rounds, to report: inout Report) {
        report.add("figures", "Medians of the rounds", table: rounds.table)
        let key = "server_bytes_per_stalled"
        let label = "server memory per stalled subscriber"
        if let grown = Self.value(of: StallRound.growthKey, in: rounds.median(of: 0)),
            let usual = Self.value(of: StallRound.growthKey, in: rounds.median(of: 1))
        {
            let bytes = (grown - usual) * 1_024 / Double(options.stalled)
            report.add(key, label, .quantity(bytes, unit: "B", digits: 1))
        } else {
            report.add(key, label, .unknown)
        }
        let ratio = rounds.ratio(of: "scheduled_delivery_microseconds_p99")
        report.add(
            "p99_ratio", "readers' p99, stalled to all reading",
            ratio.map { .quantity($0, unit: "", digits: 3) } ?? .unknown)
    }

    private static func value(of key: String, in report: Report) -> Double? {
        report.rows.first { $0.key == key }?.figure.value
    }
}
