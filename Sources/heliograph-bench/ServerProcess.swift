// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// The server that is measured: one that runs already, or one started for the purpose in a
/// temporary directory and stopped with the measurement.
final class ServerProcess {
    /// Where it answers.
    let url: ServiceURL
    /// Its process, if that is known.
    let pid: pid_t?
    /// How it was started, for the report.
    let commandLine: [String]?
    private let child: ChildProcess?
    private let directory: TemporaryDirectory?

    /// Takes or starts the server that `options` name, and waits until it is ready.
    ///
    /// - Throws: `BenchFailure` with the server's last words if it does not get ready.
    init(_ options: ServerOptions) throws {
        switch options.target {
        case .running(let url, let pid):
            self.url = url
            self.pid = pid
            commandLine = nil
            child = nil
            directory = nil
        case .program(let path):
            let directory = try TemporaryDirectory()
            let arguments = Self.arguments(options, directory: directory.path)
            let log = directory.path + "/server.log"
            let child = try Self.spawn(path: path, arguments: arguments, log: log, cpu: options.cpu)
            Cleanup.shared.add(pid: child.pid)
            self.child = child
            self.directory = directory
            pid = child.pid
            commandLine = [path] + arguments
            url = try Self.waitUntilReady(child, log: log)
        }
    }

    deinit {
        guard let child else { return }
        child.send(signal: SIGTERM)
        if !child.waitForEnd(secondsMax: Limits.benchServerStopSecondsMax) {
            child.send(signal: SIGKILL)
            _ = child.describeEnd()
        }
        Cleanup.shared.remove(pid: child.pid)
    }

    /// Whether a server that was started here has ended before its time.
    var hasEnded: Bool { child?.hasEnded ?? false }

    private static func arguments(_ options: ServerOptions, directory: String) -> [String] {
        let storage = options.storageURL ?? "sqlite:///\(directory)/heliograph.db"
        var arguments = ["serve"]
        if let file = options.iniFile { arguments += ["--ini", file] }
        arguments += ["--host", "127.0.0.1", "--port", "0", "--storage", storage]
        if let loops = options.loops { arguments += ["--loops", String(loops)] }
        return arguments
    }

    /// Starts the server; a child begins on the processors of its parent.
    private static func spawn(
        path: String, arguments: [String], log: String, cpu: Int?
    ) throws -> ChildProcess {
        if let cpu { try Processor.pin(to: cpu) }
        defer { if cpu != nil { Processor.unpin() } }
        return try ChildProcess(
            path: path, arguments: arguments, input: .null, output: .file(log), errors: .file(log))
    }

    private static func waitUntilReady(_ child: ChildProcess, log: String) throws -> ServiceURL {
        let deadline =
            MonotonicClock.nowNanoseconds + Int64(Limits.benchServerStartSecondsMax) * 1_000_000_000
        while true {
            let hasEnded = child.hasEnded
            let text = FileDescriptor.contents(ofFile: log) ?? ""
            if let url = readyAddress(inLog: text) { return url }
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
            MonotonicClock.sleep(milliseconds: Limits.benchPollMilliseconds)
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

/// The processors that a process and its children run on.
enum Processor {
    /// Binds this process, and what it starts from now on, to one processor.
    ///
    /// - Throws: `BenchFailure` if there is no such processor.
    static func pin(to number: Int) throws {
        let code = hg_pin_to_processor(Int32(clamping: number))
        guard code == 0 else { throw BenchFailure.systemCall("processor \(number)", code: code) }
    }

    /// Lets this process run on every processor again.
    static func unpin() { _ = hg_pin_to_processor(-1) }
}
