// SPDX-License-Identifier: MIT

import Core
import Glibc
import Synchronization

/// What must not outlive this program when a signal ends it: servers and directories.
final class Cleanup: Sendable {
    /// The one of this process.
    static let shared = Cleanup()

    private struct State {
        var pids: Set<pid_t> = []
        var directories: Set<String> = []
    }

    private let state = Mutex(State())

    private static let stopNanosecondsMax =
        Int64(Limits.benchServerStopSecondsMax) * 1_000_000_000

    /// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts, and waits for them in
    /// a thread of its own, which cleans up and ends the process.
    func start() {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var signals = Cleanup.signals
                var signal: Int32 = 0
                sigwait(&signals, &signal)
                Cleanup.shared.run()
                _exit(128 + signal)
            }, nil)
        pthread_detach(thread)
    }

    /// Remembers a process to be ended, with the group that it leads.
    func add(pid: pid_t) { state.withLock { _ = $0.pids.insert(pid) } }

    /// Forgets a process.
    func remove(pid: pid_t) { state.withLock { _ = $0.pids.remove(pid) } }

    /// Remembers a directory to be removed.
    func add(directory: String) { state.withLock { _ = $0.directories.insert(directory) } }

    /// Forgets a directory.
    func remove(directory: String) { state.withLock { _ = $0.directories.remove(directory) } }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        return signals
    }

    private func run() {
        state.withLock { state in
            // Each leads a group of its own.
            for pid in state.pids { kill(-pid, SIGTERM) }
            for pid in state.pids {
                var status: Int32 = 0
                let deadline = MonotonicClock.nowNanoseconds + Self.stopNanosecondsMax
                while waitpid(pid, &status, WNOHANG) == 0 {
                    if MonotonicClock.nowNanoseconds > deadline { kill(pid, SIGKILL) }
                    MonotonicClock.sleep(milliseconds: Limits.benchPollMilliseconds)
                }
                kill(-pid, SIGKILL)
            }
            for directory in state.directories { TemporaryDirectory.remove(directory) }
        }
    }
}
