// SPDX-License-Identifier: MIT

import Glibc

/// Which server is measured; the same flags for every command.
struct ServerOptions {
    /// A running server or one to start.
    enum Target {
        /// Somebody else's server, and its process if that is known.
        case running(ServiceURL, pid: pid_t?)
        /// A Heliograph to start.
        case program(path: String)
        /// The bare server within this program.
        case floor(FloorOptions)
        /// Any other server to start: a command line with `{port}` in it.
        case command(String)
    }

    /// A running server or one to start.
    var target: Target
    /// How it is spoken to.
    var dialect = Dialect.heliograph
    /// A file of settings for a server to start.
    var iniFile: String?
    /// The storage of a server to start, or nil for a file in a temporary directory.
    var storageURL: String?
    /// The event loops of a server to start, or nil for its own choice.
    var loops: Int?
    /// The processor of a server to start, or nil for all.
    var cpu: Int?
    /// Settings of a server to start, as environment variables.
    var environment: [String: String] = [:]

    /// The flags that `init(_:)` reads; all take a value.
    static let flags: Set = [
        "--url", "--server-pid", "--server", "--ini", "--storage", "--loops", "--server-cpu",
    ]

    /// Takes the server's flags out of a command's.
    ///
    /// - Throws: `UsageError`, also for flags that contradict each other.
    init(_ arguments: Arguments) throws {
        iniFile = arguments.text("--ini")
        storageURL = arguments.text("--storage")
        loops = try arguments.number("--loops", in: 1...1_024)
        cpu = try arguments.number("--server-cpu", in: 0...1_023)
        let pid = try arguments.number("--server-pid", in: 1...Int(pid_t.max))
        if let url = try arguments.url("--url") {
            for flag in ["--server", "--ini", "--storage", "--loops", "--server-cpu"]
            where arguments.text(flag) != nil {
                throw UsageError("\(flag) is for a server to start, --url names one that runs")
            }
            if let pid, kill(pid_t(pid), 0) != 0, errno == ESRCH {
                throw UsageError("--server-pid: there is no process \(pid)")
            }
            target = .running(url, pid: pid.map { pid_t($0) })
        } else {
            guard pid == nil else { throw UsageError("--server-pid needs --url") }
            let path = arguments.text("--server") ?? Self.directoryOfThisProgram + "/heliograph"
            target = .program(path: path)
        }
    }

    /// Makes the options of another server, with as many loops and on the same processor as
    /// `options` say.
    init(_ target: Target, dialect: Dialect, like options: ServerOptions) {
        self.target = target
        self.dialect = dialect
        loops = options.loops
        cpu = options.cpu
    }

    /// Where this program's file is.
    static var directoryOfThisProgram: String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
