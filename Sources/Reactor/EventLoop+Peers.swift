// SPDX-License-Identifier: MIT
//
// Peers that vanish without a word. What is sent to them stays unacknowledged, and the kernel ends
// the connection after the limit that it is given (TCP_USER_TIMEOUT, RFC 5482) instead of a quarter
// of an hour.
//
// The kernel counts a peer that does not read, too: its window is closed, and what waits for it
// cannot be sent, though it acknowledges every probe. Such a peer is slow, not dead, so the limit
// is lifted while output is blocked, and whoever cares asks `acknowledgementAge` meanwhile.

import CLinux
import Core

extension EventLoop {
    /// Has a connection end when its peer leaves what it is sent unacknowledged for so long, but
    /// for the time that its output is blocked.
    ///
    /// - Parameter milliseconds: The same for all connections of a loop; a change of it counts for
    ///   those that are set afterwards.
    package func setPeerTimeout(_ id: ConnectionID, milliseconds: Int) {
        assertOnLoop()
        guard let record = active(id) else { return }
        peerTimeoutMilliseconds = Int32(clamping: milliseconds)
        record.pointee.flags.insert(.timesPeer)
        if !record.pointee.flags.contains(.outputBlocked) { timePeer(record) }
    }

    /// Milliseconds since the peer last acknowledged anything; 0 if that cannot be told.
    package func acknowledgementAge(_ id: ConnectionID) -> Int {
        assertOnLoop()
        guard let record = active(id) else { return 0 }
        return max(0, Int(hg_acknowledgement_age(record.pointee.descriptor)))
    }

    /// The limit holds for a connection, if it has one.
    func timePeer(_ record: UnsafeMutablePointer<ConnectionRecord>) {
        guard record.pointee.flags.contains(.timesPeer) else { return }
        _ = hg_set_user_timeout(record.pointee.descriptor, peerTimeoutMilliseconds)
    }

    /// The limit holds for a connection no more, if it has one.
    func sparePeer(_ record: UnsafeMutablePointer<ConnectionRecord>) {
        guard record.pointee.flags.contains(.timesPeer) else { return }
        _ = hg_set_user_timeout(record.pointee.descriptor, 0)
    }
}
