// SPDX-License-Identifier: MIT

import Core

/// The move from one server to the next, and when what happened; times in nanoseconds of the clock.
struct Move {
    /// The changes that were written and answered.
    private(set) var events: [Arrivals.Event] = []
    /// Changes that got no answer, and may or may not have been made.
    private(set) var unanswered = 0
    /// When the old server was asked to end.
    private(set) var terminated: Int64 = 0
    /// When it had ended.
    private(set) var ended: Int64 = 0
    /// When the new one was ready.
    private(set) var ready: Int64 = 0

    private let options: DrainOptions
    private let server: ServerProcess
    private let publisher: Publisher
    private let pool: SubscriberPool
    private var isConnected = true

    /// Makes a move of the subscribers of `pool`.
    init(
        options: DrainOptions, server: ServerProcess, publisher: Publisher, pool: SubscriberPool
    ) {
        self.options = options
        self.server = server
        self.publisher = publisher
        self.pool = pool
    }

    /// Moves, and writes changes all the while.
    ///
    /// - Returns: Whether all subscribers are live again within the time.
    /// - Throws: `BenchFailure`.
    mutating func run() throws -> Bool {
        let start = MonotonicClock.nowNanoseconds
        let schedule = Schedule(
            startNanoseconds: start,
            intervalNanoseconds: Int64(options.intervalMilliseconds) * 1_000_000)
        // Some changes before, so that those of the old server are among them.
        for number in 0..<min(Limits.benchChangesBeforeDrain, options.changes) {
            MonotonicClock.sleep(untilNanoseconds: schedule.dueNanoseconds(number))
            try write(dueNanoseconds: schedule.dueNanoseconds(number))
        }
        terminated = MonotonicClock.nowNanoseconds
        server.terminate()
        let deadline = terminated + Int64(options.secondsMax) * 1_000_000_000
        while true {
            let now = MonotonicClock.nowNanoseconds
            let due = schedule.dueNanoseconds(events.count + unanswered)
            if events.count + unanswered < options.changes, due <= now {
                try write(dueNanoseconds: due)
            }
            if ready == 0 {
                guard now - terminated < Self.endNanosecondsMax + drainNanoseconds else {
                    throw BenchFailure("the server does not end")
                }
                try startAnewIfEnded()
            } else {
                guard !server.hasEnded else { throw BenchFailure("the new server has ended") }
                let status = try pool.status()
                Console.progress("\(status.ready) of \(options.streams) streams are back")
                if status.ready == options.streams, status.ended >= options.streams { return true }
                if now > deadline { return false }
            }
            MonotonicClock.sleep(milliseconds: Limits.benchPollMilliseconds)
        }
    }

    private static let endNanosecondsMax = Int64(Limits.benchServerStopSecondsMax) * 1_000_000_000
    private var drainNanoseconds: Int64 { Int64(options.secondsMax) * 1_000_000_000 }

    private mutating func startAnewIfEnded() throws {
        guard server.hasEnded else { return }
        if let failure = server.failure { throw BenchFailure("the server ended: \(failure)") }
        ended = MonotonicClock.nowNanoseconds
        try server.restart()
        ready = MonotonicClock.nowNanoseconds
    }

    /// Writes a change; while there is no server it stays due.
    private mutating func write(dueNanoseconds due: Int64) throws {
        if isConnected {
            do {
                events.append(try publisher.publish(.oneRecord, dueNanoseconds: due))
                return
            } catch {
                // Whether the server made the change is not known, so nobody must have it.
                guard terminated > 0 else { throw error }
                unanswered += 1
                isConnected = false
            }
        }
        isConnected = (try? publisher.reconnect()) != nil
    }
}
