// SPDX-License-Identifier: MIT

import Core

/// Figures in rows and columns.
struct FigureTable {
    /// What stands above a column, and its name for programs.
    struct Column {
        /// Its name for programs, with its unit last; empty if it is for people alone.
        let key: String
        /// Its name for people.
        let title: String
    }

    private let columns: [Column]
    private var rows: [[Report.Figure]] = []

    /// Makes a table without rows.
    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Appends a row, with a figure for each column.
    mutating func add(_ row: [Report.Figure]) {
        precondition(row.count == columns.count)
        rows.append(row)
    }

    /// The rows as objects.
    ///
    /// - Complexity: O(number of figures).
    var json: JSONValue {
        .array(
            rows.map { row in
                let cells = zip(columns, row).filter { !$0.0.key.isEmpty }
                return .object(JSONObject(cells.map { ($0.key, $1.json) }))
            })
    }

    /// The lines for people: texts begin at the left, numbers end at the right.
    ///
    /// - Complexity: O(number of figures).
    var lines: [String] {
        let cells = [columns.map(\.title)] + rows.map { $0.map(\.description) }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let padded = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return isText(column) ? row[column] + space : space + row[column]
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private func isText(_ column: Int) -> Bool {
        rows.contains { row in
            switch row[column] {
            case .text, .name: true
            case .picture(let text): !text.isEmpty
            case .count, .failures, .quantity, .unknown: false
            }
        }
    }

    /// A bar of blocks, as long as `value` is of `maximum`.
    static func bar(_ value: Int, of maximum: Int, width: Int = 40) -> String {
        guard maximum > 0 else { return "" }
        return String(repeating: "█", count: (value * width + maximum - 1) / maximum)
    }
}
