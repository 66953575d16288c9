// SPDX-License-Identifier: MIT

import Core

/// The result of a measurement: named figures in their order, for people and for programs.
struct Report {
    /// One figure.
    enum Figure {
        /// A number of things.
        case count(Int64)
        /// A number of things that should be 0: of several rounds the sum counts, not the median.
        case failures(Int64)
        /// A number with a unit; shown with `digits` behind the point.
        case quantity(Double, unit: String, digits: Int)
        /// Something in words.
        case text(String)
        /// What a row of a table is about, in words and for programs.
        case name(String, key: String)
        /// Something to look at, not for programs.
        case picture(String)
        /// What could not be found out.
        case unknown
    }

    /// A figure with its names.
    struct Row {
        /// Its name for programs, with its unit last.
        let key: String
        /// Its name for people.
        let label: String
        /// The figure.
        let figure: Figure
    }

    /// The figures in their order.
    private(set) var rows: [Row] = []
    private var parts: [Part] = []

    private enum Part {
        case rows(Range<Int>)
        case table(key: String, title: String, FigureTable)
    }

    /// Makes an empty report.
    init() {}

    /// Appends a figure.
    ///
    /// - Parameters:
    ///   - key: Its name for programs, with its unit last.
    ///   - label: Its name for people.
    mutating func add(_ key: String, _ label: String, _ figure: Figure) {
        rows.append(Row(key: key, label: label, figure: figure))
        if case .rows(let range)? = parts.last {
            parts[parts.count - 1] = .rows(range.lowerBound..<rows.count)
        } else {
            parts.append(.rows(rows.count - 1..<rows.count))
        }
    }

    /// Appends a number of microseconds that is given in nanoseconds; unknown if nil.
    mutating func add(_ key: String, _ label: String, nanoseconds: Int64?) {
        guard let nanoseconds else { return add(key, label, .unknown) }
        add(key, label, .quantity(Double(nanoseconds) / 1_000, unit: "µs", digits: 1))
    }

    /// Appends quantiles of durations, in microseconds.
    ///
    /// - Complexity: O(number of buckets).
    mutating func add(_ key: String, _ label: String, _ histogram: Histogram) {
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            add(
                "\(key)_\(name)", "\(label), \(name)",
                nanoseconds: histogram.value(atQuantile: quantile))
        }
        let maximum = histogram.count > 0 ? histogram.maximum : nil
        add("\(key)_max", "\(label), max", nanoseconds: maximum)
    }

    /// Appends a table.
    ///
    /// - Parameters:
    ///   - key: Its name for programs.
    ///   - title: A line above it.
    mutating func add(_ key: String, _ title: String, table: FigureTable) {
        parts.append(.table(key: key, title: title, table))
    }

    /// Appends all that another report has.
    ///
    /// - Complexity: O(size of the other report).
    mutating func add(_ other: Report) {
        for part in other.parts {
            switch part {
            case .rows(let range):
                for row in other.rows[range] { add(row.key, row.label, row.figure) }
            case .table(let key, let title, let table): add(key, title, table: table)
            }
        }
    }

    /// Appends the machine, what was run on it and how.
    mutating func add(_ machine: Machine, commandLine: [String], server: [String]?) {
        add("commit", "commit", .text(machine.commit))
        add("kernel", "kernel", .text(machine.kernel))
        add("processor", "processor", .text("\(machine.processor) × \(machine.processors)"))
        add("command", "command", .text(commandLine.joined(separator: " ")))
        if let server { add("server", "server", .text(server.joined(separator: " "))) }
    }

    /// The report as one JSON object on one line.
    ///
    /// - Complexity: O(number of figures).
    var json: String {
        var object = JSONObject()
        for part in parts {
            switch part {
            case .rows(let range): for row in rows[range] { object[row.key] = row.figure.json }
            case .table(let key, _, let table): object[key] = table.json
            }
        }
        return JSONWriter.string(.object(object))
    }

    /// The report as lines of label and figure, and tables.
    ///
    /// - Complexity: O(number of figures).
    var table: String {
        let width = rows.map(\.label.count).max() ?? 0
        var lines: [String] = []
        for part in parts {
            switch part {
            case .rows(let range):
                for row in rows[range] {
                    let padding = String(repeating: " ", count: width - row.label.count)
                    lines.append(row.label + padding + "  " + row.figure.description)
                }
            case .table(_, let title, let table): lines += ["", title] + table.lines + [""]
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension Report.Figure: CustomStringConvertible {
    var description: String {
        switch self {
        case .count(let count), .failures(let count): String(count)
        case .quantity(let value, let unit, let digits):
            unit.isEmpty
                ? Self.fixed(value, digits: digits)
                : "\(Self.fixed(value, digits: digits)) \(unit)"
        case .text(let text), .name(let text, _), .picture(let text): text
        case .unknown: "unknown"
        }
    }

    /// The figure for programs.
    var json: JSONValue {
        switch self {
        case .count(let count), .failures(let count): .integer(count)
        case .quantity(let value, _, let digits):
            .number(JSONNumber(uncheckedSpelling: Self.fixed(value, digits: digits)))
        case .text(let text), .name(_, let text): .string(text)
        case .picture, .unknown: .null
        }
    }

    /// The figure as a number, or nil if it is none.
    var value: Double? {
        switch self {
        case .count(let count), .failures(let count): Double(count)
        case .quantity(let value, _, _): value
        case .text, .name, .picture, .unknown: nil
        }
    }

    /// `value` with exactly `digits` digits behind the point, rounded; at most 9.
    static func fixed(_ value: Double, digits: Int) -> String {
        precondition(digits >= 0 && digits <= 9 && value.isFinite)
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + String(scaled) }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
    }
}
