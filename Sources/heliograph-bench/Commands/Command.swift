// SPDX-License-Identifier: MIT

/// What the program can do.
enum Command {
    /// Print a text that tells how it is used.
    case help(String)
    /// Print the version.
    case version
    /// Measure something.
    case measurement(any Measurement)
    /// Be one of the client processes of a measurement. Not for people.
    case subscribers(SubscriberOptions)
    /// Be one of the client processes that ask. Not for people.
    case requests
    /// Be the bare server that others are compared with. Not for people.
    case floor(FloorOptions)
    /// Become a server that is measured. Not for people.
    case launch(Launch)

    /// Reads a command line without the program's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        guard let name = arguments.first else { throw UsageError("which command?") }
        let rest = Array(arguments.dropFirst())
        switch name {
        case "help", "--help", "-h":
            self = .help(try Self.help(on: rest.first))
        case "version", "--version": self = .version
        case "subscribers": self = .subscribers(try SubscriberOptions(parsing: rest))
        case "requests": self = .requests
        case "floor" where rest.contains("--help") || rest.contains("-h"):
            self = .help(MeasurementKind.overview)
        case "floor": self = .floor(try FloorOptions(parsing: rest))
        case "launch": self = .launch(try Launch(parsing: rest))
        default:
            guard let kind = MeasurementKind(rawValue: name) else {
                throw UsageError("unknown command '\(name)'")
            }
            self =
                rest.contains("--help") || rest.contains("-h")
                ? .help(kind.usage) : .measurement(try kind.measurement(parsing: arguments))
        }
    }

    private static func help(on topic: String?) throws -> String {
        guard let topic else { return MeasurementKind.overview }
        guard let kind = MeasurementKind(rawValue: topic) else {
            throw UsageError("unknown command '\(topic)'")
        }
        return kind.usage
    }
}
