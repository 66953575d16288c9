// SPDX-License-Identifier: MIT

import Core

/// What a loop tells about its connections. Everything is called on the loop's thread.
///
/// Within a call the handler may call anything of the loop for any connection: connections that
/// it closes are told `closed` later in the turn, and kept input is given again later in the turn,
/// so that no call is made from within another (except by `drainMailbox`).
package protocol EventLoopHandler: AnyObject {
    /// A connection begins.
    func accepted(_ connection: ConnectionID, listener: ListenerID, peer: PeerAddress)

    /// Input is there.
    ///
    /// - Parameter bytes: What was not consumed before and what follows it; valid until the return.
    /// - Returns: How many bytes were consumed. The rest is kept and given again together with what
    ///   arrives next, or when reading is resumed.
    func received(_ bytes: UnsafeRawBufferPointer, on connection: ConnectionID) -> Int

    /// The peer will send nothing more; what is sent to it may still arrive.
    func receivedEnd(on connection: ConnectionID)

    /// Output was pending or blocked, and the socket has room again: nothing is pending any more.
    func drained(_ connection: ConnectionID)

    /// The connection's deadline has passed, and was cleared.
    func deadlineReached(_ connection: ConnectionID)

    /// An alarm is due, and was cleared.
    func alarmReached(_ alarm: Int)

    /// The connection has ended: once for each that was accepted or adopted.
    ///
    /// Its state can still be read here, nothing else; afterwards the id is stale.
    func closed(_ connection: ConnectionID, reason: CloseReason)

    /// The loop was woken, and has run the jobs that were posted.
    func woken()

    /// Everything that had happened was handled: once per turn.
    func turnEnded()
}
