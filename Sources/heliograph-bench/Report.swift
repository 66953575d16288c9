// SPDX-License-Identifier: MIT

import Core

/// The result of a measurement: named figures in their order, for people and for programs.
struct Report {
    /// One figure.
    enum Figure {
        /// A number of things.
        case count(Int64)
        /// A number with a unit; shown with `digits` behind the point.
        case quantity(Double, unit: String, digits: Int)
        /// Something in words.
        case text(String)
        /// What could not be found out.
        case unknown
    }

    private struct Row {
        let key: String
        let label: String
        let figure: Figure
    }

    private var rows: [Row] = []

    /// Makes an empty report.
    init() {}

    /// Appends a figure.
    ///
    /// - Parameters:
    ///   - key: Its name for programs, with its unit last.
    ///   - label: Its name for people.
    mutating func add(_ key: String, _ label: String, _ figure: Figure) {
        rows.append(Row(key: key, label: label, figure: figure))
    }

    /// Appends a number of microseconds that is given in nanoseconds; unknown if nil.
    mutating func add(_ key: String, _ label: String, nanoseconds: Int64?) {
        guard let nanoseconds else { return add(key, label, .unknown) }
        add(key, label, .quantity(Double(nanoseconds) / 1_000, unit: "µs", digits: 1))
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
        for row in rows {
            switch row.figure {
            case .count(let count): object[row.key] = .integer(count)
            case .quantity(let value, _, let digits):
                let spelling = Self.fixed(value, digits: digits)
                object[row.key] = .number(JSONNumber(uncheckedSpelling: spelling))
            case .text(let text): object[row.key] = .string(text)
            case .unknown: object[row.key] = .null
            }
        }
        return JSONWriter.string(.object(object))
    }

    /// The report as lines of label and figure.
    ///
    /// - Complexity: O(number of figures).
    var table: String {
        let width = rows.map(\.label.count).max() ?? 0
        return rows.map { row in
            let padding = String(repeating: " ", count: width - row.label.count)
            return row.label + padding + "  " + Self.text(row.figure)
        }.joined(separator: "\n")
    }

    private static func text(_ figure: Figure) -> String {
        switch figure {
        case .count(let count): String(count)
        case .quantity(let value, let unit, let digits): "\(fixed(value, digits: digits)) \(unit)"
        case .text(let text): text
        case .unknown: "unknown"
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
