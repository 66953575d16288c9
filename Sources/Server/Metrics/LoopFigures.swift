// SPDX-License-Identifier: MIT

import Reactor
import Streams
import Synchronization

/// What one loop's streams have done, for other threads to read.
///
/// The loop writes at the end of a turn, once for all deliveries of that turn; nothing is counted
/// per delivery.
final class LoopFigures: Sendable {
    private let eventStreams = Atomic(0)
    private let webSockets = Atomic(0)
    private let pushes = Atomic(0)
    private let deliveries = Atomic<UInt64>(0)
    private let stalls = Atomic<UInt64>(0)
    private let changes = Atomic<UInt64>(0)
    private let repeats = Atomic<UInt64>(0)
    private let lagNanoseconds = Atomic(0)
    private let lagInstant = Atomic<Int64>(0)

    /// Takes over the figures of a loop.
    func store(
        subscribers: [Int], deliveries: UInt64, stalls: UInt64, changes: UInt64,
        repeats: UInt64
    ) {
        var open = (eventStreams: 0, webSockets: 0, pushes: 0)
        for (encoding, count) in zip(StreamEncoding.allCases, subscribers) {
            switch encoding.dialect {
            case .eventStream: open.eventStreams += count
            case .webSocket: open.webSockets += count
            case .push: open.pushes += count
            }
        }
        eventStreams.store(open.eventStreams, ordering: .relaxed)
        webSockets.store(open.webSockets, ordering: .relaxed)
        pushes.store(open.pushes, ordering: .relaxed)
        self.deliveries.store(deliveries, ordering: .relaxed)
        self.stalls.store(stalls, ordering: .relaxed)
        self.changes.store(changes, ordering: .relaxed)
        self.repeats.store(repeats, ordering: .relaxed)
    }

    /// Takes over how far the loop is behind, at the end of a turn.
    func store(lag: LoopLag, at instant: MonotonicInstant) {
        lagNanoseconds.store(Int(lag.value(at: instant.nanoseconds)), ordering: .relaxed)
        lagInstant.store(instant.nanoseconds, ordering: .relaxed)
    }

    /// How far the loop is behind, in microseconds.
    func lagMicroseconds(at now: MonotonicInstant) -> Int {
        let lag = Double(lagNanoseconds.load(ordering: .relaxed))
        let age = now.nanoseconds - lagInstant.load(ordering: .relaxed)
        return Int(lag * LoopLag.decay(Double(age)) / 1_000)
    }

    /// Adds the figures to a sum.
    func add(to sum: inout StreamFigures) {
        sum.eventStreams += eventStreams.load(ordering: .relaxed)
        sum.webSockets += webSockets.load(ordering: .relaxed)
        sum.pushes += pushes.load(ordering: .relaxed)
        sum.deliveries += deliveries.load(ordering: .relaxed)
        sum.stalls += stalls.load(ordering: .relaxed)
        sum.changes += changes.load(ordering: .relaxed)
        sum.repeats += repeats.load(ordering: .relaxed)
    }
}

/// What the streams of all loops have done.
struct StreamFigures: Equatable {
    /// Open streams of Server-Sent Events.
    var eventStreams = 0
    /// Open streams over WebSocket.
    var webSockets = 0
    /// Open connections of browsers' push services.
    var pushes = 0
    /// Entries handed to sockets since the start, one for each subscriber and entry.
    var deliveries: UInt64 = 0
    /// How often a live subscriber's socket was full since the start.
    var stalls: UInt64 = 0
    /// Changes that loops took from the hub since the start, after conflation, summed over loops.
    var changes: UInt64 = 0
    /// Polls answered by the bytes of their requests since the start.
    var repeats: UInt64 = 0
}
