// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// One event loop of the floor. What there is per connection stands in arrays by descriptor.
final class FloorLoop: @unchecked Sendable {
    private enum Kind { case request, events, messages }

    /// What the last request on a connection was: one that is as long is answered alike, unread.
    private struct Repeat {
        var length = 0
        var isConditional = false
    }

    /// The members of a group and, by descriptor, their places in it.
    private struct Group {
        var members: [Int32] = []
        var places: [Int32: Int] = [:]

        mutating func insert(_ descriptor: Int32) {
            places[descriptor] = members.count
            members.append(descriptor)
        }

        mutating func remove(_ descriptor: Int32) {
            guard let place = places.removeValue(forKey: descriptor) else { return }
            let last = members.removeLast()
            guard last != descriptor else { return }
            members[place] = last
            places[last] = place
        }
    }

    private let epoll: Int32
    private let listener: Int32
    private let wake: Int32
    // What a poll touches is behind pointers that never change: nothing is counted or checked.
    private let full: UnsafeRawBufferPointer
    private let notModified: UnsafeRawBufferPointer
    private let repeats: UnsafeMutablePointer<Repeat>
    private let ready: UnsafeMutableBufferPointer<epoll_event>
    private let board: FloorBoard
    private var seen = 0
    private var kinds: [Kind]
    private var partial: [Int32: [UInt8]] = [:]
    private var unsent: [Int32: Int] = [:]
    private var events = Group()
    private var messages = Group()
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Makes a loop that accepts from `listener`.
    ///
    /// - Throws: `BenchFailure`.
    init(listener: Int32, answers: FloorAnswers, board: FloorBoard) throws {
        self.listener = listener
        full = Self.copy(of: answers.full)
        notModified = Self.copy(of: answers.notModified)
        self.board = board
        epoll = hg_epoll_create()
        wake = hg_eventfd()
        let descriptors = FileDescriptor.raiseLimit()
        kinds = Array(repeating: .request, count: descriptors)
        repeats = .allocate(capacity: descriptors)
        repeats.initialize(repeating: Repeat(), count: descriptors)
        ready = .allocate(capacity: Limits.eventsPerTurnMax)
        ready.initialize(repeating: epoll_event())
        input = .allocate(capacity: Limits.readBufferBytes)
        board.add(wake: wake)
        for descriptor in [listener, wake] {
            let token = UInt64(descriptor)
            guard
                hg_epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, UInt32(HG_EPOLLIN), token) == 0
            else { throw BenchFailure.systemCall("epoll_ctl") }
        }
    }

    deinit {
        for memory in [full, notModified] { memory.deallocate() }
        repeats.deallocate()
        ready.deallocate()
        input.deallocate()
    }

    private static func copy(of bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }

    /// Waits for something and does it.
    ///
    /// - Throws: `BenchFailure` if epoll fails.
    func turn() throws {
        let count = epoll_wait(epoll, ready.baseAddress, Int32(ready.count), -1)
        guard count >= 0 || hg_errno() == EINTR else { throw BenchFailure.systemCall("epoll_wait") }
        for place in 0..<max(0, Int(count)) {
            var event = ready[place]
            let descriptor = Int32(truncatingIfNeeded: hg_epoll_token(&event))
            if descriptor == listener {
                accept()
            } else if descriptor == wake {
                fanOut()
            } else if hg_epoll_events(&event) & UInt32(HG_EPOLLOUT) != 0 {
                sendRest(descriptor)
            } else {
                receive(descriptor)
            }
        }
    }

    private func accept() {
        var peer = hg_peer()
        while true {
            let descriptor = hg_accept(listener, &peer)
            guard descriptor >= 0 else { return }
            kinds[Int(descriptor)] = .request
            repeats[Int(descriptor)] = Repeat()
            watch(descriptor, UInt32(HG_EPOLLIN), EPOLL_CTL_ADD)
        }
    }

    private func watch(_ descriptor: Int32, _ interest: UInt32, _ operation: Int32) {
        _ = hg_epoll_ctl(epoll, operation, descriptor, interest, UInt64(descriptor))
    }

    private func end(_ descriptor: Int32) {
        events.remove(descriptor)
        messages.remove(descriptor)
        partial[descriptor] = nil
        unsent[descriptor] = nil
        close(descriptor)
    }

    // MARK: Streams

    private func fanOut() {
        var number: UInt64 = 0
        _ = read(wake, &number, MemoryLayout<UInt64>.size)
        for frame in board.frames(from: seen) {
            seen += 1
            for descriptor in Self.send(frame.event, to: events.members) { end(descriptor) }
            for descriptor in Self.send(frame.message, to: messages.members) { end(descriptor) }
        }
    }

    /// Sends a frame to each member: the floor of a fan-out.
    ///
    /// - Returns: Those that did not take it whole.
    private static func send(_ frame: [UInt8], to members: [Int32]) -> [Int32] {
        frame.withUnsafeBytes { bytes in
            members.withUnsafeBufferPointer { members in
                var failed: [Int32] = []
                for descriptor in members
                where hg_send(descriptor, bytes.baseAddress, bytes.count) != bytes.count {
                    failed.append(descriptor)
                }
                return failed
            }
        }
    }

    private func begin(_ descriptor: Int32, _ request: UnsafeBufferPointer<UInt8>) {
        let field: StaticString = "Sec-WebSocket-Key: "
        var answer: String
        if let place = ByteSearch.first(field, in: request) {
            let key = request[(place + field.utf8CodeUnitCount)...].prefix { $0 > 0x20 }
            let accept = Subscriber.acceptKey(String(decoding: key, as: UTF8.self))
            answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            answer += "Connection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n"
            send(Array(answer.utf8) + FloorFrames.readyMessage, descriptor)
            kinds[Int(descriptor)] = .messages
            messages.insert(descriptor)
        } else {
            answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            answer += "Cache-Control: no-store\r\n\r\nevent: ready\ndata: {}\n\n"
            send(Array(answer.utf8), descriptor)
            kinds[Int(descriptor)] = .events
            events.insert(descriptor)
        }
    }

    // MARK: Requests

    private func receive(_ descriptor: Int32) {
        let count = hg_receive(descriptor, input.baseAddress, input.count)
        guard count > 0 else {
            if count == 0 || hg_errno() != EAGAIN { end(descriptor) }
            return
        }
        let known = repeats[Int(descriptor)]
        if count == known.length {
            return send(known.isConditional ? notModified : full, descriptor)
        }
        switch kinds[Int(descriptor)] {
        case .events, .messages: return
        case .request: break
        }
        let bytes = UnsafeBufferPointer(rebasing: input[..<count])
        guard var whole = partial.removeValue(forKey: descriptor) else {
            let consumed = answer(bytes, descriptor)
            if consumed < bytes.count {
                repeats[Int(descriptor)] = Repeat()
                partial[descriptor] = Array(bytes[consumed...])
            }
            return
        }
        whole.append(contentsOf: bytes)
        let consumed = whole.withUnsafeBufferPointer { answer($0, descriptor) }
        repeats[Int(descriptor)] = Repeat()
        if consumed < whole.count { partial[descriptor] = Array(whole[consumed...]) }
    }

    /// Answers whole requests; returns how many bytes they were.
    private func answer(_ bytes: UnsafeBufferPointer<UInt8>, _ descriptor: Int32) -> Int {
        var start = 0
        while let end = ByteSearch.first("\r\n\r\n", in: bytes, from: start) {
            let head = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if head.first == UInt8(ascii: "G") {
                start = end + 4
                if ByteSearch.first("/stream", in: head) != nil {
                    begin(descriptor, head)
                } else {
                    let isConditional = ByteSearch.first("If-None-Match", in: head) != nil
                    // Only a request that came alone and whole is known by its length.
                    if end + 4 == bytes.count, head.count + 4 == bytes.count {
                        repeats[Int(descriptor)] = Repeat(
                            length: bytes.count, isConditional: isConditional)
                    }
                    send(isConditional ? notModified : full, descriptor)
                }
                continue
            }
            let length = Self.contentLength(head)
            guard bytes.count >= end + 4 + length else { return start }
            start = end + 4 + length
            send(FloorFrames.accepted, descriptor)
            board.publish(
                FloorFrames.frame(of: UnsafeBufferPointer(rebasing: bytes[(end + 4)..<start])))
        }
        return start
    }

    private static func contentLength(_ head: UnsafeBufferPointer<UInt8>) -> Int {
        let field: StaticString = "Content-Length: "
        guard let place = ByteSearch.first(field, in: head) else { return 0 }
        var index = place + field.utf8CodeUnitCount
        return ByteSearch.number(in: head, at: &index).map { Int($0) } ?? 0
    }

    private func send(_ bytes: [UInt8], _ descriptor: Int32) {
        bytes.withUnsafeBytes { send($0, descriptor) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) {
        let sent = hg_send(descriptor, bytes.baseAddress, bytes.count)
        if sent == bytes.count { return }
        guard bytes.baseAddress == full.baseAddress, sent >= 0 || hg_errno() == EAGAIN else {
            return end(descriptor)
        }
        unsent[descriptor] = bytes.count - max(0, sent)
        watch(descriptor, UInt32(HG_EPOLLOUT), EPOLL_CTL_MOD)
    }

    /// Goes on with an answer that the socket did not take whole.
    private func sendRest(_ descriptor: Int32) {
        guard let left = unsent[descriptor] else { return }
        let sent = hg_send(descriptor, full.baseAddress.map { $0 + full.count - left }, left)
        guard sent >= 0 || hg_errno() == EAGAIN else { return end(descriptor) }
        unsent[descriptor] = left - max(0, sent)
        if sent == left {
            unsent[descriptor] = nil
            watch(descriptor, UInt32(HG_EPOLLIN), EPOLL_CTL_MOD)
        }
    }
}
