// SPDX-License-Identifier: MIT

/// Figures in the text format of Prometheus (version 0.0.4).
struct MetricsText {
    /// What kind of figure it is.
    enum Kind: String {
        /// It only grows.
        case counter
        /// It goes up and down.
        case gauge
    }

    /// The media type.
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The text so far.
    private(set) var text = ""

    /// Appends a figure.
    ///
    /// - Parameters:
    ///   - name: Its name, with the unit last.
    ///   - help: What it tells, in one sentence.
    ///   - samples: Its values, each with its labels in braces or an empty text.
    mutating func append(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: String, value: String)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
    }

    /// Appends a figure of one value.
    mutating func append(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger)
    {
        append(name, kind, help, [("", "\(value)")])
    }
}
