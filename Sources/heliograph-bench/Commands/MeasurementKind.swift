// SPDX-License-Identifier: MIT

/// The measurements by their names on the command line.
enum MeasurementKind: String, CaseIterable {
    /// How one change reaches many.
    case fanout
    /// What subscribers cost that do not read.
    case stall
    /// How a server's subscribers move to its successor.
    case drain
    /// What it costs to be asked for changes.
    case poll
    /// What durable writes cost.
    case write
    /// How long a server takes to be ready.
    case start
    /// What happens when many return at once.
    case herd
    /// What idle subscribers occupy.
    case hold
    /// All of it together for a long time.
    case soak

    /// Reads the command line of a measurement, its name first.
    ///
    /// - Throws: `UsageError`.
    func measurement(parsing commandLine: [String]) throws -> any Measurement {
        switch self {
        case .fanout: Fanout(options: try FanoutOptions(parsing: commandLine))
        case .stall: Stall(options: try StallOptions(parsing: commandLine))
        case .drain: Drain(options: try DrainOptions(parsing: commandLine))
        case .poll: Poll(options: try PollOptions(parsing: commandLine))
        case .write: Write(options: try WriteOptions(parsing: commandLine))
        case .start: Start(options: try StartOptions(parsing: commandLine))
        case .herd: Herd(options: try HerdOptions(parsing: commandLine))
        case .hold: Hold(options: try HoldOptions(parsing: commandLine))
        case .soak: Soak(options: try SoakOptions(parsing: commandLine))
        }
    }
}
