// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Synchronization

@testable import Reactor

/// What a handler was told.
enum Event: Hashable, Sendable {
    case accepted(ConnectionID, ListenerID, PeerAddress)
    case received(ConnectionID, [UInt8])
    case end(ConnectionID)
    case drained(ConnectionID)
    case deadline(ConnectionID, at: Int64)
    case blocked(ConnectionID, SendOutcome)
    case closed(ConnectionID, CloseReason)
    case alarm(Int, at: Int64)
    case note(String)
}

/// Events of a loop's thread that a test waits for.
final class EventLog: @unchecked Sendable {
    private var events: [Event] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        // Recursive, so that a condition may ask the log.
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func append(_ event: Event) {
        pthread_mutex_lock(mutex)
        events.append(event)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    var all: [Event] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return events
    }

    /// Waits until `condition` holds for what has happened; false after 20 seconds.
    func wait(until condition: ([Event]) -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += 20
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !condition(events) {
            if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT {
                return condition(events)
            }
        }
        return true
    }

    /// Waits for one event.
    func wait(for event: Event) -> Bool { wait { $0.contains(event) } }

    /// The connections that were accepted, once there are `count`.
    func accepted(_ count: Int) -> [ConnectionID] {
        _ = wait { $0.count { $0.isAccepted } >= count }
        return all.compactMap { if case .accepted(let id, _, _) = $0 { id } else { nil } }
    }

    /// All bytes received on a connection, consumed or not.
    func received(_ id: ConnectionID) -> [[UInt8]] {
        all.compactMap {
            if case .received(id, let bytes) = $0 { bytes } else { nil }
        }
    }
}

extension Event {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var isClosed: Bool { if case .closed = self { true } else { false } }
    var isDrained: Bool { if case .drained = self { true } else { false } }
    var isBlocked: Bool { if case .blocked = self { true } else { false } }
}

/// What a test's handler does besides writing the log.
struct Script: Sendable {
    var accepted: @Sendable (EventLoop, ConnectionID) -> Void = { _, _ in }
    /// Consumes all unless said otherwise.
    var received: @Sendable (EventLoop, ConnectionID, [UInt8]) -> Int = { $2.count }
    var end: @Sendable (EventLoop, ConnectionID) -> Void = { _, _ in }
    var drained: @Sendable (EventLoop, ConnectionID) -> Void = { _, _ in }
    var deadline: @Sendable (EventLoop, ConnectionID) -> Void = { _, _ in }
    var closed: @Sendable (EventLoop, ConnectionID) -> Void = { _, _ in }
    var woken: @Sendable (EventLoop) -> Void = { _ in }

    /// Sends back what it gets.
    static let echo = Script(received: { loop, id, bytes in
        _ = loop.send(EncodedFrame(bytes), to: id)
        return bytes.count
    })
}

private final class ScriptedHandler: EventLoopHandler {
    private let loop: EventLoop
    private let log: EventLog
    private let script: Script

    init(_ loop: EventLoop, _ log: EventLog, _ script: Script) {
        self.loop = loop
        self.log = log
        self.script = script
    }

    func accepted(_ connection: ConnectionID, listener: ListenerID, peer: PeerAddress) {
        script.accepted(loop, connection)
        log.append(.accepted(connection, listener, peer))
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ConnectionID) -> Int {
        let copy = Array(bytes)
        let consumed = script.received(loop, connection, copy)
        log.append(.received(connection, copy))
        return consumed
    }

    func receivedEnd(on connection: ConnectionID) {
        script.end(loop, connection)
        log.append(.end(connection))
    }

    func drained(_ connection: ConnectionID) {
        script.drained(loop, connection)
        log.append(.drained(connection))
    }

    func deadlineReached(_ connection: ConnectionID) {
        script.deadline(loop, connection)
        log.append(.deadline(connection, at: MonotonicInstant.read().nanoseconds))
    }

    func alarmReached(_ alarm: Int) {
        log.append(.alarm(alarm, at: MonotonicInstant.read().nanoseconds))
    }

    func closed(_ connection: ConnectionID, reason: CloseReason) {
        script.closed(loop, connection)
        log.append(.closed(connection, reason))
    }

    func woken() { script.woken(loop) }

    func turnEnded() {}
}

/// A running reactor of a test, stopped when the test lets it go.
final class TestLoop: Sendable {
    let reactor: EventLoopGroup
    let log = EventLog()
    private let handlers = Handlers()

    /// Starts loops that listen on a free port of 127.0.0.1 unless configured otherwise.
    init(
        loops: Int = 1,
        _ configuration: EventLoopConfiguration = EventLoopConfiguration(
            listeners: [.tcp(host: "127.0.0.1", port: 0)]),
        _ script: Script = Script()
    ) throws {
        reactor = try EventLoopGroup(loops: loops, configuration: configuration)
        let log = log
        let handlers = handlers
        try reactor.start { loop in
            let handler = ScriptedHandler(loop, log, script)
            handlers.add(handler, of: loop)
            return handler
        }
    }

    convenience init(_ script: Script) throws {
        try self.init(
            EventLoopConfiguration(listeners: [.tcp(host: "127.0.0.1", port: 0)]), script)
    }

    deinit {
        reactor.stop()
        reactor.join()
    }

    var loop: EventLoop { reactor.loops[0] }

    /// The port of the first listener.
    var port: UInt16 {
        guard case .tcp(_, let port) = reactor.boundAddresses[0].address else { return 0 }
        return port
    }

    /// Runs `body` on a loop's thread, the first's unless told otherwise, and waits for its result.
    func onLoop<Value: Sendable>(
        _ index: Int = 0, _ body: @escaping @Sendable (EventLoop) -> Value
    ) -> Value {
        let box = ResultBox<Value>()
        let loop = reactor.loops[index]
        precondition(loop.post { box.set(body(loop)) }, "the mailbox is full")
        return box.wait()
    }

    /// Has a loop accept no more, right after `body` has kept it busy.
    func stopAccepting<Value: Sendable>(
        _ index: Int = 0, after body: @escaping @Sendable () -> Value
    ) -> Value {
        let handlers = handlers
        return onLoop(index) { loop in
            let value = body()
            handlers.stopAccepting(loop)
            return value
        }
    }

    /// Has a loop accept no more.
    func stopAccepting(_ index: Int = 0) { stopAccepting(index, after: {}) }

    /// A client of the first listener, and its connection.
    func connect() throws -> (client: Client, id: ConnectionID) {
        let before = log.all.count { $0.isAccepted }
        let client = try Client(port: port)
        return (client, log.accepted(before + 1)[before])
    }

    /// The loop adopts one end of a socket pair.
    func adopt() -> (client: Client, id: ConnectionID) {
        var ends: [Int32] = [-1, -1]
        let result = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        precondition(result == 0)
        let near = ends[0]
        let id = onLoop { $0.adopt(Descriptor(adopting: near)) }
        precondition(id != nil)
        return (Client(adopting: ends[1]), id.unsafelyUnwrapped)
    }
}

/// The handlers of loops, each used on its loop's thread.
private final class Handlers: @unchecked Sendable {
    private var byLoop: [Int: ScriptedHandler] = [:]
    private let mutex = Mutex(())

    func add(_ handler: ScriptedHandler, of loop: EventLoop) {
        mutex.withLock { _ in byLoop[loop.index] = handler }
    }

    func stopAccepting(_ loop: EventLoop) {
        let handler = mutex.withLock { _ in byLoop[loop.index] }
        if let handler { loop.stopAccepting(handler) }
    }
}

private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    private var value: Value?
    private let ready = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(ready, 0, 0) }

    deinit {
        sem_destroy(ready)
        ready.deallocate()
    }

    func set(_ value: Value) {
        self.value = value
        sem_post(ready)
    }

    func wait() -> Value {
        while sem_wait(ready) != 0 {}
        return value.unsafelyUnwrapped
    }
}
