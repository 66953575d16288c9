// SPDX-License-Identifier: MIT

import Core

/// What `drain` found, put into figures.
struct DrainFigures {
    private let options: DrainOptions
    private let move: Move
    private let clients: SubscriberPool.Report

    /// Makes the figures of a move and what the subscribers saw of it.
    init(options: DrainOptions, move: Move, clients: SubscriberPool.Report) {
        self.options = options
        self.move = move
        self.clients = clients
    }

    /// Deliveries of changes that did not come about. Every change is the only one of its
    /// collection, so that everybody must get each.
    var missing: Int64 {
        Int64(move.events.count * options.streams) - clients.arrivals.deliveries
    }

    /// Adds the figures to a report.
    func add(to report: inout Report, behind: Int) {
        report.add("transport", "transport", .text(options.transport.rawValue))
        report.add("streams", "streams", .count(Int64(options.streams)))
        addTimes(to: &report)
        addRates(to: &report)
        report.add("changes", "changes written", .count(Int64(move.events.count)))
        report.add("unanswered", "… without an answer", .count(Int64(move.unanswered)))
        report.add("deliveries", "deliveries", .count(clients.arrivals.deliveries))
        report.add("missing", "… missing", .failures(missing))
        report.add("repeated", "… repeated", .failures(clients.repeated))
        report.add("older", "… going backwards", .failures(clients.older))
        report.add("behind", "streams behind at the end", .failures(Int64(behind)))
        addSeconds(to: &report)
    }

    private func addTimes(to report: inout Report) {
        let comings = clients.comings
        addSeconds("exit_seconds", "SIGTERM to the server's end", at: move.ended, to: &report)
        addSeconds(
            "ready_seconds", "SIGTERM to the next one ready", at: move.ready, to: &report)
        addSeconds(
            "ended_seconds", "SIGTERM to the last stream's end", at: comings.ends.max(),
            to: &report)
        addSeconds(
            "live_seconds", "SIGTERM to all live again", at: comings.lives.max(), to: &report)
        let told = comings.told.sorted()
        report.add("told", "streams that were told when to return", .count(Int64(told.count)))
        for (name, place) in [("min", 0), ("p50", told.count / 2), ("max", told.count - 1)]
        where told.indices.contains(place) {
            report.add(
                "told_milliseconds_\(name)", "what they were told, \(name)",
                .quantity(Double(told[place]), unit: "ms", digits: 0))
        }
    }

    private func addSeconds(
        _ key: String, _ label: String, at time: Int64?, to report: inout Report
    ) {
        let seconds = time.map { Double($0 - move.terminated) / 1e9 }
        report.add(key, label, seconds.map { .quantity($0, unit: "s", digits: 3) } ?? .unknown)
    }

    private func addRates(to report: inout Report) {
        let comings = clients.comings
        report.add("ends", "streams that ended", .count(Int64(comings.ends.count)))
        report.add("refused", "attempts that were refused", .count(Int64(comings.refusals.count)))
        report.add("returns", "connections of who returned", .count(Int64(comings.returns.count)))
        guard let rate = Rate(times: comings.returns) else { return }
        report.add(
            "return_span_seconds", "from the first to the last",
            .quantity(Double(rate.spanNanoseconds) / 1e9, unit: "s", digits: 3))
        report.add(
            "returns_per_second_peak", "most within a second", .count(Int64(rate.peakPerSecond)))
        report.add(
            "returns_per_second_mean", "mean per second",
            .quantity(rate.meanPerSecond, unit: "", digits: 1))
        report.add(
            "returns_peak_to_mean", "most to mean",
            .quantity(rate.peakToMean, unit: "", digits: 2))
    }

    private func addSeconds(to report: inout Report) {
        let comings = clients.comings
        let lists = [comings.ends, comings.refusals, comings.returns, comings.lives]
        let last = lists.compactMap { $0.max() }.max() ?? move.terminated
        let seconds = Int((last - move.terminated) / 1_000_000_000) + 1
        let counts = lists.map {
            Rate.counts(of: $0, since: move.terminated, seconds: seconds)
        }
        var table = FigureTable([
            .init(key: "second", title: "second"), .init(key: "ends", title: "ended"),
            .init(key: "refused", title: "refused"), .init(key: "returns", title: "returned"),
            .init(key: "lives", title: "live"), .init(key: "", title: "returned"),
        ])
        let most = counts[2].max() ?? 0
        for second in 0..<seconds {
            let figures = counts.map { Report.Figure.count(Int64($0[second])) }
            let bar = FigureTable.bar(counts[2][second], of: most)
            table.add([.count(Int64(second))] + figures + [.picture(bar)])
        }
        report.add("seconds", "In each second since SIGTERM", table: table)
    }
}
