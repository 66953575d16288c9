// SPDX-License-Identifier: MIT
//
// Reading may take long (a file on a disk that does not answer, a pipe), and must not keep the
// thread from the signals that end the server. So it has a thread of its own, one at a time; what
// is asked for meanwhile is one more reading, however often.

import Dispatch
import Synchronization

/// Reads the settings again when it is asked to, has the server take over what can change, and
/// tells what became of each change.
final class Reloader: Sendable {
    private enum Phase {
        case idle
        case reading(isAskedAgain: Bool)
        case stopped
    }

    private struct State {
        var phase = Phase.idle
        var configuration: Configuration
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let adopt: @Sendable (Configuration) -> Void

    /// Makes the reloader of a server that runs with a configuration.
    ///
    /// - Parameter adopt: Has the server take over another one, and returns when it has.
    init(
        _ configuration: Configuration, logger: Logger,
        adopt: @escaping @Sendable (Configuration) -> Void
    ) {
        state = Mutex(State(configuration: configuration))
        self.logger = logger
        self.adopt = adopt
    }

    /// Begins to read, or reads once more after what is being read.
    func reload() {
        let begins = state.withLock { state in
            switch state.phase {
            case .idle:
                state.phase = .reading(isAskedAgain: false)
                return true
            case .reading:
                state.phase = .reading(isAskedAgain: true)
                return false
            case .stopped: return false
            }
        }
        guard begins else { return }
        Thread.detach { [self] in
            repeat { readOnce() } while goesOn()
        }
    }

    /// Nothing is taken over any more.
    ///
    /// - Returns: The configuration in force.
    func stop() -> Configuration {
        state.withLock { state in
            state.phase = .stopped
            return state.configuration
        }
    }

    private func goesOn() -> Bool {
        state.withLock { state in
            switch state.phase {
            case .idle, .stopped: return false
            case .reading(let isAskedAgain):
                state.phase = isAskedAgain ? .reading(isAskedAgain: false) : .idle
                return isAskedAgain
            }
        }
    }

    private func readOnce() {
        let running = state.withLock { $0.configuration }
        let next: Configuration
        let difference: SettingsDifference
        do {
            let read = try running.readAgain()
            difference = SettingsDifference(from: running.effective, to: read.effective)
            next = try read.takenOver(from: running)
        } catch {
            logger.error("cannot reload, all settings stay", ["reason": .text("\(error)")])
            return
        }
        let isStopped = state.withLock { state in
            if case .stopped = state.phase { return true }
            state.configuration = next
            return false
        }
        guard !isStopped else { return }
        adopt(next)
        tell(difference, from: running, to: next)
    }

    /// Tells what changed, at the more talkative of the two levels, so that a change of the level
    /// is told too.
    private func tell(
        _ difference: SettingsDifference, from running: Configuration, to next: Configuration
    ) {
        logger.level = min(running.server.logLevel, next.server.logLevel)
        for notice in next.warnings where !running.warnings.contains(notice) {
            logger.warning("configuration", ["notice": .text(notice)])
        }
        for change in difference.waiting {
            logger.warning(
                "a changed setting needs a restart",
                [
                    "setting": .text(change.name), "in_force": .text(change.shownOld),
                    "set": .text(change.shownNew),
                ])
        }
        let changed = difference.applicable.map(\.description).joined(separator: ", ")
        logger.info(
            "reloaded",
            [
                "changes": .number(difference.applicable.count),
                "changed": .text(changed.isEmpty ? "nothing" : changed),
            ])
        logger.level = next.server.logLevel
    }
}

extension Configuration {
    /// What is told of the configuration when it comes into force.
    var warnings: [String] {
        notices
            + (api.policies.isEmpty ? ["multiauth.policies is not set: all are anonymous"] : [])
    }
}
