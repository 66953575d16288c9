// SPDX-License-Identifier: MIT

import Glibc

/// The signals to a server, taken by a thread instead of interrupting one.
package enum SignalWaiter {
    /// What a signal asks for.
    package enum Request: Equatable {
        /// To end: SIGTERM or SIGINT, or that the terminal is gone.
        case end(signal: Int32)
        /// To read the settings again: SIGHUP.
        case reload
    }

    /// Holds SIGTERM, SIGINT and SIGHUP back from the calling thread and those it makes, and
    /// ignores SIGPIPE. To be called before any other thread exists.
    package static func block() {
        var signals = awaited()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next of these signals.
    ///
    /// SIGHUP has two meanings: a terminal sends it when it goes away, which has always ended what
    /// ran in it, and whoever wants settings to be read again sends it to a server.
    ///
    /// - Parameter hadTerminal: Whether the process had a terminal when it started.
    package static func wait(hadTerminal: Bool) -> Request {
        var signals = awaited()
        var number: Int32 = 0
        while sigwait(&signals, &number) != 0 {}
        guard number == SIGHUP else { return .end(signal: number) }
        return hadTerminal && !hasTerminal ? .end(signal: number) : .reload
    }

    /// Whether the process has a terminal that is there.
    package static var hasTerminal: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    private static func awaited() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, number) }
        return signals
    }
}
