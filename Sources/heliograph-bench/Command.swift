// SPDX-License-Identifier: MIT

/// What the program can do.
enum Command {
    /// Print how it is used.
    case help
    /// Measure how one change reaches many subscribers.
    case fanout(FanoutOptions)
    /// Be one of the client processes of a measurement. Not for people.
    case subscribers(SubscriberOptions)

    /// Reads a command line without the program's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        guard let name = arguments.first else { throw UsageError("which command?") }
        let rest = Array(arguments.dropFirst())
        switch name {
        case "help", "--help", "-h": self = .help
        case "fanout":
            self = rest.contains("--help") ? .help : .fanout(try FanoutOptions(parsing: rest))
        case "subscribers": self = .subscribers(try SubscriberOptions(parsing: rest))
        default: throw UsageError("unknown command '\(name)'")
        }
    }

    /// How the program is used.
    static let usage = """
        Usage: heliograph-bench fanout --subscribers N --transport sse|websocket [options]

        fanout measures what it costs a server, and how long it takes, to deliver changes to
        N subscribers. It exits with 1 if a subscriber did not end at the newest change.

          --subscribers N              subscribers, opened before the first event
          --transport sse|websocket    how they are connected
          --events N                   events that are measured (20)
          --interval-milliseconds N    between two events, by a schedule fixed in advance (1000)
          --warmup N                   events before the measured ones (2)
          --url URL                    measure this server, such as http://127.0.0.1:8888/v1
          --server-pid PID             its process, for its time and memory
          --server PATH                or start this program (heliograph beside this one)
          --ini FILE                   with this file of settings,
          --storage URL                on this storage (SQLite in a temporary directory)
          --loops N                    with this many event loops
          --server-cpu N               on this processor
          --client-cpu N               run everything else on this processor
          --clients N                  client processes (as few as descriptors allow)
          --auth USER:PASSWORD         who writes (bench:bench)
          --json                       print one JSON object instead of a table
        """
}
