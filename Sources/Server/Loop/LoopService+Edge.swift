// SPDX-License-Identifier: MIT
//
// How a connection begins: whether it is served, and whom it counts for.

import Core
import Reactor
import Wire

extension LoopService {
    /// Decides on a connection that was accepted.
    func begin(_ connection: ConnectionID, listener: ListenerID, peer: PeerAddress) {
        loop[state: connection].second = AddressKey(peer).bits
        if !edge.admission.enter() { mark(connection, .refused) }
        guard edge.configuration.proxiedListeners.contains(listener) else {
            awaitRequest(connection)
            return
        }
        guard edge.configuration.trustedProxies.contains(peer) else {
            refuse(connection, .untrusted)
            return
        }
        mark(connection, .awaitsProxyHeader)
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
            if let source { loop[state: connection].second = AddressKey(source).bits }
            awaitRequest(connection)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[byteCount...])
            return rest.isEmpty ? byteCount : byteCount + received(rest, on: connection)
        }
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
}
