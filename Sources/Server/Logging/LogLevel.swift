// SPDX-License-Identifier: MIT

/// How much a message matters. Levels compare by severity.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// For developers.
    case debug
    /// What an operator reads to see that all is well.
    case info
    /// Something is wrong, and the server goes on.
    case warning
    /// Something failed that somebody relies on.
    case error

    /// Its place among all levels.
    var severity: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.severity < right.severity
    }
}
