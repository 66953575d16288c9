// SPDX-License-Identifier: MIT

import Glibc

/// Standard error: messages always, progress only where a person watches.
enum Console {
    /// Writes `text` to standard error.
    static func write(_ text: String) {
        try? FileDescriptor.writeAll(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Shows `text` in place of the progress shown before; nothing unless on a terminal.
    static func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        write("\r\u{1B}[K\(text)")
    }

    /// Removes the progress shown.
    static func endProgress() { progress("") }
}
