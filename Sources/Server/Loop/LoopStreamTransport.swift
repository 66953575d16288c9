// SPDX-License-Identifier: MIT

import Core
import Reactor
import Streams

/// Streams' view of an event loop.
final class LoopStreamTransport: StreamTransport {
    private let loop: EventLoop

    /// Makes the view of a loop.
    init(loop: EventLoop) {
        self.loop = loop
    }

    func send(_ first: EncodedFrame, _ second: EncodedFrame?, to stream: StreamID)
        -> StreamSendResult
    {
        let outcome =
            if let second {
                loop.send(first, second, to: ConnectionID(stream))
            } else {
                loop.send(first, to: ConnectionID(stream))
            }
        return switch outcome {
        case .complete: .complete
        case .pending, .blocked: .pending
        case .closed: .closed
        }
    }

    func send(
        _ frame: EncodedFrame, to group: StreamGroup,
        blocked: (StreamID, BlockedMember) -> Void
    ) {
        loop.send(frame, to: GroupID(bits: group.number)) { connection, outcome in
            switch outcome {
            case .complete: break
            case .pending: blocked(StreamID(connection), .partial)
            case .blocked: blocked(StreamID(connection), .refused)
            case .closed: blocked(StreamID(connection), .closed)
            }
        }
    }

    func makeGroup() -> StreamGroup { StreamGroup(number: loop.makeGroup().bits) }

    func removeGroup(_ group: StreamGroup) { loop.removeGroup(GroupID(bits: group.number)) }

    func memberCount(of group: StreamGroup) -> Int {
        loop.memberCount(of: GroupID(bits: group.number))
    }

    func join(_ stream: StreamID, _ group: StreamGroup) {
        loop.join(ConnectionID(stream), GroupID(bits: group.number))
    }

    func leave(_ stream: StreamID) { loop.leave(ConnectionID(stream)) }

    func hasPendingOutput(_ stream: StreamID) -> Bool {
        loop.hasPendingOutput(ConnectionID(stream))
    }

    func setDeadline(_ stream: StreamID, milliseconds: Int) {
        loop.setDeadline(ConnectionID(stream), after: Int64(milliseconds) * 1_000_000)
    }

    func setAlarm(milliseconds: Int) {
        loop.setAlarm(
            LoopService.Alarm.pace.rawValue, after: Int64(milliseconds) * 1_000_000)
    }

    func continueSoon() { loop.wake() }

    func setPeerTimeout(_ stream: StreamID, milliseconds: Int) {
        loop.setPeerTimeout(ConnectionID(stream), milliseconds: milliseconds)
    }

    func acknowledgementAge(_ stream: StreamID) -> Int {
        loop.acknowledgementAge(ConnectionID(stream))
    }

    func end(_ stream: StreamID) {
        loop.closeAfterOutput(
            ConnectionID(stream),
            lingerNanoseconds: Int64(Limits.lingerMillisecondsMax) * 1_000_000)
    }

    func cut(_ stream: StreamID) { loop.close(ConnectionID(stream)) }
}

extension ConnectionID {
    /// The connection that a stream is on.
    init(_ stream: StreamID) {
        self.init(bits: UInt64(stream.generation) << 32 | UInt64(stream.slot))
    }
}

extension StreamID {
    /// The stream on a connection.
    init(_ connection: ConnectionID) {
        self.init(slot: connection.slot, generation: connection.generation)
    }
}
