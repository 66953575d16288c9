// SPDX-License-Identifier: MIT

import Core
import Glibc
import Synchronization

/// Standard error: messages always, progress only where a person watches.
enum Console {
    /// Writes `text` to standard error.
    static func write(_ text: String) {
        try? FileDescriptor.writeAll(Array(text.utf8), to: STDERR_FILENO)
    }

    private struct Progress {
        var subject = ""
        var text = ""
        var nanoseconds: Int64 = 0
    }

    private static let shown = Mutex(Progress())

    /// Says what the progress shown from now on is about: a text before it.
    static func setSubject(_ subject: String) { shown.withLock { $0.subject = subject } }

    /// Shows `text` in place of the progress shown before; nothing unless on a terminal, if it is
    /// the same, or if the last one was shown a moment ago.
    static func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        let line = shown.withLock { shown -> String? in
            let line = shown.subject + text
            let now = MonotonicClock.nowNanoseconds
            guard line != shown.text,
                now - shown.nanoseconds >= Limits.benchProgressNanoseconds
            else { return nil }
            shown.text = line
            shown.nanoseconds = now
            return line
        }
        if let line { write("\r\u{1B}[K\(line)") }
    }

    /// Removes the progress shown.
    static func endProgress() {
        guard isatty(STDERR_FILENO) == 1 else { return }
        shown.withLock { $0 = Progress() }
        write("\r\u{1B}[K")
    }
}
