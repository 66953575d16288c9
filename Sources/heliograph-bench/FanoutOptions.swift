// SPDX-License-Identifier: MIT

import Core

/// The command line of `fanout`.
struct FanoutOptions {
    /// Subscribers, all opened before the first event.
    let subscribers: Int
    /// How they are connected.
    let transport: Transport
    /// Events that are measured.
    let events: Int
    /// Between the scheduled times of two events.
    let intervalMilliseconds: Int
    /// Events before the measured ones.
    let warmup: Int
    /// Client processes, or nil for as few as descriptors allow.
    let clients: Int?
    /// The processor for this process and the client processes.
    let clientCPU: Int?
    /// Which server is measured.
    let server: ServerOptions
    /// User and password of the publisher, separated by a colon.
    let credentials: String
    /// Whether the report is one JSON object.
    let isJSON: Bool

    /// Reads the arguments behind the command's name.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        let own: Set = [
            "--subscribers", "--transport", "--events", "--interval-milliseconds", "--warmup",
            "--clients", "--client-cpu", "--auth",
        ]
        let arguments = try Arguments(
            arguments, valued: own.union(ServerOptions.flags), bare: ["--json"])
        _ = try arguments.requiredText("--subscribers")
        subscribers =
            try arguments.number("--subscribers", in: 1...Limits.benchSubscribersMax) ?? 1
        transport = try Transport(parsing: arguments.requiredText("--transport"))
        events = try arguments.number("--events", in: 1...Limits.benchEventsMax) ?? 20
        intervalMilliseconds =
            try arguments.number(
                "--interval-milliseconds", in: 0...Limits.benchIntervalMillisecondsMax) ?? 1_000
        warmup = try arguments.number("--warmup", in: 0...Limits.benchEventsMax) ?? 2
        clients = try arguments.number("--clients", in: 1...Limits.benchClientsMax)
        clientCPU = try arguments.number("--client-cpu", in: 0...1_023)
        server = try ServerOptions(arguments)
        credentials = arguments.text("--auth") ?? "bench:bench"
        guard credentials.contains(":") else { throw UsageError("--auth must be USER:PASSWORD") }
        isJSON = arguments.has("--json")
    }
}
