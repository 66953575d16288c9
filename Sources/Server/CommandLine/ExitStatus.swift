// SPDX-License-Identifier: MIT

/// How the program ends. The numbers above 1 are those of `sysexits.h`.
package enum ExitStatus: Int32, Sendable {
    /// It did what it was asked.
    case success = 0
    /// It could not.
    case failure = 1
    /// The command line has no meaning (`EX_USAGE`).
    case usage = 64
    /// The port or the store cannot be used (`EX_UNAVAILABLE`).
    case unavailable = 69
    /// The configuration cannot be used (`EX_CONFIG`).
    case configuration = 78
}
