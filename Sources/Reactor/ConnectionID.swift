// SPDX-License-Identifier: MIT

/// Names one connection of one loop, for as long as it lives.
///
/// Slots are reused, generations are not: an id whose connection has ended is *stale*, and every
/// call with it does nothing or answers that the connection is closed.
package struct ConnectionID: Hashable, Sendable {
    /// The place of the connection's record.
    package let slot: UInt32
    /// Which of the slot's connections; never 0 for a real one.
    package let generation: UInt32

    /// Makes an id of its parts.
    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// Reads an id back from its `bits`. Any other number gives a stale id.
    package init(bits: UInt64) {
        self.init(
            slot: UInt32(truncatingIfNeeded: bits),
            generation: UInt32(truncatingIfNeeded: bits >> 32))
    }

    /// The id as one number, never 0, for places that keep numbers.
    package var bits: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// Two words per connection that belong to the handler; zero when the connection begins.
package struct ConnectionState: Hashable, Sendable {
    /// The first word.
    package var first: UInt64
    /// The second word.
    package var second: UInt64

    /// Makes a state of its words.
    package init(first: UInt64 = 0, second: UInt64 = 0) {
        self.first = first
        self.second = second
    }
}

/// What became of bytes given to a connection.
package enum SendOutcome: Hashable, Sendable {
    /// The kernel took all of them.
    case complete
    /// The rest is kept, by reference, and goes out as the socket drains; `drained` follows.
    case pending
    /// The kernel took none and nothing is kept; `drained` follows. Only sends to groups end so.
    case blocked
    /// The connection has ended or is ending; nothing is kept.
    case closed
}

/// Why a connection ended.
package enum CloseReason: Hashable, Sendable {
    /// The peer closed both directions.
    case peerClosed
    /// The peer aborted, or something was sent to a peer that had closed.
    case peerReset
    /// The handler closed it, with or without lingering.
    case byHandler
    /// It took nothing for too long: the handler's judgement, or the kernel's (ETIMEDOUT).
    case stalled
    /// More input was kept unconsumed than `EventLoopConfiguration.keptInputBytesMax`.
    case inputTooLong
    /// The loop stopped.
    case loopStopped
    /// A system call failed otherwise.
    case failed(errno: Int32)
}
