// SPDX-License-Identifier: MIT

import Core

/// The flags that every measurement takes.
struct RunOptions {
    /// Which server is measured.
    let server: ServerOptions
    /// Client processes, or nil for as few as descriptors allow.
    let clients: Int?
    /// The processor for this process and the client processes.
    let clientCPU: Int?
    /// User and password of who writes, separated by a colon.
    let credentials: String
    /// Whether the report is one JSON object.
    let isJSON: Bool
    /// The whole command line, for the report.
    let commandLine: [String]

    private static let valued = ServerOptions.flags.union(["--clients", "--client-cpu", "--auth"])

    /// Reads a command's arguments, the command's name first.
    ///
    /// - Parameters:
    ///   - valued: The command's own flags that take a value.
    ///   - bare: The command's own flags that take none.
    /// - Returns: The options and all arguments, for the command's own.
    /// - Throws: `UsageError`.
    static func parse(
        _ commandLine: [String], valued: Set<String>, bare: Set<String> = []
    ) throws -> (options: RunOptions, arguments: Arguments) {
        let arguments = try Arguments(
            Array(commandLine.dropFirst()), valued: valued.union(self.valued),
            bare: bare.union(["--json"]))
        return (try RunOptions(arguments, commandLine: commandLine), arguments)
    }

    private init(_ arguments: Arguments, commandLine: [String]) throws {
        server = try ServerOptions(arguments)
        clients = try arguments.number("--clients", in: 1...Limits.benchClientsMax)
        clientCPU = try arguments.number("--client-cpu", in: 0...1_023)
        credentials = arguments.text("--auth") ?? "bench:bench"
        guard credentials.contains(":") else { throw UsageError("--auth must be USER:PASSWORD") }
        isJSON = arguments.has("--json")
        self.commandLine = ["heliograph-bench"] + commandLine
    }
}
