// SPDX-License-Identifier: MIT
//
// One thread, one epoll, and everything about its connections (DESIGN, section 5).
//
// A turn: wait; handle each event of a connection; run posted jobs; expired deadlines and alarms;
// kept input of connections that resumed; close what ended; `turnEnded`. Whatever may come in
// masses has a budget per turn, and what is left makes the next turn begin without waiting.
//
// Ownership: everything here is touched by the loop's thread only, which is asserted; other
// threads use `post`, `wake` and `stop`. The handler is passed down the call tree instead of being
// kept, which costs no reference counting. Records are raw memory that does not move while its
// connection lives, and a connection lives until the loop takes it off the queue of doomed ones:
// so a record stays valid across calls of the handler.
//
// epoll is level-triggered, its token the connection's id: an event of a connection that ended
// earlier in the same turn finds no record. Interest is only changed when an unwanted event came
// (a pause that ends before more input arrives costs nothing) or output blocked.

import CLinux
import Core
import Glibc

/// An event loop over epoll: connections, groups, deadlines, a mailbox.
package final class EventLoop: @unchecked Sendable {
    /// Which of its reactor's loops it is, from 0.
    package let index: Int
    /// How it was made.
    package let configuration: EventLoopConfiguration

    // What each turn and each poll touches is not watched for overlapping accesses at run time:
    // that took three tenths of a poll's instructions. One thread uses it, and no call is made from
    // within an access.

    /// The instant at which the current turn began.
    @exclusivity(unchecked) package internal(set) var now: MonotonicInstant
    /// What it has done since it began.
    @exclusivity(unchecked) package internal(set) var statistics = EventLoopStatistics()

    /// The records of the connections.
    let slab: ConnectionSlab
    /// The sets of connections.
    let groups: ConnectionGroups
    /// The deadlines.
    let wheel: TimerWheel
    /// What other threads have posted.
    let mailbox: Mailbox
    /// What the loop waits on.
    let epoll: Descriptor
    /// Where connections come from.
    @exclusivity(unchecked) var acceptor: Acceptor

    /// What `epoll_wait` fills.
    let events: UnsafeMutablePointer<epoll_event>
    /// What all connections read into.
    let readBuffer: UnsafeMutableRawPointer

    /// Input that was not consumed, by slot: of few connections.
    var keptInputs: [UInt32: KeptInput] = [:]
    /// Output that was not taken.
    var pendingOutputs = PendingOutputs()
    /// Nanoseconds to linger after such output, by slot, of connections that close when it is out.
    var lingersAfterOutput: [UInt32: Int64] = [:]
    /// Connections that ended and are not closed yet, from `doomedDone` on.
    @exclusivity(unchecked) var doomed: [(connection: ConnectionID, reason: CloseReason)] = []
    /// How many at the front of `doomed` are closed.
    @exclusivity(unchecked) var doomedDone = 0
    /// Connections whose kept input is to be given again.
    @exclusivity(unchecked) var resumed: [ConnectionID] = []
    /// Room for the members that a fan-out found blocked.
    var blockedMembers: [(connection: ConnectionID, outcome: SendOutcome)] = []

    /// When each of the handler's alarms is due.
    @exclusivity(unchecked) var alarms = [MonotonicInstant?](
        repeating: nil, count: Limits.alarmsPerLoop)
    /// How long peers may leave what they are sent unacknowledged (`setPeerTimeout`).
    var peerTimeoutMilliseconds: Int32 = 0

    /// The thread that runs the loop, or 0.
    private var thread: pthread_t = 0

    /// Makes a loop without listeners: its connections are adopted.
    ///
    /// - Throws: `ReactorError.systemCall`.
    package convenience init(
        index: Int, configuration: EventLoopConfiguration
    ) throws(ReactorError) {
        try self.init(index: index, configuration: configuration, sockets: [])
    }

    /// Makes a loop that accepts from `sockets`.
    ///
    /// - Throws: `ReactorError.systemCall`.
    init(
        index: Int, configuration: EventLoopConfiguration, sockets: [ListeningSocket]
    ) throws(ReactorError) {
        self.index = index
        self.configuration = configuration
        now = .read()
        slab = ConnectionSlab(capacity: configuration.connectionsMax)
        groups = ConnectionGroups(slab: slab)
        wheel = TimerWheel(at: now)
        mailbox = try Mailbox(jobsMax: configuration.mailboxMessagesMax)
        let raw = hg_epoll_create()
        guard raw >= 0 else { throw .systemCall("epoll_create", errno: hg_errno()) }
        epoll = Descriptor(adopting: raw)
        acceptor = Acceptor(sockets: sockets)
        events = .allocate(capacity: Limits.eventsPerTurnMax)
        readBuffer = .allocate(byteCount: Limits.readBufferBytes, alignment: 4_096)
        let flags = UInt32(HG_EPOLLIN) | HG_EPOLLET
        guard hg_epoll_ctl(raw, EPOLL_CTL_ADD, mailbox.descriptor.raw, flags, Token.mailbox) == 0
        else { throw .systemCall("epoll_ctl", errno: hg_errno()) }
        try acceptor.watch(epoll: raw)
    }

    deinit {
        for (_, input) in keptInputs { input.free() }
        _ = slab.forEach(from: 0, limit: .max) { id in
            _ = Glibc.close(slab.record(atUsed: id.slot).pointee.descriptor)
        }
        events.deallocate()
        readBuffer.deallocate()
    }

    /// Runs the loop on the calling thread until `stop()`; to be called once.
    ///
    /// At the end the jobs that were accepted are run, the listeners closed and all connections
    /// closed with `loopStopped`.
    package func run(handler: any EventLoopHandler) {
        precondition(thread == 0, "a loop runs once")
        thread = pthread_self()
        while !mailbox.isStopRequested { turn(handler) }
        acceptor = Acceptor(sockets: [])
        for job in mailbox.close() { job() }
        handler.woken()
        forEachConnection { doom($0, .loopStopped) }
        while doomedDone < doomed.count { closeDoomed(handler) }
    }

    // MARK: Any thread

    /// Runs `job` on the loop's thread in its next turn.
    ///
    /// - Returns: False if it will not run: the mailbox is full, or the loop has stopped.
    package func post(_ job: @escaping @Sendable () -> Void) -> Bool { mailbox.post(job) }

    /// Makes the loop call the handler's `woken` soon; several calls may become one.
    package func wake() { mailbox.wake() }

    /// Makes the loop end after its turn.
    package func stop() { mailbox.requestStop() }

    // MARK: The loop's thread

    /// Runs the jobs that were posted up to now, instead of in the next turn.
    package func drainMailbox() {
        assertOnLoop()
        for job in mailbox.take() { job() }
    }

    /// Sets how many connections the loop may have. None is closed for it.
    package func setConnectionsMax(_ count: Int) {
        assertOnLoop()
        slab.setCapacity(count)
    }

    /// Begins a new measurement of the longest turn.
    package func resetMaxTurn() {
        assertOnLoop()
        statistics.maxTurnNanoseconds = 0
    }

    /// Stops the program, in debug builds, if the calling thread is not the loop's.
    @inline(__always)
    func assertOnLoop() {
        assert(thread == 0 || thread == pthread_self(), "only on the loop's thread; use post")
    }

    // MARK: A turn

    private func turn(_ handler: any EventLoopHandler) {
        let count = Int(
            epoll_wait(epoll.raw, events, Int32(Limits.eventsPerTurnMax), timeoutMilliseconds()))
        now = .read()
        let start = now
        var lastMail = now
        var wasWoken = false
        for place in 0..<max(count, 0) {
            let token = hg_epoll_token(events + place)
            switch Token.kind(of: token) {
            case .mailbox: wasWoken = true
            case .listener(let place): accept(fromSocketAt: place, handler)
            case .connection:
                handle(hg_epoll_events(events + place), on: ConnectionID(bits: token), handler)
            }
            if mailbox.isSignalled,
                MonotonicInstant.read().nanoseconds - lastMail.nanoseconds
                    > Limits.mailWaitNanosecondsMax
            {
                takeMail(handler)
                lastMail = .read()
            }
        }
        if wasWoken { takeMail(handler) }
        tellDeadlines(handler)
        tellAlarms(handler)
        redeliver(handler)
        acceptor.endPause(at: now, epoll: epoll.raw)
        closeDoomed(handler)
        handler.turnEnded()
        statistics.turns += 1
        let elapsed = MonotonicInstant.read().nanoseconds - start.nanoseconds
        if elapsed > statistics.maxTurnNanoseconds { statistics.maxTurnNanoseconds = elapsed }
    }

    /// Runs what was posted and tells the handler that the loop was woken. In a long turn this
    /// comes between two events, too: who waits for news does not wait for a crowd of newcomers.
    private func takeMail(_ handler: any EventLoopHandler) {
        now = .read()
        drainMailbox()
        handler.woken()
    }

    /// How long nothing can happen unless the kernel says so; -1 for ever.
    private func timeoutMilliseconds() -> Int32 {
        if doomedDone < doomed.count || !resumed.isEmpty || wheel.hasExpired { return 0 }
        var until = wheel.nextExpiry
        if let end = acceptor.pauseEnd { until = min(until ?? end, end) }
        for case let due? in alarms { until = min(until ?? due, due) }
        guard let until else { return -1 }
        let nanoseconds = until.nanoseconds - MonotonicInstant.read().nanoseconds
        if nanoseconds <= 0 { return 0 }
        return Int32(clamping: (nanoseconds + 999_999) / 1_000_000)
    }

    private func handle(
        _ bits: UInt32, on id: ConnectionID, _ handler: any EventLoopHandler
    ) {
        guard let record = slab.record(id), !record.pointee.flags.contains(.doomed) else { return }
        if bits & UInt32(HG_EPOLLERR) != 0 {
            let error = hg_take_socket_error(record.pointee.descriptor)
            doom(id, error == 0 ? .peerReset : CloseReason(errno: error))
            return
        }
        let hasHungUp = bits & UInt32(HG_EPOLLHUP) != 0
        if bits & UInt32(HG_EPOLLOUT) != 0 { outputReady(id, record, handler) }
        let input = UInt32(HG_EPOLLIN | HG_EPOLLRDHUP)
        if bits & input != 0, !record.pointee.flags.contains(.doomed) {
            if record.pointee.wantsInput {
                let mayHaveEnded = hasHungUp || bits & UInt32(HG_EPOLLRDHUP) != 0
                receive(id, record, mayHaveEnded: mayHaveEnded, handler)
            } else {
                updateInterest(id, record)
            }
        }
        // A hang-up cannot be masked. Nothing can be sent any more; what is unread is read first.
        if hasHungUp, !record.pointee.wantsInput { doom(id, .peerClosed) }
    }

    /// Makes epoll watch for what the connection waits for.
    func updateInterest(_ id: ConnectionID, _ record: UnsafeMutablePointer<ConnectionRecord>) {
        let old = record.pointee.flags
        if old.contains(.doomed) { return }
        var new = old.subtracting([.watchesInput, .watchesOutput])
        if record.pointee.wantsInput { new.insert(.watchesInput) }
        if old.contains(.outputBlocked) { new.insert(.watchesOutput) }
        if new == old { return }
        record.pointee.flags = new
        let result = hg_epoll_ctl(
            epoll.raw, EPOLL_CTL_MOD, record.pointee.descriptor, new.interest, id.bits)
        precondition(result == 0, "epoll lost a connection")
    }
}

extension ConnectionRecord {
    /// Whether input is to be read.
    var wantsInput: Bool { flags.isDisjoint(with: [.readingPaused, .endReceived, .doomed]) }
}

extension ConnectionFlags {
    /// What epoll is to watch, by the `watches` flags.
    var interest: UInt32 {
        var bits: UInt32 = 0
        if contains(.watchesInput) {
            bits |= UInt32(HG_EPOLLIN | HG_EPOLLRDHUP)
        }
        if contains(.watchesOutput) { bits |= UInt32(HG_EPOLLOUT) }
        return bits
    }
}

/// What an event of epoll belongs to: a connection's id, or one of the last slots.
enum Token {
    /// The mailbox.
    static let mailbox = UInt64(UInt32.max)

    /// A listening socket, by its place in the acceptor.
    static func listener(_ place: Int) -> UInt64 { UInt64(place) << 32 | UInt64(UInt32.max - 1) }

    /// What a token can stand for.
    enum Kind {
        /// The mailbox.
        case mailbox
        /// The listening socket at a place.
        case listener(Int)
        /// A connection.
        case connection
    }

    /// What `token` stands for.
    @inline(__always)
    static func kind(of token: UInt64) -> Kind {
        switch UInt32(truncatingIfNeeded: token) {
        case UInt32.max: .mailbox
        case UInt32.max - 1: .listener(Int(token >> 32))
        default: .connection
        }
    }
}
