// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// A loop's listening sockets, and whether they are watched.
final class Acceptor {
    /// The sockets; some may be shared with other loops.
    let sockets: [ListeningSocket]
    /// When accepting is tried again after the process ran out of descriptors, if it did.
    private(set) var pauseEnd: MonotonicInstant?
    private var isWatching = false
    /// A descriptor kept back, so that there is one to take and close a connection with.
    private var reserve: Int32 = -1

    /// Makes an acceptor that watches nothing yet.
    init(sockets: [ListeningSocket]) {
        self.sockets = sockets
        if !sockets.isEmpty { refillReserve() }
    }

    deinit {
        if reserve >= 0 { _ = close(reserve) }
    }

    /// Begins to watch the sockets, unless pausing.
    ///
    /// - Throws: `ReactorError.systemCall`.
    func watch(epoll: Int32) throws(ReactorError) {
        guard !isWatching, pauseEnd == nil else { return }
        for (place, socket) in sockets.enumerated() {
            var flags = UInt32(HG_EPOLLIN)
            if socket.isShared { flags |= HG_EPOLLEXCLUSIVE }
            let token = Token.listener(place)
            guard hg_epoll_ctl(epoll, EPOLL_CTL_ADD, socket.descriptor.raw, flags, token) == 0
            else { throw .systemCall("epoll_ctl", errno: hg_errno()) }
        }
        isWatching = true
    }

    /// Ends watching the sockets. What arrives waits in the kernel.
    func unwatch(epoll: Int32) {
        guard isWatching else { return }
        for socket in sockets {
            _ = hg_epoll_ctl(epoll, EPOLL_CTL_DEL, socket.descriptor.raw, 0, 0)
        }
        isWatching = false
    }

    /// Looks away for a while: a socket that is ready and cannot be served would make epoll spin.
    func pause(until end: MonotonicInstant, epoll: Int32) {
        unwatch(epoll: epoll)
        pauseEnd = end
    }

    /// Looks again, if the pause is over.
    func endPause(at now: MonotonicInstant, epoll: Int32) {
        guard let end = pauseEnd, now >= end else { return }
        pauseEnd = nil
        try? watch(epoll: epoll)
    }

    /// Keeps a descriptor back if there is none yet and one can be had.
    func refillReserve() {
        if reserve < 0 { reserve = hg_open_null() }
    }

    /// Gives the reserve up, so that one connection can be accepted; false if there was none.
    func spendReserve() -> Bool {
        guard reserve >= 0 else { return false }
        _ = close(reserve)
        reserve = -1
        return true
    }
}

extension EventLoop {
    /// Accepts the connections that wait in the kernel, and lets the listening sockets go for ever:
    /// who comes when no loop has them any more is refused at once.
    ///
    /// What arrives between the last look at a socket and its end is reset by the kernel.
    ///
    /// - Complexity: O(*n*) in the number of connections that wait.
    package func stopAccepting(_ handler: any EventLoopHandler) {
        assertOnLoop()
        // A socket that other loops have too stays open, so that epoll would go on watching it.
        acceptor.unwatch(epoll: epoll.raw)
        // Linux queues one more than it was asked for.
        let countMax = Limits.listenBacklogMax + 1
        for socket in acceptor.sockets { accept(from: socket, atMost: countMax, handler) }
        acceptor = Acceptor(sockets: [])
    }

    /// Accepts what waits at a listening socket, up to a limit per turn.
    func accept(fromSocketAt place: Int, _ handler: any EventLoopHandler) {
        guard place < acceptor.sockets.count else { return }
        accept(from: acceptor.sockets[place], atMost: Limits.acceptsPerTurnMax, handler)
    }

    private func accept(
        from socket: ListeningSocket, atMost countMax: Int, _ handler: any EventLoopHandler
    ) {
        for _ in 0..<countMax {
            var peer = hg_peer()
            let raw = hg_accept(socket.descriptor.raw, &peer)
            if raw >= 0 {
                guard let id = adopt(Descriptor(adopting: raw)) else { continue }
                handler.accepted(id, listener: socket.listener, peer: PeerAddress(peer))
                continue
            }
            switch hg_errno() {
            case EAGAIN: return
            case EMFILE, ENFILE: if !refuseOne(socket) { return }
            case ENOBUFS, ENOMEM:
                pauseAccepting()
                return
            // Errors of the connection that was to be accepted (accept(2)): on to the next.
            default: continue
            }
        }
    }

    /// Closes one waiting connection with the help of the reserve; false if that cannot be done.
    private func refuseOne(_ socket: ListeningSocket) -> Bool {
        var peer = hg_peer()
        let raw = acceptor.spendReserve() ? hg_accept(socket.descriptor.raw, &peer) : -1
        let error = hg_errno()
        if raw >= 0 {
            _ = Glibc.close(raw)
            statistics.refusedByDescriptors += 1
        }
        acceptor.refillReserve()
        if raw < 0, error != EAGAIN { pauseAccepting() }
        return raw >= 0
    }

    private func pauseAccepting() {
        statistics.acceptPauses += 1
        let nanoseconds = now.nanoseconds + Int64(Limits.acceptPauseMilliseconds) * 1_000_000
        acceptor.pause(until: MonotonicInstant(nanoseconds: nanoseconds), epoll: epoll.raw)
    }
}
