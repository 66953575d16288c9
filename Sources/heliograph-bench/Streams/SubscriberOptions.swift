// SPDX-License-Identifier: MIT

import Core

/// What the subscribers of one client process do: the command line of `subscribers`, which
/// `SubscriberPool` writes.
struct SubscriberOptions {
    /// The server.
    var url: ServiceURL
    /// How the subscribers are connected.
    var transport: Transport
    /// How many subscribers there are.
    var count: Int
    /// How many subscribers other processes have before these; decides the source addresses.
    var first = 0
    /// The path of the stream below the base URL.
    var path = ChangeID.streamPath
    /// How many different filters the subscribers have, in turn; each lets the first collection
    /// through. With one there is none.
    var filters = 1
    /// Whether the answer's head alone means that a subscriber is ready, for servers that do not
    /// say so.
    var isReadyAtHead = false
    /// How many of this program's collections there are.
    var collections = 1
    /// How many of them have the arrival of their changes timed; those of the others are counted.
    var timedCollections = 1
    /// What the kernel may keep for a subscriber that does not read (`SO_RCVBUF`), or nil for its
    /// own choice.
    var receiveBufferBytes: Int?
    /// Whether a subscriber whose stream ends comes back when it was told to. Else it is lost.
    var returns = false
    /// Whether subscribers remember the cursor of what they saw last, to resume there.
    var tracksCursors = false

    /// Makes the options of subscribers that only listen.
    init(url: ServiceURL, transport: Transport, count: Int) {
        self.url = url
        self.transport = transport
        self.count = count
    }

    /// Reads the arguments behind the command's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        let arguments = try Arguments(
            arguments,
            valued: [
                "--url", "--transport", "--count", "--first", "--path", "--collections",
                "--timed-collections", "--receive-buffer", "--filters",
            ],
            bare: ["--ready-at-head", "--returns", "--cursors"])
        guard let url = try arguments.url("--url"),
            let count = try arguments.number("--count", in: 1...Limits.benchSubscribersMax)
        else { throw UsageError("subscribers needs --url and --count") }
        self.init(
            url: url, transport: try Transport(parsing: arguments.requiredText("--transport")),
            count: count)
        first = try arguments.number("--first", in: 0...Limits.benchSubscribersMax) ?? first
        path = arguments.text("--path") ?? path
        isReadyAtHead = arguments.has("--ready-at-head")
        let range = 0...Limits.benchCollectionsMax
        collections = try arguments.number("--collections", in: range) ?? collections
        timedCollections =
            try arguments.number("--timed-collections", in: range) ?? timedCollections
        filters = try arguments.number("--filters", in: 1...Limits.benchFiltersMax) ?? filters
        receiveBufferBytes = try arguments.number("--receive-buffer", in: 1...Int(Int32.max))
        returns = arguments.has("--returns")
        tracksCursors = arguments.has("--cursors")
    }

    /// The arguments that `init(parsing:)` reads back, the command's name first.
    var arguments: [String] {
        var arguments = [
            "subscribers", "--url", url.description, "--transport", transport.rawValue,
            "--count", String(count), "--first", String(first), "--path", path,
            "--collections", String(collections), "--timed-collections", String(timedCollections),
            "--filters", String(filters),
        ]
        if let receiveBufferBytes { arguments += ["--receive-buffer", String(receiveBufferBytes)] }
        if isReadyAtHead { arguments.append("--ready-at-head") }
        if returns { arguments.append("--returns") }
        if tracksCursors { arguments.append("--cursors") }
        return arguments
    }

    /// The path of the stream of the subscriber with that number, counted from `first`, below the
    /// base URL.
    func path(ofSubscriber number: Int) -> String {
        guard filters > 1 else { return path }
        let other = "\(ChangeID.bucket)/collections/other-\((first + number) % filters)"
        return "\(path)?resource=\(ChangeID.path(ofCollection: 0))&resource=\(other)"
    }

    /// The same for `count` of the subscribers, behind the first `offset`.
    func share(of count: Int, behind offset: Int) -> SubscriberOptions {
        var share = self
        share.count = count
        share.first = first + offset
        return share
    }
}
