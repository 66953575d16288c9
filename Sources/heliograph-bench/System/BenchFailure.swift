// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Why a measurement cannot go on or is void, in words for the person who started it.
struct BenchFailure: Error, CustomStringConvertible {
    /// One line, without the program's name.
    let message: String

    /// Makes a failure of a message.
    init(_ message: String) {
        self.message = message
    }

    /// Makes a failure of a system call that just failed on this thread.
    static func systemCall(_ name: String) -> BenchFailure {
        systemCall(name, code: hg_errno())
    }

    /// Makes a failure of a system call and the error number that it gave.
    static func systemCall(_ name: String, code: Int32) -> BenchFailure {
        BenchFailure("\(name): \(String(cString: strerror(code)))")
    }

    var description: String { message }
}

/// A command line that means nothing.
struct UsageError: Error {
    /// What is wrong with it.
    let message: String

    /// Makes an error of a message.
    init(_ message: String) {
        self.message = message
    }
}
