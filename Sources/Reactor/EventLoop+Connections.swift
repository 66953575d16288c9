// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

extension EventLoop {
    /// How many connections there are, those about to be closed included.
    package var connectionCount: Int { slab.count }

    /// The handler's two words of a connection; zero for a stale id, and then not stored.
    package subscript(state id: ConnectionID) -> ConnectionState {
        get {
            assertOnLoop()
            return slab.record(id)?.pointee.state ?? ConnectionState()
        }
        set {
            assertOnLoop()
            slab.record(id)?.pointee.state = newValue
        }
    }

    /// Whether the connection lives and the handler has not asked for its end.
    package func isOpen(_ id: ConnectionID) -> Bool { active(id) != nil }

    /// Visits all connections, those about to be closed included.
    ///
    /// - Complexity: O(*n*) in the number of records.
    package func forEachConnection(_ body: (ConnectionID) -> Void) {
        _ = forEachConnection(from: 0, limit: .max, body)
    }

    /// Visits at most `limit` connections from slot `start` on, for work that is spread over turns.
    ///
    /// - Returns: Where to go on, or nil when all were visited.
    /// - Complexity: O(*n*) in the number of records passed.
    package func forEachConnection(
        from start: Int, limit: Int, _ body: (ConnectionID) -> Void
    ) -> Int? {
        assertOnLoop()
        return slab.forEach(from: start, limit: limit, body)
    }

    /// Takes over a connected stream socket. `accepted` is not called.
    ///
    /// - Returns: Its id, or nil (and the socket is closed) if there are as many connections as may
    ///   be.
    package func adopt(_ descriptor: consuming Descriptor) -> ConnectionID? {
        assertOnLoop()
        guard let id = slab.insert(descriptor.raw) else {
            statistics.refusedByLimit += 1
            return nil
        }
        let record = slab.record(atUsed: id.slot)
        record.pointee.flags = .watchesInput
        let interest = record.pointee.flags.interest
        guard hg_epoll_ctl(epoll.raw, EPOLL_CTL_ADD, descriptor.raw, interest, id.bits) == 0 else {
            slab.remove(id)
            statistics.refusedByDescriptors += 1
            return nil
        }
        _ = descriptor.release()
        statistics.accepted += 1
        return id
    }

    /// Bounds what the kernel queues for a connection (`SO_SNDBUF`; Linux doubles the value).
    package func setSendBuffer(_ id: ConnectionID, bytes: Int) {
        assertOnLoop()
        guard let record = active(id) else { return }
        _ = hg_set_send_buffer(record.pointee.descriptor, Int32(clamping: bytes))
    }

    /// The record of a connection that the handler may act on, or nil.
    @inline(__always)
    func active(_ id: ConnectionID) -> UnsafeMutablePointer<ConnectionRecord>? {
        guard let record = slab.record(id), record.pointee.flags.isDisjoint(with: .ending) else {
            return nil
        }
        return record
    }

    // MARK: Deadlines

    /// Sets the connection's one deadline; it is told at most 50 ms late and never early.
    ///
    /// - Parameter nanoseconds: From the beginning of this turn.
    package func setDeadline(_ id: ConnectionID, after nanoseconds: Int64) {
        assertOnLoop()
        guard let record = slab.record(id),
            record.pointee.flags.isDisjoint(with: [.doomed, .lingers])
        else { return }
        setDeadline(id.slot, record, after: nanoseconds)
    }

    /// Takes the connection's deadline away.
    package func clearDeadline(_ id: ConnectionID) {
        assertOnLoop()
        guard let record = slab.record(id),
            record.pointee.flags.isDisjoint(with: [.doomed, .lingers])
        else { return }
        clearDeadline(id.slot, record)
    }

    /// Sets or replaces the deadline of a slot.
    func setDeadline(
        _ slot: UInt32, _ record: UnsafeMutablePointer<ConnectionRecord>, after nanoseconds: Int64
    ) {
        clearDeadline(slot, record)
        let (sum, overflow) = now.nanoseconds.addingReportingOverflow(max(nanoseconds, 0))
        let instant = MonotonicInstant(nanoseconds: overflow ? .max : sum)
        wheel.set(slot, at: TimerWheel.tick(notBefore: instant), in: slab)
        record.pointee.flags.insert(.hasDeadline)
    }

    /// Takes the deadline of a slot away, if it has one.
    func clearDeadline(_ slot: UInt32, _ record: UnsafeMutablePointer<ConnectionRecord>) {
        guard record.pointee.flags.contains(.hasDeadline) else { return }
        wheel.clear(slot, in: slab)
        record.pointee.flags.remove(.hasDeadline)
    }

    /// Tells the deadlines that have passed.
    func tellDeadlines(_ handler: any EventLoopHandler) {
        wheel.advance(to: now, in: slab)
        for _ in 0..<Limits.deadlinesPerTurnMax {
            guard let slot = wheel.popExpired(in: slab) else { return }
            let record = slab.record(atUsed: slot)
            record.pointee.flags.remove(.hasDeadline)
            let id = ConnectionID(slot: slot, generation: record.pointee.generation)
            if record.pointee.flags.contains(.lingers) {
                doom(id, .byHandler)
            } else {
                handler.deadlineReached(id)
            }
        }
    }
}
