// SPDX-License-Identifier: MIT
//
// The subscribers of one client process: one thread, one epoll. Connections are opened with a
// bounded number on the way; what arrives is timed and counted, and nothing else is done.

import CLinux
import Core
import Glibc

/// Many subscribers in one thread.
final class SubscriberLoop {
    private let options: SubscriberOptions
    private let epoll: Int32
    private var descriptors: [Int32] = []
    private var subscribers: [Subscriber] = []
    private var events: [epoll_event]
    private var input: [UInt8]
    private let keyPrefix: String

    /// How many subscribers have all that was owed at the start.
    private(set) var readyCount = 0
    /// How many connections ended after they were ready.
    private(set) var lostCount = 0
    /// The times of arrival since the last `reset`.
    private(set) var arrivals = Arrivals()
    /// Changes that were older than one the same subscriber already had.
    private(set) var backwardCount = 0

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
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw BenchFailure.systemCall("epoll_create1") }
        events = Array(repeating: epoll_event(), count: Limits.eventsPerTurnMax)
        input = Array(repeating: 0, count: Limits.readBytesPerTurnMax)
        keyPrefix = Digest.hexadecimal(Digest.randomBytes(4))
        descriptors.reserveCapacity(options.count)
        subscribers.reserveCapacity(options.count)
    }

    deinit {
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        close(epoll)
    }

    /// Has `turn` report when `descriptor` can be read.
    ///
    /// - Throws: `BenchFailure`.
    func watch(_ descriptor: Int32) throws {
        try register(descriptor, events: UInt32(HG_EPOLLIN), token: Self.controlToken)
    }

    /// Opens connections while fewer than `Limits.benchOpeningMax` are on their way.
    ///
    /// - Returns: Whether all have been opened.
    /// - Throws: `BenchFailure`.
    func openMore() throws -> Bool {
        while descriptors.count < options.count,
            descriptors.count - readyCount < Limits.benchOpeningMax
        {
            try openOne()
        }
        return descriptors.count == options.count
    }

    /// Forgets the arrivals so far.
    func reset() { arrivals = Arrivals() }

    /// How many subscribers have not seen a change as new as `timestamp`.
    ///
    /// - Complexity: O(*n*).
    func countBehind(_ timestamp: Int64) -> Int {
        subscribers.reduce(0) { $0 + ($1.newest < timestamp ? 1 : 0) }
    }

    /// Waits for something to arrive and takes it.
    ///
    /// - Returns: Whether the watched descriptor can be read.
    /// - Throws: `BenchFailure` if a stream fails before it was ready or breaks its protocol.
    func turn(timeoutMilliseconds: Int32) throws -> Bool {
        let count = epoll_wait(epoll, &events, Int32(events.count), timeoutMilliseconds)
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
                try receive(Int(token), flags: hg_epoll_events(&events[place]))
            }
        }
        return isControlReadable
    }

    private func key(_ index: Int) -> String {
        switch options.transport {
        case .serverSentEvents: return ""
        case .webSocket:
            // 16 bytes that differ from connection to connection (RFC 6455, section 4.1).
            let digits = Array(String(index + 1_000_000_0).utf8)
            return Base64.encode(Array(keyPrefix.utf8) + digits)
        }
    }

    private func openOne() throws {
        let index = descriptors.count
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        descriptors.append(descriptor)
        subscribers.append(Subscriber(key: key(index)))
        if options.url.isLoopback { try bindSource(descriptor, index: options.first + index) }
        let result = options.url.socketAddress.withSocketAddress { connect(descriptor, $0, $1) }
        guard result == 0 || hg_errno() == EINPROGRESS else {
            throw BenchFailure.systemCall("cannot connect to \(options.url)")
        }
        try register(descriptor, events: UInt32(HG_EPOLLOUT), token: UInt64(index))
    }

    /// Takes another source address of the machine's own for every so many subscribers.
    private func bindSource(_ descriptor: Int32, index: Int) throws {
        var isOn: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_IP), Self.bindAddressNoPort, &isOn,
            socklen_t(MemoryLayout<Int32>.size))
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

    private func sendRequest(_ index: Int) throws {
        let request = Subscriber.request(
            options.transport, url: options.url, key: key(index))
        let descriptor = descriptors[index]
        // A fresh connection's buffer takes a request whole.
        guard
            send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { throw BenchFailure.systemCall("cannot connect to \(options.url)") }
        try register(
            descriptor, events: UInt32(HG_EPOLLIN), token: UInt64(index), isNew: false)
    }

    private func receive(_ index: Int, flags: UInt32) throws {
        if flags & UInt32(HG_EPOLLOUT) != 0 { return try sendRequest(index) }
        let descriptor = descriptors[index]
        let count = read(descriptor, &input, input.count)
        if count < 0, hg_errno() == EAGAIN || hg_errno() == EINTR { return }
        guard count > 0 else { return try end(index) }
        let now = MonotonicClock.nowNanoseconds
        var replies: [UInt8] = []
        var isClosing = false
        var readyNow = 0
        var newest = subscribers[index].newest
        do {
            try input.withUnsafeBufferPointer { buffer in
                let bytes = UnsafeBufferPointer(rebasing: buffer[..<count])
                try subscribers[index].receive(bytes) { item in
                    switch item {
                    case .change(let timestamp):
                        arrivals.record(timestamp, atNanoseconds: now)
                        if timestamp < newest { backwardCount += 1 }
                        newest = max(newest, timestamp)
                    case .ready: readyNow += 1
                    case .ping(let payload): replies += WebSocketWriter.pong(payload)
                    case .close: isClosing = true
                    case .other: break
                    }
                }
            }
        } catch let error as StreamError {
            throw BenchFailure("\(options.url): \(error)")
        }
        subscribers[index].newest = newest
        if readyNow > 0, !subscribers[index].isReady {
            subscribers[index].isReady = true
            readyCount += 1
        }
        if !replies.isEmpty {
            _ = send(descriptor, replies, replies.count, Int32(MSG_NOSIGNAL))
        }
        if isClosing { try end(index) }
    }

    private func end(_ index: Int) throws {
        guard subscribers[index].isReady else {
            throw BenchFailure("\(options.url): a stream ended before it was ready")
        }
        lostCount += 1
        close(descriptors[index])
        descriptors[index] = -1
    }
}
