// SPDX-License-Identifier: MIT
//
// How a connection begins and ends: whether it is served, whom it counts for, and what becomes of
// those that are refused.
//
// Connections are refused when there are too many, in all or of one address; a few are told so, the
// others are closed unseen. Streams are refused also when memory or the loop's time is short, so
// that those that are there do not suffer; polls and writes go on being answered then.

import Core
import KintoAPI
import Reactor
import Wire

extension LoopService {
    /// Decides on a connection that was accepted.
    func begin(_ connection: ConnectionID, listener: ListenerID, peer: PeerAddress) {
        loop[state: connection].second = AddressKey(peer).bits
        if !edge.admission.enter(), !keepRefused(connection, .connections) { return }
        guard edge.configuration.proxiedListeners.contains(listener) else {
            settle(connection, peer)
            return
        }
        guard edge.trusts(peer) else {
            refuse(connection, .untrusted)
            return
        }
        mark(connection, [.awaitsProxyHeader, .isTrusted])
        setDeadline(connection, seconds: Limits.proxyHeaderSecondsMax)
    }

    /// Takes the header of a proxy and what follows it, and returns how many bytes were consumed.
    func receiveProxyHeader(
        _ bytes: UnsafeRawBufferPointer, _ connection: ConnectionID
    ) -> Int {
        switch ProxyHeader.parse(bytes) {
        case .needMoreBytes: return 0
        case .failed(let error):
            refuse(connection, .header(error))
            return bytes.count
        case .complete(let byteCount, let source):
            unmark(connection, .awaitsProxyHeader)
            if let source {
                unmark(connection, .isTrusted)
                settle(connection, source)
            } else {
                awaitRequest(connection)
            }
            guard loop.isOpen(connection) else { return bytes.count }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[byteCount...])
            return rest.isEmpty ? byteCount : byteCount + received(rest, on: connection)
        }
    }

    /// Counts a connection for its peer. Trusted proxies may have as many as they like: those who
    /// are behind them are counted, by their streams.
    private func settle(_ connection: ConnectionID, _ peer: PeerAddress) {
        let key = AddressKey(peer)
        loop[state: connection].second = key.bits
        if edge.trusts(peer) {
            mark(connection, .isTrusted)
        } else if !marks(of: connection).contains(.refused) {
            switch edge.addresses.begin(.connection, of: key) {
            case .counted: mark(connection, .countsConnection)
            case .uncounted: break
            case .tooMany:
                mark(connection, .refusedByAddress)
                guard keepRefused(connection, .address) else { return }
            }
        }
        awaitRequest(connection)
    }

    /// Keeps a connection to tell it that it is refused, if there are not too many such; otherwise
    /// it is closed.
    private func keepRefused(_ connection: ConnectionID, _ reason: RefusalReason) -> Bool {
        edge.refusals.note(reason, of: address(of: connection))
        guard edge.admission.enterRefused() else {
            loop.close(connection)
            return false
        }
        mark(connection, .refused)
        return true
    }

    /// Gives a connection the time that it may take to its first request.
    private func awaitRequest(_ connection: ConnectionID) {
        setDeadline(
            connection,
            seconds: marks(of: connection).contains(.refused)
                ? Limits.refusedSecondsMax : Limits.keepAliveSecondsMax)
    }

    private func refuse(_ connection: ConnectionID, _ refusal: ProxyRefusal) {
        edge.note(refusal, of: address(of: connection))
        loop.close(connection)
    }

    /// Takes a connection that has ended out of all counts.
    func end(_ connection: ConnectionID) {
        edge.admission.leave()
        let marks = marks(of: connection)
        if marks.contains(.refused) { edge.admission.leaveRefused() }
        let key = address(of: connection)
        if marks.contains(.countsConnection) { edge.addresses.end(.connection, of: key) }
        if marks.contains(.countsStream) { edge.addresses.end(.stream, of: key) }
    }

    // MARK: Requests

    /// Why a request is refused without being looked at, or nil if it is not.
    func refusalReason(_ connection: ConnectionID, _ request: HTTPRequest) -> RefusalReason? {
        let marks = marks(of: connection)
        if marks.contains(.refused) {
            return marks.contains(.refusedByAddress) ? .address : .connections
        }
        guard StreamEndpoint.isAddressed(by: request.head) else { return nil }
        let reason =
            isDraining
            ? .draining : watch.refusal(memoryBytes: edge.watch.memoryBytes, at: loop.now)
        guard let reason, service.streamFields(for: request) != nil else { return nil }
        return reason
    }

    /// Refuses a request and ends its connection.
    func refuse(
        _ connection: ConnectionID, _ exchange: HTTPExchange, _ request: HTTPRequest,
        _ reason: RefusalReason
    ) {
        switch reason {
        case .memory, .lag, .draining: edge.refusals.note(reason)
        // Noted where they were found out, with whose they are.
        case .connections, .descriptors, .address: break
        }
        exchange.keepsAlive = false
        let retryMilliseconds =
            reason == .draining
            ? fanOut.drawRetryMilliseconds() : Int.random(in: Limits.refusedRetryMilliseconds)
        let answer = StreamEndpoint.refusal(
            of: request, service, Refusal(reason: reason, retryMilliseconds: retryMilliseconds))
        send(answer, connection, exchange)
    }

    /// Counts a stream for the client that it is for, if streams are limited.
    ///
    /// - Returns: Whether the client may have it.
    func takeStreamPlace(_ connection: ConnectionID, _ request: HTTPRequest) -> Bool {
        guard edge.addresses.limitsStreams else { return true }
        var key = address(of: connection)
        if marks(of: connection).contains(.isTrusted) {
            let proxies = edge.configuration.trustedProxies
            switch ClientAddress(of: request.head.fields, trusting: proxies) {
            case .known(let client): key = proxies.contains(client) ? .none : AddressKey(client)
            case .withheld: key = .none
            // Counted as the proxy's own, together with all such: there is nothing to gain by it.
            case .doubtful: break
            }
        }
        switch edge.addresses.begin(.stream, of: key) {
        case .counted:
            loop[state: connection].second = key.bits
            mark(connection, .countsStream)
            return true
        case .uncounted: return true
        case .tooMany:
            edge.refusals.note(.address, of: key)
            return false
        }
    }

    // MARK: Turns

    /// Takes note of how long the turn was, and of what the loop refused in it by itself.
    func watchTurn() {
        let ended = MonotonicInstant.read()
        watch.note(
            turnFrom: loop.now, to: ended, isTelling: fanOut.isTelling, passes: fanOut.passes)
        figures.store(lag: watch.lag, at: ended)
        for (reason, count) in watch.newRefusals(loop.statistics) {
            edge.refusals.note(reason, count: count)
        }
    }
}
