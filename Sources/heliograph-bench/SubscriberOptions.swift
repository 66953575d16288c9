// SPDX-License-Identifier: MIT

import Core

/// The command line of `subscribers`, which `SubscriberPool` writes.
struct SubscriberOptions {
    /// The server.
    let url: ServiceURL
    /// How the subscribers are connected.
    let transport: Transport
    /// How many subscribers this process holds.
    let count: Int
    /// How many subscribers the processes before this one hold; decides the source addresses.
    let first: Int

    /// Makes the options of one client process.
    init(url: ServiceURL, transport: Transport, count: Int, first: Int) {
        self.url = url
        self.transport = transport
        self.count = count
        self.first = first
    }

    /// Reads the arguments behind the command's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        let arguments = try Arguments(
            arguments, valued: ["--url", "--transport", "--count", "--first"], bare: [])
        guard let url = try arguments.url("--url"),
            let count = try arguments.number("--count", in: 1...Limits.benchSubscribersMax),
            let first = try arguments.number("--first", in: 0...Limits.benchSubscribersMax)
        else { throw UsageError("subscribers needs --url, --transport, --count and --first") }
        self.init(
            url: url, transport: try Transport(parsing: arguments.requiredText("--transport")),
            count: count, first: first)
    }

    /// The arguments that `init(parsing:)` reads back, the command's name first.
    var arguments: [String] {
        [
            "subscribers", "--url", url.description, "--transport", transport.rawValue,
            "--count", String(count), "--first", String(first),
        ]
    }
}
