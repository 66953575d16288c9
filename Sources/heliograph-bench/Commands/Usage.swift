// SPDX-License-Identifier: MIT

/// How the program is used.
extension MeasurementKind {
    /// All commands in a line each.
    static var overview: String {
        var lines = ["Usage: heliograph-bench COMMAND [options]", ""]
        for kind in allCases {
            let padding = String(repeating: " ", count: 10 - kind.rawValue.count)
            lines.append("  \(kind.rawValue)\(padding)\(kind.summary)")
        }
        lines += [
            "  floor     the bare server that others are compared with, alone: --loops N, --answer",
            "            FILE and --not-modified FILE are what it answers to GET",
            "  version   the version of this program", "",
            "Exits with 1 if the server did something wrong or could not be measured, with 64 for",
            "a command line that means nothing. 'heliograph-bench help COMMAND' tells the options",
            "of a command.",
        ]
        return lines.joined(separator: "\n")
    }

    /// One command and its options.
    var usage: String {
        """
        Usage: heliograph-bench \(rawValue) [options]

        \(summary)

        \(options)

        The server:
          --url URL                    measure this server, such as http://127.0.0.1:8888/v1
          --server-pid PID             its process, for its time and memory
          --server PATH                or start this program (heliograph beside this one)
          --ini FILE                   with this file of settings,
          --storage URL                on this storage (SQLite in a temporary directory)
          --loops N                    with this many event loops
          --server-cpu N               on this processor

        The rest:
          --client-cpu N               run everything else on this processor
          --clients N                  client processes (as few as descriptors allow)
          --auth USER:PASSWORD         who writes (bench:bench)
          --json                       print one JSON object instead of a table
        """
    }

    private var summary: String {
        switch self {
        case .fanout: "what it costs, and how long it takes, to deliver changes to many"
        case .stall: "what subscribers cost that do not read, and whether the others notice"
        case .drain: "how the subscribers of a server that ends move to its successor"
        case .poll: "what it costs to be asked whether something changed, and what"
        case .write: "what durable writes cost, one by one and in batches"
        case .start: "how long a server takes to be ready, and what it occupies then"
        case .herd: "what happens when many subscribers return at once, from their cursors"
        case .hold: "what idle subscribers occupy, and what is left when they have gone"
        case .soak: "writers, readers, pollers, coming and going for a long time"
        }
    }

    private var options: String {
        switch self {
        case .fanout: Self.fanoutOptions
        case .stall: Self.stallOptions
        case .drain: Self.drainOptions
        case .poll: Self.pollOptions
        case .write: Self.writeOptions
        case .start: Self.startOptions
        case .herd: Self.herdOptions
        case .hold: Self.holdOptions
        case .soak: Self.soakOptions
        }
    }

    private static let fanoutOptions = """
          --subscribers N              subscribers, opened before the first event; needed
          --transport sse|websocket    how they are connected; needed
          --collections N              collections there are, the first of which changes (1)
          --filters N                  different filters among the subscribers (1)
          --events N                   events that are measured (20)
          --interval-milliseconds N    between two events, by a fixed schedule (1000)
          --warmup N                   events before the measured ones (2)
        \(contenders)
        """

    private static let stallOptions = """
          --transport sse|websocket    how subscribers are connected (sse)
          --subscribers N              all of them (2000)
          --stalled-percent N          those that do not read while changes are written (10)
          --changes N                  changes that are written, at least: whole batches (10000)
          --collections N              of so many collections, one of each in a batch (20)
          --writers N                  or one by one, on so many connections
          --rate N                     changes per second, by a fixed schedule (500)
          --receive-buffer N           bytes that the kernel may keep for a stalled one (4096)
          --rounds N                   rounds, each with and without stalled ones (3)
        """

    private static let drainOptions = """
          --transport sse|websocket    how subscribers are connected (sse)
          --streams N                  how many there are (10000)
          --drain-seconds N            the setting heliograph.drain_seconds of the server
          --changes N                  changes that are written meanwhile (100)
          --interval-milliseconds N    between two of them, by a fixed schedule (200)
          --seconds N                  until all must be live again (the drain and 110)
        """

    private static let pollOptions = """
          --case NAME                  only this request: list, 304, filtered or changeset
          --connections N              kept connections (32)
          --rate N|max                 requests per second, by a fixed schedule (10000; changesets
                                       1 in 50), or as many as are answered
          --seconds N                  how long each request is measured in a round (3)
          --collections N              collections in the list (31)
          --records N                  records of the collection whose changeset is asked for (2000)
          --record-bytes N             the text in each of them (600)
        \(comparison)
          --against-path PATH          what it is asked for
        \(rounds)
        """

    private static let writeOptions = """
          --writers N,N…               how many write at the same time, each waiting for its answer
                                       before it writes again (1,8,64,512)
          --seconds N                  how long each number of them writes (3)
          --record-bytes N             the text in a record (500)
          --data DIRECTORY             load its files BUCKET/COLLECTION.json in batches, too
          --batch N                    requests in a batch (25)
          --rounds N                   how often everything is measured (3)
        """

    private static let startOptions = """
          --collections N              collections in the database (0)
          --records N                  records in each of them (0)
          --starts N                   how often the server is started (9)
        """

    private static let herdOptions = """
          --transport sse|websocket    how subscribers are connected (sse)
          --returning N                who return at once (15000)
          --staying N                  who stay meanwhile (500)
          --rate N                     changes per second, by a fixed schedule (20)
          --calm-seconds N             how long who stay are watched without the herd (3)
          --rounds N                   how often everything is measured (3)
        """

    private static let holdOptions = """
          --transport sse|websocket    how subscribers are connected (sse)
          --subscribers N              how many there are (15000)
          --cycles N                   how often they come and go, all together (3)
          --churn N                    how many come and go one by one in each second (1000)
          --churn-seconds N            for how long (10)
        """

    private static let soakOptions = """
          --transport sse|websocket    how subscribers are connected (sse)
          --subscribers N              how many there are; half of them come and go (2000)
          --collections N              collections that are written to (20)
          --rate N                     changes per second, by a fixed schedule (20)
          --churn N                    subscribers that come and go in each second (200)
          --polls N                    polls of the list per second, by a fixed schedule (200)
          --seconds N                  how long all that lasts (60)
          --sample-seconds N           between two looks at the memory (a 20th of that)
        """

    private static let comparison = """
          --floor                      compare with a bare server, in turn,
          --against COMMAND            or with any: one command with {port} in it, no shell line,
        """

    private static let rounds = """
          --rounds N                   how often each is measured (1; compared, 5)
        """

    private static let contenders = """
        \(comparison)
          --against-stream PATH        its stream,
          --against-publish 'POST /P'  the request whose body it sends to its subscribers,
          --against-ready-at-head      and it does not say when a stream is live
        \(rounds)
        """
}
