// SPDX-License-Identifier: MIT
//
// A connection that ends is *doomed*: it takes part in nothing any more, and waits in a queue. The
// queue is worked off at the end of each turn, with a budget, so that thousands of ends at once do
// not hold up the others, and so that `closed` is never called from within another call.

import CLinux
import Core
import Glibc

extension EventLoop {
    /// Ends a connection at once; pending output is dropped. `closed` follows later in the turn.
    package func close(_ id: ConnectionID, reason: CloseReason = .byHandler) {
        assertOnLoop()
        doom(id, reason)
    }

    /// Ends a connection so that the peer gets everything sent to it.
    ///
    /// Pending output goes out, the sending direction is ended, and input is discarded until the
    /// peer ends too or `lingerNanoseconds` have passed: closing with unread input would make the
    /// kernel send a reset, which can overtake the last answer (RFC 9112, section 9.6). The
    /// handler hears only of a deadline it has set, as long as output is pending, and the end.
    package func closeAfterOutput(_ id: ConnectionID, lingerNanoseconds: Int64) {
        assertOnLoop()
        guard let record = active(id) else { return }
        groups.remove(record)
        record.pointee.flags.insert(.closesAfterOutput)
        record.pointee.flags.remove(.readingPaused)
        if record.pointee.flags.contains(.outputKept) {
            lingersAfterOutput[id.slot] = lingerNanoseconds
        } else {
            record.pointee.flags.remove(.outputBlocked)
            linger(id, record, nanoseconds: lingerNanoseconds)
        }
        updateInterest(id, record)
    }

    /// Ends the sending direction, and waits for the peer to end its own.
    func linger(
        _ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>, nanoseconds: Int64
    ) {
        if record.pointee.flags.contains(.endReceived) {
            doom(id, .byHandler)
            return
        }
        _ = hg_end_sending(record.pointee.descriptor)
        record.pointee.flags.insert(.lingers)
        setDeadline(id.slot, record, after: nanoseconds)
    }

    /// Puts a connection into the queue of those to close, unless it is there.
    func doom(_ id: ConnectionID, _ reason: CloseReason) {
        guard let record = slab.record(id), !record.pointee.flags.contains(.doomed) else { return }
        groups.remove(record)
        clearDeadline(id.slot, record)
        record.pointee.flags.insert(.doomed)
        doomed.append((id, reason))
    }

    /// Closes doomed connections, up to a limit per turn.
    func closeDoomed(_ handler: any EventLoopHandler) {
        if doomed.isEmpty { return }
        var budget = Limits.closesPerTurnMax
        while doomedDone < doomed.count, budget > 0 {
            let (id, reason) = doomed[doomedDone]
            doomedDone += 1
            budget -= 1
            let record = slab.record(atUsed: id.slot)
            dropKeptInput(id, record)
            if record.pointee.flags.contains(.outputKept) {
                _ = pendingOutputs.take(record.pointee.groupPosition)
                lingersAfterOutput[id.slot] = nil
            }
            // Closing the only descriptor of a socket also takes it out of epoll.
            _ = Glibc.close(record.pointee.descriptor)
            statistics.closed += 1
            handler.closed(id, reason: reason)
            slab.remove(id)
        }
        if doomedDone == doomed.count {
            doomed.removeAll(keepingCapacity: doomed.count <= Limits.closesPerTurnMax)
            doomedDone = 0
            if lingersAfterOutput.isEmpty { lingersAfterOutput = [:] }
        }
    }
}
