// SPDX-License-Identifier: MIT

import Core

@testable import Streams

/// Sockets that take as many bytes as a test lets them, and keep what was taken.
final class SimulatedTransport: StreamTransport {
    struct Socket {
        var id: StreamID
        /// What the peer has received.
        var received: [UInt8] = []
        /// How many bytes the socket takes before it is full; grows as the peer reads.
        var room: Int
        /// What the transport keeps because the socket was full.
        var pending: [UInt8] = []
        var awaitsDrain = false
        var group: UInt64?
        var deadline: Int?
        var isEnded = false
        var isCut = false
        var peerTimeout: Int?
        /// How long nothing was heard of the peer's kernel.
        var acknowledgementAge = 0
    }

    private(set) var sockets: [UInt32: Socket] = [:]
    private var groups: [UInt64: [UInt32]] = [:]
    private var nextGroup: UInt64 = 1
    private(set) var sendCalls = 0

    func open(_ slot: UInt32, generation: UInt32, room: Int) -> StreamID {
        let id = StreamID(slot: slot, generation: generation)
        sockets[slot] = Socket(id: id, room: room)
        return id
    }

    func close(_ id: StreamID) {
        leave(id)
        sockets[id.slot] = nil
    }

    /// The peer's kernel has not been heard of for so long.
    func setSilence(_ id: StreamID, milliseconds: Int) {
        sockets[id.slot]?.acknowledgementAge = milliseconds
    }

    /// Sets how many bytes the socket takes from now on.
    func setRoom(_ id: StreamID, _ bytes: Int) {
        sockets[id.slot]?.room = bytes
    }

    /// The peer reads: the socket takes `bytes` more. Returns whether `drained` is to be reported.
    func read(_ id: StreamID, bytes: Int) -> Bool {
        guard var socket = sockets[id.slot], socket.id == id else { return false }
        socket.room += bytes
        let taken = min(socket.room, socket.pending.count)
        socket.received += socket.pending.prefix(taken)
        socket.pending.removeFirst(taken)
        socket.room -= taken
        let isDrained = socket.awaitsDrain && socket.pending.isEmpty && socket.room > 0
        if isDrained { socket.awaitsDrain = false }
        sockets[id.slot] = socket
        return isDrained
    }

    func send(_ first: EncodedFrame, _ second: EncodedFrame?, to stream: StreamID)
        -> StreamSendResult
    {
        guard var socket = sockets[stream.slot], socket.id == stream else { return .closed }
        precondition(socket.pending.isEmpty, "nothing is sent behind pending output")
        sendCalls += 1
        let bytes = first.bytes + (second?.bytes ?? [])
        let taken = min(bytes.count, socket.room)
        socket.received += bytes.prefix(taken)
        socket.room -= taken
        socket.pending = Array(bytes.dropFirst(taken))
        socket.awaitsDrain = !socket.pending.isEmpty
        sockets[stream.slot] = socket
        return socket.pending.isEmpty ? .complete : .pending
    }

    func send(
        _ frame: EncodedFrame, to group: StreamGroup,
        blocked: (StreamID, BlockedMember) -> Void
    ) {
        for slot in groups[group.number] ?? [] {
            guard var socket = sockets[slot] else { continue }
            sendCalls += 1
            let taken = min(frame.count, socket.room)
            socket.received += frame.bytes.prefix(taken)
            socket.room -= taken
            if taken < frame.count {
                if taken > 0 { socket.pending = Array(frame.bytes.dropFirst(taken)) }
                socket.awaitsDrain = true
                sockets[slot] = socket
                leave(socket.id)
                blocked(socket.id, taken > 0 ? .partial : .refused)
            } else {
                sockets[slot] = socket
            }
        }
    }

    func makeGroup() -> StreamGroup {
        defer { nextGroup += 1 }
        groups[nextGroup] = []
        return StreamGroup(number: nextGroup)
    }

    func removeGroup(_ group: StreamGroup) {
        precondition(groups[group.number] == [], "only empty groups end")
        groups[group.number] = nil
    }

    func memberCount(of group: StreamGroup) -> Int { groups[group.number]?.count ?? 0 }

    func join(_ stream: StreamID, _ group: StreamGroup) {
        leave(stream)
        guard sockets[stream.slot]?.id == stream else { return }
        precondition(sockets[stream.slot]?.pending.isEmpty == true, "members have nothing pending")
        sockets[stream.slot]?.group = group.number
        groups[group.number]?.append(stream.slot)
    }

    func leave(_ stream: StreamID) {
        guard let socket = sockets[stream.slot], socket.id == stream, let group = socket.group
        else { return }
        groups[group]?.removeAll { $0 == stream.slot }
        sockets[stream.slot]?.group = nil
    }

    func hasPendingOutput(_ stream: StreamID) -> Bool {
        sockets[stream.slot]?.awaitsDrain ?? false
    }

    func setDeadline(_ stream: StreamID, milliseconds: Int) {
        sockets[stream.slot]?.deadline = milliseconds
    }

    /// The last wish for an alarm, taken by `takeAlarm`.
    private var alarm: Int?

    func setAlarm(milliseconds: Int) { alarm = milliseconds }

    /// The alarm that was asked for; it is not any more.
    func takeAlarm() -> Int? {
        defer { alarm = nil }
        return alarm
    }

    /// Whether another turn was asked for.
    private var wantsTurn = false

    func continueSoon() { wantsTurn = true }

    /// Whether another turn was asked for; it is not any more.
    func takeTurn() -> Bool {
        defer { wantsTurn = false }
        return wantsTurn
    }

    func setPeerTimeout(_ stream: StreamID, milliseconds: Int) {
        sockets[stream.slot]?.peerTimeout = milliseconds
    }

    func acknowledgementAge(_ stream: StreamID) -> Int {
        sockets[stream.slot]?.acknowledgementAge ?? 0
    }

    func end(_ stream: StreamID) { sockets[stream.slot]?.isEnded = true }

    func cut(_ stream: StreamID) { sockets[stream.slot]?.isCut = true }

    var groupCount: Int { groups.count }
}

/// Random numbers that a seed reproduces (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
