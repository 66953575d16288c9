// SPDX-License-Identifier: MIT
//
// Measurements on a machine that others share are only comparable when they alternate. So each
// contender is measured once per round, of all rounds the median of each figure counts, and what is
// told of two contenders is the median of the rounds' ratios.

import Core

/// The reports of contenders that were measured in turn, in several rounds.
struct Rounds {
    private let names: [String]
    private var reports: [[Report]]

    /// Makes the collection for contenders of these names; ratios are to the last of them.
    init(_ names: [String]) {
        precondition(!names.isEmpty)
        self.names = names
        reports = names.map { _ in [] }
    }

    /// Adds what the contender of a number showed in a round.
    mutating func add(_ report: Report, of contender: Int) {
        reports[contender].append(report)
    }

    /// The median of each figure of a contender, and the sum of its failures.
    ///
    /// - Complexity: O(*n* log *n*) in the number of figures.
    func median(of contender: Int) -> Report {
        var median = Report()
        let rounds = reports[contender]
        for row in rounds.first?.rows ?? [] {
            let figures = rounds.flatMap(\.rows).filter { $0.key == row.key }.map(\.figure)
            median.add(row.key, row.label, Self.median(of: figures))
        }
        return median
    }

    /// The ratio of a figure of the first contender to that of the last: the median of those of
    /// the rounds; nil if there is none in one of them.
    ///
    /// - Complexity: O(*n* log *n*) in the number of figures.
    func ratio(of key: String) -> Double? {
        let ratios = ratios(of: key)
        return ratios.isEmpty ? nil : Self.median(of: ratios)
    }

    /// The figures of all contenders beside each other, and the ratio of the first to the last.
    ///
    /// - Complexity: O(*n* log *n*) in the number of figures.
    var table: FigureTable {
        let medians = names.indices.map { median(of: $0) }
        var columns = [FigureTable.Column(key: "figure", title: "median of the rounds")]
        columns += names.map { FigureTable.Column(key: $0, title: $0) }
        columns += [
            FigureTable.Column(key: "ratio", title: "ratio"),
            FigureTable.Column(key: "ratio_least", title: "least"),
            FigureTable.Column(key: "ratio_most", title: "most"),
        ]
        var table = FigureTable(columns)
        for row in medians[0].rows {
            let figures = medians.map { median in
                median.rows.first { $0.key == row.key }?.figure ?? .unknown
            }
            let ratios = ratios(of: row.key)
            let spread = [ratio(of: row.key), ratios.min(), ratios.max()].map { ratio in
                ratio.map { Report.Figure.quantity($0, unit: "", digits: 3) } ?? .picture("")
            }
            table.add([.name(row.label, key: row.key)] + figures + spread)
        }
        return table
    }

    /// The ratios of a figure, round by round; none if one round has no ratio, as those of the
    /// others would tell of chosen rounds.
    private func ratios(of key: String) -> [Double] {
        let rounds = Array(zip(reports[0], reports[reports.count - 1]))
        let ratios = rounds.compactMap { ours, theirs -> Double? in
            guard let our = Self.value(of: key, in: ours),
                let their = Self.value(of: key, in: theirs), our > 0, their > 0
            else { return nil }
            return our / their
        }
        return ratios.count == rounds.count ? ratios : []
    }

    private static func value(of key: String, in report: Report) -> Double? {
        report.rows.first { $0.key == key }?.figure.value
    }

    /// The middle value, or the mean of the two in the middle.
    ///
    /// - Precondition: There is one.
    /// - Complexity: O(*n* log *n*).
    static func median(of values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private static func median(of figures: [Report.Figure]) -> Report.Figure {
        let values = figures.compactMap(\.value)
        guard let first = figures.first(where: { $0.value != nil }) ?? figures.first else {
            return .unknown
        }
        switch first {
        case .count: return .count(Int64(median(of: values).rounded()))
        case .failures: return .failures(Int64(values.reduce(0, +)))
        case .quantity(_, let unit, let digits):
            return .quantity(median(of: values), unit: unit, digits: digits)
        case .text, .name, .picture, .unknown: return first
        }
    }
}
