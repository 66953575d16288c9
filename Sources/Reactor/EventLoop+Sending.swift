// SPDX-License-Identifier: MIT
//
// Output goes to the kernel at once. Only what a socket does not take is kept, by reference, and
// only then does epoll watch for room.

import CLinux
import Core
import Glibc

extension EventLoop {
    /// Sends a frame after what is pending.
    ///
    /// A connection whose output does not go out entirely leaves its group.
    package func send(_ frame: EncodedFrame, to id: ConnectionID) -> SendOutcome {
        assertOnLoop()
        guard let record = active(id) else { return .closed }
        if record.pointee.flags.contains(.outputBlocked) {
            return keep(frame, from: 0, id, record)
        }
        let result = frame.bytes.withUnsafeBytes { bytes in
            hg_send(record.pointee.descriptor, bytes.baseAddress, bytes.count)
        }
        statistics.sendCalls += 1
        if result == frame.count {
            statistics.bytesSent += result
            return .complete
        }
        guard let taken = taken(SendResult(result), id) else { return .closed }
        return keep(frame, from: taken, id, record)
    }

    /// Sends two frames, such as a head and its body, in one system call after what is pending.
    ///
    /// A connection whose output does not go out entirely leaves its group.
    package func send(
        _ first: EncodedFrame, _ second: EncodedFrame, to id: ConnectionID
    ) -> SendOutcome {
        assertOnLoop()
        guard let record = active(id) else { return .closed }
        if record.pointee.flags.contains(.outputBlocked) {
            _ = keep(first, from: 0, id, record)
            return keep(second, from: 0, id, record)
        }
        let result = first.bytes.withUnsafeBytes { head in
            second.bytes.withUnsafeBytes { body in
                hg_send_two(
                    record.pointee.descriptor, head.baseAddress, head.count, body.baseAddress,
                    body.count)
            }
        }
        statistics.sendCalls += 1
        if result == first.count + second.count {
            statistics.bytesSent += result
            return .complete
        }
        guard let taken = taken(SendResult(result), id) else { return .closed }
        if taken < first.count {
            _ = keep(first, from: taken, id, record)
            return keep(second, from: 0, id, record)
        }
        return keep(second, from: taken - first.count, id, record)
    }

    /// Sends frames in order after what is pending, many in one system call.
    ///
    /// A connection whose output does not go out entirely leaves its group.
    ///
    /// - Complexity: O(number of frames).
    package func send(_ frames: [EncodedFrame], to id: ConnectionID) -> SendOutcome {
        assertOnLoop()
        guard let record = active(id) else { return .closed }
        if frames.isEmpty { return .complete }
        if record.pointee.flags.contains(.outputBlocked) {
            for frame in frames { _ = keep(frame, from: 0, id, record) }
            return .pending
        }
        var run = FrameRun(frames)
        switch flush(&run, record) {
        case .finished:
            return .complete
        case .failed(let reason):
            doom(id, reason)
            return .closed
        case .unfinished:
            keep(run, record)
            watchOutput(id, record)
            return .pending
        }
    }

    /// Whether the connection waits for room: `drained` will be called, and it can join no group.
    package func hasPendingOutput(_ id: ConnectionID) -> Bool {
        assertOnLoop()
        return slab.record(id)?.pointee.flags.contains(.outputBlocked) ?? false
    }

    /// How many bytes the kernel took, or nil if the connection is broken, which then ends.
    func taken(_ result: SendResult, _ id: ConnectionID) -> Int? {
        switch result {
        case .took(let count):
            statistics.bytesSent += count
            statistics.wouldBlock += 1
            return count
        case .blocked:
            statistics.wouldBlock += 1
            return 0
        case .failed(let reason):
            doom(id, reason)
            return nil
        }
    }

    /// Keeps the bytes of a frame from `offset` on until the socket has room.
    func keep(
        _ frame: EncodedFrame, from offset: Int, _ id: ConnectionID,
        _ record: UnsafeMutablePointer<ConnectionRecord>
    ) -> SendOutcome {
        guard offset < frame.count else {
            watchOutput(id, record)
            return .pending
        }
        groups.remove(record)
        let isFirst = record.pointee.flags.insert(.outputKept).inserted
        record.pointee.groupPosition = pendingOutputs.append(
            frame, from: offset, to: isFirst ? nil : record.pointee.groupPosition)
        watchOutput(id, record)
        return .pending
    }

    private func keep(_ run: FrameRun, _ record: UnsafeMutablePointer<ConnectionRecord>) {
        groups.remove(record)
        guard let kept = pendingOutputs.append(run) else { return }
        record.pointee.groupPosition = kept
        record.pointee.flags.insert(.outputKept)
    }

    /// Waits for room in the socket. Who waits is in no group.
    func watchOutput(_ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>) {
        if record.pointee.flags.contains(.outputBlocked) { return }
        record.pointee.flags.insert(.outputBlocked)
        sparePeer(record)
        groups.remove(record)
        updateInterest(id, record)
    }

    /// Sends what is pending, now that the socket has room.
    func outputReady(
        _ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>,
        _ handler: any EventLoopHandler
    ) {
        var lingerNanoseconds: Int64 = 0
        if record.pointee.flags.contains(.outputKept) {
            record.pointee.flags.remove(.outputKept)
            var run = pendingOutputs.take(record.pointee.groupPosition)
            switch flush(&run, record) {
            case .finished:
                if record.pointee.flags.contains(.closesAfterOutput) {
                    lingerNanoseconds = lingersAfterOutput.removeValue(forKey: id.slot) ?? 0
                }
            case .unfinished: return keep(run, record)
            case .failed(let reason):
                lingersAfterOutput[id.slot] = nil
                return doom(id, reason)
            }
        }
        let wasBlocked = record.pointee.flags.contains(.outputBlocked)
        record.pointee.flags.remove(.outputBlocked)
        if wasBlocked { timePeer(record) }
        if record.pointee.flags.contains(.closesAfterOutput) {
            linger(id, record, nanoseconds: lingerNanoseconds)
        } else if wasBlocked {
            // It may send again and block again: then epoll's interest is right as it is.
            handler.drained(id)
        }
        updateInterest(id, record)
    }

    private func flush(
        _ run: inout FrameRun, _ record: UnsafeMutablePointer<ConnectionRecord>
    ) -> FrameRun.Progress {
        var sent = 0
        var calls = 0
        let progress = run.flush(
            to: record.pointee.descriptor, calls: &calls, bytesSent: &sent)
        statistics.sendCalls += calls
        statistics.bytesSent += sent
        switch progress {
        case .unfinished: statistics.wouldBlock += 1
        case .finished, .failed: break
        }
        return progress
    }
}
