// SPDX-License-Identifier: MIT

import Core

/// One stream of one loop. A stale id, of a stream that has closed, is harmless.
package struct StreamID: Hashable, Sendable {
    /// The place of the connection in its loop's slab.
    package let slot: UInt32
    /// Which of the connections that had this place.
    package let generation: UInt32

    /// Makes an id of its parts.
    package init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}

/// A set of streams of one loop that are sent the same frames.
package struct StreamGroup: Hashable, Sendable {
    /// The transport's own number for the group.
    package let number: UInt64

    /// Makes a handle of the transport's number.
    package init(number: UInt64) {
        self.number = number
    }
}

/// What became of bytes for one stream.
package enum StreamSendResult: Sendable {
    /// The kernel has them all.
    case complete
    /// The transport keeps what the kernel did not take, and reports `drained` when it is gone.
    case pending
    /// The stream is gone or about to be reported closed.
    case closed
}

/// What became of a group's frame for a member whose socket was full. It is in the group no more,
/// and `drained` is reported when it can take bytes again.
package enum BlockedMember: Sendable {
    /// A part was taken; the transport keeps the rest of that frame.
    case partial
    /// Nothing was taken and nothing is kept.
    case refused
    /// The stream is gone or about to be reported closed.
    case closed
}

/// What streams need of an event loop: real sockets in the server, simulated ones in tests.
///
/// All calls are made, and answered, on the loop's thread. No call of these leads back into the
/// caller: drained and closed streams are reported later.
package protocol StreamTransport: AnyObject {
    /// Sends one frame, or two with one call to the kernel, to a stream without pending output.
    func send(_ first: EncodedFrame, _ second: EncodedFrame?, to stream: StreamID)
        -> StreamSendResult

    /// Sends a frame to every member of a group and reports those whose socket did not take all.
    ///
    /// - Complexity: O(number of members).
    func send(
        _ frame: EncodedFrame, to group: StreamGroup,
        blocked: (StreamID, BlockedMember) -> Void)

    /// Makes an empty group.
    func makeGroup() -> StreamGroup

    /// Ends a group that has no members.
    func removeGroup(_ group: StreamGroup)

    /// How many members a group has.
    func memberCount(of group: StreamGroup) -> Int

    /// Puts a stream without pending output into a group; it leaves any other.
    func join(_ stream: StreamID, _ group: StreamGroup)

    /// Takes a stream out of its group, if it is in one.
    func leave(_ stream: StreamID)

    /// Whether bytes for the stream wait for its socket.
    func hasPendingOutput(_ stream: StreamID) -> Bool

    /// Asks for one call of `deadlineReached` after so many milliseconds; replaces an earlier wish.
    func setDeadline(_ stream: StreamID, milliseconds: Int)

    /// Asks for one call of `paceTick` after so many milliseconds.
    func setAlarm(milliseconds: Int)

    /// Asks for one call of `FanOut.goOn` soon, other events first.
    func continueSoon()

    /// Has a stream end when its peer leaves what it is sent unacknowledged for so long, but for
    /// the time that its socket is full.
    func setPeerTimeout(_ stream: StreamID, milliseconds: Int)

    /// Milliseconds since the peer last acknowledged anything, or 0 if that cannot be told.
    func acknowledgementAge(_ stream: StreamID) -> Int

    /// Closes a stream after what is pending has gone out, without waiting for the peer.
    func end(_ stream: StreamID)

    /// Closes a stream at once, whatever is pending.
    func cut(_ stream: StreamID)
}
