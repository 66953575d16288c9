// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// The server that is measured: one that runs already, or one started for the purpose in a
/// temporary directory and stopped with the measurement.
final class ServerProcess {
    /// Where it answers.
    private(set) var url: ServiceURL
    /// Its process, if that is known.
    private(set) var pid: pid_t?
    /// How it was started, for the report.
    let commandLine: [String]?
    /// How it is spoken to.
    var dialect: Dialect { options.dialect }

    private let options: ServerOptions
    private var child: ChildProcess?
    private let directory: TemporaryDirectory?
    private var starts = 1

    /// Takes or starts the server that `options` name, and waits until it is ready.
    ///
    /// - Parameter connections: How many it is to have at once.
    /// - Throws: `BenchFailure` with the server's last words if it does not get ready.
    init(_ options: ServerOptions, connections: Int) throws {
        self.options = options
        if case .running(let url, let pid) = options.target {
            self.url = url
            self.pid = pid
            commandLine = nil
            child = nil
            directory = nil
            return
        }
        // It has the same limit as this process.
        let limit = FileDescriptor.raiseLimit()
        guard connections + Limits.benchSpareDescriptors <= limit else {
            throw BenchFailure(
                "\(connections) connections exceed the limit of \(limit) files that the server may"
                    + " have open (ulimit -n)")
        }
        let directory = try TemporaryDirectory()
        let port = try Self.freePort(for: options)
        let arguments = try Self.arguments(options, directory: directory.path, port: port)
        let log = directory.path + "/server-1.log"
        let child = try Self.spawn(arguments, log: log, options)
        self.child = child
        self.directory = directory
        pid = child.pid
        commandLine = arguments
        do {
            url = try Self.waitUntilReady(child, log: log, port: port)
            try Self.requireNoChildren(of: child)
        } catch {
            Self.end(child)
            throw error
        }
    }

    deinit { end() }

    /// Whether a server that was started here has ended.
    var hasEnded: Bool { child?.hasEnded ?? false }

    /// The processor time it has used, or nil if its process is not known.
    ///
    /// - Throws: `BenchFailure` if it has ended.
    func usage() throws -> ProcessUsage? { try look { try ProcessUsage(pid: $0) } }

    /// The memory it occupies, or nil if its process is not known.
    ///
    /// - Throws: `BenchFailure` if it has ended.
    func memory() throws -> ProcessMemory? { try look { try ProcessMemory(pid: $0) } }

    private func look<Value>(_ read: (pid_t) throws -> Value) throws -> Value? {
        do {
            return try pid.map(read)
        } catch {
            if hasEnded { throw BenchFailure("the server has ended in the midst of it") }
            throw error
        }
    }

    /// Asks a server that was started here to end in an orderly way.
    func terminate() { child?.send(signal: SIGTERM) }

    /// Starts a Heliograph that has ended anew: on the same port, with the same data.
    ///
    /// - Throws: `BenchFailure` if it does not get ready.
    func restart() throws {
        precondition(hasEnded, "one server at a time has the port")
        guard let directory, let old = child else { return }
        Cleanup.shared.remove(pid: old.pid)
        let port = Int(url.port)
        let arguments = try Self.arguments(options, directory: directory.path, port: port)
        starts += 1
        let log = "\(directory.path)/server-\(starts).log"
        let child = try Self.spawn(arguments, log: log, options)
        self.child = child
        pid = child.pid
        _ = try Self.waitUntilReady(child, log: log, port: nil)
    }

    /// How a server that was started here ended, if that was not in order; nil while it runs.
    var failure: String? {
        guard let child, child.hasEnded else { return nil }
        let end = child.describeEnd()
        return end == "exit code 0" ? nil : end
    }

    private func end() {
        if let child { Self.end(child) }
    }

    private static func end(_ child: ChildProcess) {
        child.send(signal: SIGTERM)
        child.end(secondsMax: Limits.benchServerStopSecondsMax)
        Cleanup.shared.remove(pid: child.pid)
    }

    /// The command line of a server to start, the program's path first.
    ///
    /// - Parameter port: The port to listen on; 0 lets a server that tells its address choose.
    static func arguments(
        _ options: ServerOptions, directory: String, port: Int
    ) throws -> [String] {
        var arguments: [String]
        switch options.target {
        case .running: return []
        case .command(let line):
            let words = line.replacing("{port}", with: String(port))
            return ["/bin/sh", "-c", "exec \(words)"]
        case .floor(let floor): arguments = ["/proc/self/exe"] + floor.arguments
        case .program(let path):
            let storage = options.storageURL ?? "sqlite:///\(directory)/heliograph.db"
            arguments = [path, "serve"]
            if let file = options.iniFile { arguments += ["--ini", file] }
            arguments += [
                "--host", "127.0.0.1", "--port", String(port), "--storage", storage,
            ]
        }
        if let loops = options.loops { arguments += ["--loops", String(loops)] }
        return arguments
    }

    /// Starts the server, by way of `Launch`; a child begins on the processors of its parent.
    private static func spawn(
        _ arguments: [String], log: String, _ options: ServerOptions
    ) throws -> ChildProcess {
        let child = try Processor.pinned(to: options.cpu) {
            try ChildProcess(
                path: "/proc/self/exe", arguments: Launch.arguments(for: arguments),
                environment: options.environment, input: .null, output: .file(log),
                errors: .file(log), leadsGroup: true)
        }
        Cleanup.shared.add(pid: child.pid)
        return child
    }

    /// Makes sure that it is the server whose time is looked at, not a script that waits for it.
    ///
    /// - Throws: `BenchFailure` if the process has others that work for it.
    private static func requireNoChildren(of child: ChildProcess) throws {
        let path = "/proc/\(child.pid)/task/\(child.pid)/children"
        let children = FileDescriptor.contents(ofFile: path) ?? ""
        guard !children.isEmpty else { return }
        throw BenchFailure(
            "the server has processes of its own, whose time would not be counted:"
                + " a script must end with exec, and the server be a single process")
    }

    /// A port that nobody uses, for a server that cannot choose one itself; else 0.
    private static func freePort(for options: ServerOptions) throws -> Int {
        guard case .command = options.target else { return 0 }
        let descriptor = hg_stream_socket(AF_INET)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        defer { close(descriptor) }
        let address = sockaddr_in.ipv4([127, 0, 0, 1], port: 0)
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
            throw BenchFailure.systemCall("bind")
        }
        return Int(hg_bound_port(descriptor))
    }

    /// Waits until a server says in its log that it is ready, or else takes connections.
    ///
    /// - Parameters:
    ///   - port: The port of a server that may not say so; nil or 0 for one that does.
    ///   - pollNanoseconds: Between two looks.
    /// - Throws: `BenchFailure` with the server's last words if it does not get ready.
    static func waitUntilReady(
        _ child: ChildProcess, log: String, port: Int?,
        pollNanoseconds: Int64 = Int64(Limits.benchPollMilliseconds) * 1_000_000
    ) throws -> ServiceURL {
        let deadline =
            MonotonicClock.nowNanoseconds + Int64(Limits.benchServerStartSecondsMax) * 1_000_000_000
        while true {
            let hasEnded = child.hasEnded
            let text = FileDescriptor.contents(ofFile: log) ?? ""
            if let url = readyAddress(inLog: text) { return url }
            if let port, port > 0, !hasEnded,
                let url = ServiceURL(parsing: "http://127.0.0.1:\(port)"),
                (try? HTTPConnection(url: url, credentials: ":")) != nil
            {
                return url
            }
            if hasEnded {
                Cleanup.shared.remove(pid: child.pid)
                let lines = text.split(separator: "\n").suffix(3).map { String($0) }
                let words = [child.describeEnd()] + lines
                throw BenchFailure("the server ended: \(words.joined(separator: " | "))")
            }
            guard MonotonicClock.nowNanoseconds < deadline else {
                throw BenchFailure(
                    "the server was not ready in \(Limits.benchServerStartSecondsMax) s")
            }
            MonotonicClock.sleep(
                untilNanoseconds: MonotonicClock.nowNanoseconds + pollNanoseconds)
        }
    }

    /// The address that a server's log says it is ready at: `… ready … address=http://… …`.
    ///
    /// - Complexity: O(length of the log).
    static func readyAddress(inLog log: String) -> ServiceURL? {
        let key = "address="
        for line in log.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.contains(where: { $0.contains("ready") }) else { continue }
            for word in words where word.hasPrefix(key) {
                let value = word.dropFirst(key.count).filter { $0 != "\"" }
                if let url = ServiceURL(parsing: value) { return url }
            }
        }
        return nil
    }
}
