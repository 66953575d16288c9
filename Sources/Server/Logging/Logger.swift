// SPDX-License-Identifier: MIT

import Glibc
import Synchronization

/// Writes one line per message, from any thread.
///
/// There is no lock: a line is built on the caller's stack and handed to the sink in one piece.
///
/// For example:
///
/// ```swift
/// logger.info("ready", ["address": .text(address), "loops": .number(loops)])
/// ```
package struct Logger: Sendable {
    /// The least severe messages that are written. All copies of a logger have the same.
    package var level: LogLevel {
        get { threshold.level }
        nonmutating set { threshold.level = newValue }
    }
    private let threshold: Threshold
    private let clock: @Sendable () -> Int64
    private let sink: @Sendable ([UInt8]) -> Void

    /// Makes a logger that writes to standard error.
    package init(level: LogLevel) {
        self.init(
            level: level, clock: Self.wallClockMilliseconds,
            sink: { Self.write($0, to: STDERR_FILENO) })
    }

    /// Makes a logger of its parts.
    ///
    /// - Parameters:
    ///   - clock: Milliseconds since 1970, in UTC.
    ///   - sink: Takes each line with its end; called from whatever thread logs.
    package init(
        level: LogLevel, clock: @escaping @Sendable () -> Int64,
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        threshold = Threshold(level)
        self.clock = clock
        self.sink = sink
    }

    /// Writes a message for developers.
    package func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.debug, message(), fields())
    }

    /// Writes a message about what goes well.
    package func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.info, message(), fields())
    }

    /// Writes a message about something wrong that the server lives with.
    package func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.warning, message(), fields())
    }

    /// Writes a message about a failure.
    package func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.error, message(), fields())
    }

    /// Writes a message if its level is severe enough; otherwise nothing is evaluated.
    ///
    /// - Complexity: O(length of the line).
    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard level >= self.level else { return }
        sink(
            LogLine.bytes(
                milliseconds: clock(), level: level, message: message(), fields: fields()))
    }

    /// Writes a line with one call, so that lines of several threads do not mix.
    ///
    /// What a full pipe or disk does not take is lost: a log must not stop the server.
    ///
    /// - Complexity: O(length of `line`).
    package static func write(_ line: [UInt8], to descriptor: Int32) {
        while Glibc.write(descriptor, line, line.count) < 0, errno == EINTR {}
    }

    /// The wall clock in milliseconds since 1970.
    @Sendable private static func wallClockMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// The level of a logger and its copies.
    private final class Threshold: Sendable {
        private let place: Atomic<Int>

        init(_ level: LogLevel) { place = Atomic(level.severity) }

        var level: LogLevel {
            get { LogLevel.allCases[place.load(ordering: .relaxed)] }
            set { place.store(newValue.severity, ordering: .relaxed) }
        }
    }
}
