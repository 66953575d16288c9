// SPDX-License-Identifier: MIT

import Glibc

/// The signals that end a server, taken by a thread instead of interrupting one.
package enum SignalWaiter {
    /// Holds SIGTERM and SIGINT back from the calling thread and those it makes, and ignores
    /// SIGPIPE. To be called before any other thread exists.
    package static func block() {
        var signals = endSignals()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next SIGTERM or SIGINT and returns its number.
    package static func wait() -> Int32 {
        var signals = endSignals()
        var number: Int32 = 0
        while sigwait(&signals, &number) != 0 {}
        return number
    }

    private static func endSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }
}
