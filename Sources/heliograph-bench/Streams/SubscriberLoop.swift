// SPDX-License-Identifier: MIT
//
// The subscribers of one client process: one thread, one epoll. Connections are opened with a
// bounded number on the way; what arrives is timed and counted, and nothing else is done.
//
//   absent ──open──▶ opening ──ready──▶ ready ──its stream ends──▶ lost, or
//      ▲                ▲ └─refused─▶ away ◀── (if subscribers return) ┘
//      └─leave          └──its time has come─┘

import CLinux
import Core
import Glibc

/// Many subscribers in one thread.
final class SubscriberLoop {
    /// How far a subscriber is.
    private enum Phase {
        case absent
        case opening
        case ready
        case away
        case lost
    }

    private struct Member {
        var descriptor: Int32 = -1
        var phase = Phase.absent
        var stream: Subscriber
        /// What the server last told it to wait before it comes back.
        var returnMilliseconds: Int?
    }

    private let options: SubscriberOptions
    private let epoll: Int32
    private var members: [Member]
    private var events: [epoll_event]
    private var input: [UInt8]
    private let keyPrefix: String
    private var nextToOpen = 0
    private var openingCount = 0
    private var timers = DueQueue()
    private var churn: Churn?

    /// Subscribers that may be on their way to be ready at once.
    var openingMax = Limits.benchOpeningMax
    /// How many subscribers are there and have all that was owed at the start.
    private(set) var readyCount = 0
    /// How many connections ended after they were ready, and will not return.
    private(set) var lostCount = 0
    /// The times of arrival since the last `reset`.
    private(set) var arrivals = Arrivals()
    /// What every subscriber saw last.
    private(set) var positions: Positions
    /// Changes that were older than one that the same subscriber already had.
    private(set) var olderCount = 0
    /// Changes that the same subscriber had just got.
    private(set) var repeatedCount = 0
    /// When streams ended and subscribers returned.
    private(set) var comings = Comings()

    /// The token of the descriptor passed to `watch(_:)`.
    private static let controlToken = UInt64.max
    /// `IP_BIND_ADDRESS_NO_PORT` (ip(7)): the port is chosen with the destination known, so that
    /// every source address has all ports for every destination.
    private static let bindAddressNoPort: Int32 = 24

    /// Makes a loop without connections.
    ///
    /// - Throws: `BenchFailure` if the system has no epoll to spare.
    init(options: SubscriberOptions) throws {
        self.options = options
        epoll = hg_epoll_create()
        guard epoll >= 0 else { throw BenchFailure.systemCall("epoll_create1") }
        events = Array(repeating: epoll_event(), count: Limits.eventsPerTurnMax)
        input = Array(repeating: 0, count: Limits.readBytesPerTurnMax)
        keyPrefix = Digest.hexadecimal(Digest.randomBytes(4))
        let stream = Subscriber(key: "", options: options)
        members = Array(repeating: Member(stream: stream), count: options.count)
        positions = Positions(subscribers: options.count, collections: options.collections)
    }

    deinit {
        for member in members where member.descriptor >= 0 { close(member.descriptor) }
        close(epoll)
    }

    /// Has `turn` report when `descriptor` can be read.
    ///
    /// - Throws: `BenchFailure`.
    func watch(_ descriptor: Int32) throws {
        try register(descriptor, events: UInt32(HG_EPOLLIN), token: Self.controlToken)
    }

    /// Opens connections while fewer than `openingMax` are on their way, so many at a time that
    /// those before are not forgotten meanwhile.
    ///
    /// - Throws: `BenchFailure`.
    func openMore() throws {
        let end = min(members.count, nextToOpen + Limits.benchOpeningsPerTurnMax)
        while nextToOpen < end, openingCount < openingMax {
            let index = nextToOpen
            nextToOpen += 1
            if members[index].phase == .absent { try open(index) }
        }
    }

    /// Closes every connection; `openMore` opens them anew.
    ///
    /// - Complexity: O(*n*).
    func leaveAll() {
        for index in members.indices where members[index].phase != .lost { leave(index) }
        timers = DueQueue()
        nextToOpen = 0
    }

    /// Has subscribers leave and return at once, one after the other, at a rate; 0 ends it.
    func setChurn(perSecond: Int) {
        churn = perSecond > 0 ? Churn(perSecond: perSecond) : nil
    }

    /// Forgets the arrivals so far.
    func reset() {
        arrivals = Arrivals()
        comings = Comings()
    }

    /// Waits for something to arrive or to be due, and takes it.
    ///
    /// - Returns: Whether the watched descriptor can be read.
    /// - Throws: `BenchFailure` if a stream fails before it was ready or breaks its protocol.
    func turn(timeoutMilliseconds: Int) throws -> Bool {
        let timeout = Int64(timeoutMilliseconds) * 1_000_000
        let now = MonotonicClock.nowNanoseconds
        let next = [timers.nextNanoseconds, churn?.nextNanoseconds].compactMap { $0 }.min()
        let isOpening = nextToOpen < members.count && openingCount < openingMax
        let wait = isOpening ? 0 : max(0, min(timeout, next.map { $0 - now } ?? timeout))
        let count = hg_epoll_wait(epoll, &events, Int32(events.count), wait)
        guard count >= 0 else {
            if hg_errno() == EINTR { return false }
            throw BenchFailure.systemCall("epoll_wait")
        }
        var isControlReadable = false
        for place in 0..<Int(count) {
            let token = hg_epoll_token(&events[place])
            if token == Self.controlToken {
                isControlReadable = true
            } else {
                try handle(Int(token), flags: hg_epoll_events(&events[place]))
            }
        }
        try returnDue()
        try churnDue()
        return isControlReadable
    }

    // MARK: Connections

    private func key(_ index: Int) -> String {
        switch options.transport {
        case .serverSentEvents: return ""
        case .webSocket:
            // 16 bytes that differ from connection to connection (RFC 6455, section 4.1).
            let digits = Array(String(index + 1_000_000_0).utf8)
            return Base64.encode(Array(keyPrefix.utf8) + digits)
        }
    }

    private func open(_ index: Int) throws {
        let descriptor = hg_stream_socket(AF_INET)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        if let bytes = options.receiveBufferBytes {
            // Before the connection, as it decides the window that is announced (tcp(7)).
            _ = hg_set_option(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: bytes))
        }
        members[index].descriptor = descriptor
        members[index].phase = .opening
        members[index].stream = Subscriber(
            key: key(index), cursor: members[index].stream.cursor, options: options)
        openingCount += 1
        if options.url.isLoopback { try bindSource(descriptor, index: options.first + index) }
        let result = options.url.socketAddress.withSocketAddress { connect(descriptor, $0, $1) }
        guard result == 0 || hg_errno() == EINPROGRESS else {
            try refused(index, hg_errno())
            return
        }
        try register(descriptor, events: UInt32(HG_EPOLLOUT), token: UInt64(index))
    }

    /// Takes another source address of the machine's own for every so many subscribers.
    private func bindSource(_ descriptor: Int32, index: Int) throws {
        _ = hg_set_option(descriptor, Int32(IPPROTO_IP), Self.bindAddressNoPort, 1)
        let number = 1 + index / Limits.benchSubscribersPerSourceAddressMax
        let address = sockaddr_in.ipv4(
            [127, 0, UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)], port: 0)
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
            throw BenchFailure.systemCall("bind")
        }
    }

    private func register(
        _ descriptor: Int32, events: UInt32, token: UInt64, isNew: Bool = true
    ) throws {
        let operation = isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        guard hg_epoll_ctl(epoll, operation, descriptor, events, token) == 0 else {
            throw BenchFailure.systemCall("epoll_ctl")
        }
    }

    private func handle(_ index: Int, flags: UInt32) throws {
        // A connection may have been closed earlier in the same turn.
        guard members[index].descriptor >= 0 else { return }
        if flags & UInt32(HG_EPOLLOUT) != 0 {
            try connected(index)
        } else {
            try receive(index)
        }
    }

    private func connected(_ index: Int) throws {
        let descriptor = members[index].descriptor
        let error = hg_take_socket_error(descriptor)
        guard error == 0 else { return try refused(index, error) }
        comings.returned(atNanoseconds: MonotonicClock.nowNanoseconds)
        let request = Subscriber.request(
            options, number: index, key: key(index), cursor: members[index].stream.cursor)
        // A fresh connection's buffer takes a request whole.
        guard hg_send(descriptor, request, request.count) == request.count else {
            return try refused(index, hg_errno())
        }
        try register(
            descriptor, events: UInt32(HG_EPOLLIN), token: UInt64(index), isNew: false)
    }

    private func receive(_ index: Int) throws {
        let descriptor = members[index].descriptor
        let count = hg_receive(descriptor, &input, input.count)
        if count < 0, hg_errno() == EAGAIN || hg_errno() == EINTR { return }
        guard count > 0 else { return try ended(index) }
        let now = MonotonicClock.nowNanoseconds
        var replies: [UInt8] = []
        var isClosing = false
        var isReady = false
        var returnMilliseconds = members[index].returnMilliseconds
        do {
            try input.withUnsafeBufferPointer { buffer in
                let bytes = UnsafeBufferPointer(rebasing: buffer[..<count])
                try members[index].stream.receive(bytes) { item in
                    switch item {
                    case .change(let change): note(change, at: index, nanoseconds: now)
                    case .foreignChange: arrivals.count()
                    case .ready: isReady = true
                    case .retry(let milliseconds): returnMilliseconds = milliseconds
                    case .ping(let payload): replies += WebSocketWriter.pong(payload)
                    case .close(_, let milliseconds):
                        isClosing = true
                        returnMilliseconds = milliseconds ?? returnMilliseconds
                    case .other: break
                    }
                }
            }
        } catch let error as StreamError {
            throw BenchFailure("\(options.url): \(error)")
        }
        members[index].returnMilliseconds = returnMilliseconds
        if isReady, members[index].phase == .opening {
            members[index].phase = .ready
            openingCount -= 1
            readyCount += 1
            comings.becameLive(atNanoseconds: now)
        }
        if !replies.isEmpty { _ = hg_send(descriptor, replies, replies.count) }
        if isClosing { try ended(index) }
    }

    private func note(_ change: ChangeID, at index: Int, nanoseconds now: Int64) {
        guard change.collection < options.collections else { return arrivals.count() }
        switch positions.note(change, at: index) {
        case .newer: break
        case .repeated: repeatedCount += 1
        case .older: olderCount += 1
        }
        if change.collection < options.timedCollections {
            arrivals.record(change, atNanoseconds: now)
        } else {
            arrivals.count()
        }
    }

    // MARK: Leaving and returning

    /// Closes a subscriber's connection, whatever its phase.
    private func leave(_ index: Int) {
        switch members[index].phase {
        case .absent, .away, .lost: break
        case .opening: openingCount -= 1
        case .ready: readyCount -= 1
        }
        if members[index].descriptor >= 0 { close(members[index].descriptor) }
        members[index].descriptor = -1
        members[index].phase = .absent
    }

    /// The server has ended a stream, or the connection before it was one.
    private func ended(_ index: Int) throws {
        let wasReady = members[index].phase == .ready
        guard wasReady || options.returns else {
            throw BenchFailure("\(options.url): a stream ended before it was ready")
        }
        leave(index)
        guard options.returns else {
            members[index].phase = .lost
            lostCount += 1
            return
        }
        stayAway(index, isAfterStream: wasReady)
    }

    /// A connection was not taken.
    private func refused(_ index: Int, _ error: Int32) throws {
        guard options.returns, error != EADDRNOTAVAIL else {
            throw BenchFailure.systemCall("cannot connect to \(options.url)", code: error)
        }
        leave(index)
        stayAway(index, isAfterStream: false)
    }

    private func stayAway(_ index: Int, isAfterStream: Bool) {
        let now = MonotonicClock.nowNanoseconds
        let told = members[index].returnMilliseconds
        if isAfterStream {
            comings.ended(atNanoseconds: now, toldMilliseconds: told)
        } else {
            comings.refused(atNanoseconds: now)
        }
        members[index].phase = .away
        let wait = Int64(told ?? Limits.benchReturnMilliseconds) * 1_000_000
        timers.insert(index, dueNanoseconds: now + wait)
    }

    private func returnDue() throws {
        while let index = timers.next(atNanoseconds: MonotonicClock.nowNanoseconds) {
            if members[index].phase == .away { try open(index) }
        }
    }

    private func churnDue() throws {
        while let number = churn?.next(atNanoseconds: MonotonicClock.nowNanoseconds) {
            let index = number % members.count
            guard members[index].phase == .ready else { continue }
            leave(index)
            try open(index)
        }
    }
}

/// Who leaves and returns next while subscribers come and go all the time: each in turn, by a
/// schedule fixed in advance.
private struct Churn {
    private let schedule: Schedule
    private var count = 0

    init(perSecond: Int) {
        schedule = Schedule(
            startNanoseconds: MonotonicClock.nowNanoseconds,
            intervalNanoseconds: 1_000_000_000 / Int64(perSecond))
    }

    var nextNanoseconds: Int64 { schedule.dueNanoseconds(count) }

    mutating func next(atNanoseconds now: Int64) -> Int? {
        guard nextNanoseconds <= now else { return nil }
        count += 1
        return count - 1
    }
}
