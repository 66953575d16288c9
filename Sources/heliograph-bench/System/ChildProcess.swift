// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// A program that was started, and the ends of the pipes to it.
final class ChildProcess {
    /// Where a standard stream of a child leads.
    enum Stream {
        /// To where this process's own leads.
        case inherited
        /// Nowhere.
        case null
        /// To this process.
        case pipe
        /// To the end of a file.
        case file(String)
    }

    /// The process.
    let pid: pid_t
    /// This process's end of the child's standard input, if that is a pipe.
    private(set) var input: Int32?
    /// Whether the process leads a group, with what it starts itself in it.
    private let leadsGroup: Bool
    /// This process's end of the child's standard output, if that is a pipe.
    let output: Int32?
    private var exitStatus: Int32?

    /// Starts the program at `path`.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - environment: What it finds in its environment beside what this process has.
    ///   - leadsGroup: Whether signals are for what it starts itself, too.
    /// - Throws: `BenchFailure`, for example if there is no such program.
    init(
        path: String, arguments: [String], environment: [String: String] = [:], input: Stream,
        output: Stream, errors: Stream, leadsGroup: Bool = false
    ) throws {
        self.leadsGroup = leadsGroup
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var theirs: [Int32] = []
        defer { for descriptor in theirs { close(descriptor) } }
        var ours: [Int32?] = []
        for (number, stream) in [input, output, errors].enumerated() {
            let target = Int32(number)
            switch stream {
            case .inherited: ours.append(nil)
            case .null:
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
                ours.append(nil)
            case .file(let path):
                let flags = O_WRONLY | O_CREAT | O_APPEND
                posix_spawn_file_actions_addopen(&actions, target, path, flags, 0o600)
                ours.append(nil)
            case .pipe:
                let (readEnd, writeEnd) = try Self.makePipe()
                let isInput = target == STDIN_FILENO
                theirs.append(isInput ? readEnd : writeEnd)
                ours.append(isInput ? writeEnd : readEnd)
                posix_spawn_file_actions_adddup2(&actions, theirs[theirs.count - 1], target)
            }
        }
        do {
            pid = try Self.spawn(
                path: path, arguments: arguments, environment: environment,
                leadsGroup: leadsGroup, actions: &actions)
        } catch {
            for descriptor in ours { if let descriptor { close(descriptor) } }
            throw error
        }
        self.input = ours[0]
        self.output = ours[1]
    }

    deinit {
        closeInput()
        if let output { close(output) }
    }

    /// Closes this process's end of the child's standard input, which the child sees as its end.
    func closeInput() {
        if let input { close(input) }
        input = nil
    }

    /// Sends a signal, unless the process is known to have ended.
    func send(signal: Int32) {
        if exitStatus == nil { kill(leadsGroup ? -pid : pid, signal) }
    }

    /// Whether the process has ended.
    var hasEnded: Bool { status(options: WNOHANG) != nil }

    /// Waits for the process to end, at most for a number of seconds.
    ///
    /// - Returns: Whether it ended.
    func waitForEnd(secondsMax: Int) -> Bool {
        let deadline = MonotonicClock.nowNanoseconds + Int64(secondsMax) * 1_000_000_000
        while !hasEnded {
            guard MonotonicClock.nowNanoseconds < deadline else { return false }
            MonotonicClock.sleep(milliseconds: 5)
        }
        return true
    }

    /// Sees to it that the process ends: waits for it, at most for a number of seconds, then kills
    /// it.
    func end(secondsMax: Int) {
        if !waitForEnd(secondsMax: secondsMax) {
            send(signal: SIGKILL)
            _ = describeEnd()
        }
        // What it started and left behind.
        if leadsGroup { kill(-pid, SIGKILL) }
    }

    /// How the process ended, in words; waits until it has.
    func describeEnd() -> String {
        guard let status = status(options: 0) else { return "ended" }
        let signal = status & 0x7F
        return signal == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(signal)"
    }

    private func status(options: Int32) -> Int32? {
        if let exitStatus { return exitStatus }
        var status: Int32 = 0
        while true {
            let result = waitpid(pid, &status, options)
            if result == pid { exitStatus = status }
            if result < 0, hg_errno() == EINTR { continue }
            return exitStatus
        }
    }

    private static func makePipe() throws -> (readEnd: Int32, writeEnd: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw BenchFailure.systemCall("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        path: String, arguments: [String], environment: [String: String], leadsGroup: Bool,
        actions: inout posix_spawn_file_actions_t
    ) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that this process blocks or ignores must reach the child.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if leadsGroup { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let strings = copies(of: [path] + arguments)
        defer { for string in strings { free(string) } }
        let variables = copies(of: Self.variables(adding: environment))
        defer { for variable in variables { free(variable) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, path, &actions, &attributes, strings, variables)
        guard code == 0 else { throw BenchFailure.systemCall("cannot start \(path)", code: code) }
        return pid
    }

    /// This process's environment, with some variables set, each as `NAME=value`.
    private static func variables(adding added: [String: String]) -> [String] {
        var variables: [String] = []
        var place = Glibc.environ
        while let pointer = place.pointee {
            let variable = String(cString: pointer)
            if added[String(variable.prefix { $0 != "=" })] == nil { variables.append(variable) }
            place += 1
        }
        return variables + added.map { "\($0.key)=\($0.value)" }
    }

    /// Copies as C takes them: each to be freed, and a null pointer behind them.
    private static func copies(of strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

extension ChildProcess {
    /// Runs a program to its end and returns what it wrote, or nil if it failed.
    static func output(of path: String, _ arguments: [String]) -> String? {
        guard
            let child = try? ChildProcess(
                path: path, arguments: arguments, input: .null, output: .pipe, errors: .null),
            let output = child.output
        else { return nil }
        var content: [UInt8] = []
        while let bytes = try? FileDescriptor.readSome(from: output), !bytes.isEmpty {
            content.append(contentsOf: bytes)
        }
        guard child.describeEnd() == "exit code 0" else { return nil }
        return String(decoding: content, as: UTF8.self)
    }
}
