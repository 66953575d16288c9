// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The clock of every latency: one for all processes of a machine, never set back.
enum MonotonicClock {
    /// Nanoseconds since some moment in the past.
    static var nowNanoseconds: Int64 { hg_clock_nanoseconds(CLOCK_MONOTONIC) }

    /// Waits until `deadlineNanoseconds`; returns at once if that has passed.
    static func sleep(untilNanoseconds deadlineNanoseconds: Int64) {
        var deadline = timespec(
            tv_sec: Int(deadlineNanoseconds / 1_000_000_000),
            tv_nsec: Int(deadlineNanoseconds % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nil) == EINTR {}
    }

    /// Waits for a number of milliseconds.
    static func sleep(milliseconds: Int) {
        sleep(untilNanoseconds: nowNanoseconds + Int64(milliseconds) * 1_000_000)
    }
}
