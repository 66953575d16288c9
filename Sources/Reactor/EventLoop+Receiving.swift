// SPDX-License-Identifier: MIT
//
// Input goes through one buffer that all connections share; only what the handler leaves
// unconsumed is copied to a buffer of the connection's own, and given again in front of what
// follows. Connections that end have their input read and discarded, so that the kernel does not
// answer unread bytes with a reset, which would eat the last answer.

import CLinux
import Core
import Glibc

extension EventLoop {
    /// Gives the handler no input of a connection until `resumeReading`; the kernel holds it back.
    package func pauseReading(_ id: ConnectionID) {
        assertOnLoop()
        active(id)?.pointee.flags.insert(.readingPaused)
    }

    /// Gives the handler input again: first what was kept, in this turn or the next.
    package func resumeReading(_ id: ConnectionID) {
        assertOnLoop()
        guard let record = active(id), record.pointee.flags.contains(.readingPaused) else { return }
        record.pointee.flags.remove(.readingPaused)
        // Also input that is unconsumed in the call this is called from: then it is kept after it.
        if !record.pointee.flags.contains(.resumes) {
            record.pointee.flags.insert(.resumes)
            resumed.append(id)
        }
        if !record.pointee.flags.contains(.watchesInput) { updateInterest(id, record) }
    }

    /// Gives the handler the kept input of the connections that resumed.
    func redeliver(_ handler: any EventLoopHandler) {
        if resumed.isEmpty { return }
        var ids: [ConnectionID] = []
        swap(&ids, &resumed)
        for id in ids {
            guard let record = active(id), record.pointee.flags.contains(.resumes) else { continue }
            record.pointee.flags.remove(.resumes)
            if record.pointee.flags.contains(.readingPaused) { continue }
            giveKeptInput(id, record, handler)
        }
    }

    /// Reads what has arrived, up to a limit per turn, and gives it to the handler.
    ///
    /// - Parameter mayHaveEnded: Whether epoll said so; then it is read on to the end.
    func receive(
        _ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>, mayHaveEnded: Bool,
        _ handler: any EventLoopHandler
    ) {
        var budget = Limits.readBytesPerTurnMax
        while budget > 0, record.pointee.wantsInput {
            let room = min(budget, Limits.readBufferBytes)
            let count = hg_receive(record.pointee.descriptor, readBuffer, room)
            if count > 0 {
                statistics.bytesReceived += count
                budget -= count
                deliver(
                    UnsafeRawBufferPointer(start: readBuffer, count: count), id, record, handler)
                if count < room, !mayHaveEnded { return }
            } else if count == 0 {
                receiveEnd(id, record, handler)
            } else {
                let error = hg_errno()
                if error == EINTR { continue }
                if error != EAGAIN { doom(id, CloseReason(errno: error)) }
                return
            }
        }
    }

    private func receiveEnd(
        _ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>,
        _ handler: any EventLoopHandler
    ) {
        record.pointee.flags.insert(.endReceived)
        if record.pointee.flags.contains(.lingers) {
            doom(id, .byHandler)
        } else if !record.pointee.flags.contains(.closesAfterOutput) {
            handler.receivedEnd(on: id)
        }
    }

    private func deliver(
        _ bytes: UnsafeRawBufferPointer, _ id: ConnectionID,
        _ record: UnsafeMutablePointer<ConnectionRecord>, _ handler: any EventLoopHandler
    ) {
        if !record.pointee.flags.isDisjoint(with: .ending) { return }
        if record.pointee.flags.contains(.inputKept) {
            keptInputs[id.slot]?.append(bytes)
            giveKeptInput(id, record, handler)
            return
        }
        let consumed = handler.received(bytes, on: id)
        precondition(consumed >= 0 && consumed <= bytes.count, "consumed more than there was")
        if consumed == bytes.count || !record.pointee.flags.isDisjoint(with: .ending) { return }
        keptInputs[id.slot] = KeptInput(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
        record.pointee.flags.insert(.inputKept)
        checkKeptInput(id, count: bytes.count - consumed)
    }

    private func giveKeptInput(
        _ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>,
        _ handler: any EventLoopHandler
    ) {
        guard record.pointee.flags.contains(.inputKept), let input = keptInputs[id.slot] else {
            return
        }
        // Only this function and the end of the connection change the buffer: it outlives the call.
        let consumed = handler.received(input.bytes, on: id)
        precondition(consumed >= 0 && consumed <= input.count, "consumed more than there was")
        if consumed == input.count || !record.pointee.flags.isDisjoint(with: .ending) {
            dropKeptInput(id, record)
        } else {
            keptInputs[id.slot]?.removeFirst(consumed)
            checkKeptInput(id, count: input.count - consumed)
        }
    }

    private func checkKeptInput(_ id: ConnectionID, count: Int) {
        if count > configuration.keptInputBytesMax { doom(id, .inputTooLong) }
    }

    /// Gives back the buffer of kept input, if there is one.
    func dropKeptInput(_ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>) {
        guard record.pointee.flags.contains(.inputKept) else { return }
        record.pointee.flags.remove(.inputKept)
        keptInputs.removeValue(forKey: id.slot)?.free()
        if keptInputs.isEmpty { keptInputs = [:] }
    }
}
