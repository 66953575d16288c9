// SPDX-License-Identifier: MIT
//
// How a request becomes a stream: it is admitted, by the storage if it needs a permission, then the
// connection changes its kind and the loop's streams take it over.

import Core
import KintoAPI
import Reactor
import Streams
import Wire

extension LoopService {
    /// Has a request for a stream decided on, which may take the storage.
    func admitStream(
        _ connection: ConnectionID, _ exchange: HTTPExchange, _ request: HTTPRequest,
        _ plan: StreamPlan
    ) {
        let service = service
        exchange.phase = .awaitingAnswer
        let door = dispatcher.admit(plan, for: request) { [self] door in
            _ = loop.post { self.openStream(connection, request, door, service) }
        }
        switch door {
        case .admitted(let admission):
            beginStream(connection, exchange, request, admission, service)
        case .refused(let answer): send(answer, connection, exchange)
        case nil: loop.clearDeadline(connection)
        }
    }

    /// The decision on a stream has come back from another thread.
    private func openStream(
        _ connection: ConnectionID, _ request: HTTPRequest, _ door: StreamDoor,
        _ service: KintoService
    ) {
        switch door {
        case .refused(let answer): finish(connection, answer)
        case .admitted(let admission):
            guard let exchange = exchange(of: connection),
                case .awaitingAnswer = exchange.phase
            else { return }
            guard !exchange.hasPeerEnded else {
                loop.close(connection)
                return
            }
            beginStream(connection, exchange, request, admission, service)
            if kind(of: connection) == .http {
                goOnReading(connection, exchange)
            } else {
                loop.resumeReading(connection)
                checkAccess()
            }
        }
    }

    /// Turns a connection into a stream, unless its request is refused after all.
    ///
    /// - Parameter service: The API that admitted it.
    func beginStream(
        _ connection: ConnectionID, _ exchange: HTTPExchange, _ request: HTTPRequest,
        _ admission: StreamAdmission, _ service: KintoService
    ) {
        guard !isDraining else {
            refuse(connection, exchange, request, .draining)
            return
        }
        let decision = StreamEndpoint.decide(
            request, admission: admission, service: service,
            allowsCompression: fanOut.configuration.allowsCompression,
            retryMilliseconds: fanOut.drawRetryMilliseconds())
        switch decision {
        case .answer(let answer):
            send(answer, connection, exchange)
        case .begin(let encoding, let answer, let opening, let query):
            guard takeStreamPlace(connection, request) else {
                refuse(connection, exchange, request, .address)
                return
            }
            var head = HTTPResponseWriter.streamHead(
                of: answer, version: exchange.head.version, date: currentDate())
            head.append(contentsOf: opening)
            exchanges[connection.slot] = nil
            setKind(Kind(encoding.dialect), of: connection)
            loop.setSendBuffer(connection, bytes: Limits.streamSendBufferBytesMax)
            let hasBegun = fanOut.begin(
                StreamID(connection), encoding: encoding, preamble: EncodedFrame(head),
                channel: channel(of: admission, query), cursor: query.cursor,
                grant: grant(of: admission))
            if !hasBegun {
                setKind(.http, of: connection)
                exchange.keepsAlive = false
                exchanges[connection.slot] = exchange
                send(service.unavailable(for: request), connection, exchange)
            }
        }
    }

    private func channel(of admission: StreamAdmission, _ query: SubscriptionQuery) -> Channel {
        switch admission.subject {
        case .monitor:
            var filter = query.filter
            filter.visibility = admission.visibility
            return .monitor(filter)
        case .collection(let path):
            return .collection(path, includesChanges: query.includesChanges)
        case .broadcasts: return .broadcasts
        }
    }

    private func grant(of admission: StreamAdmission) -> StreamGrant? {
        guard admission.isGuarded else { return nil }
        return StreamGrant(
            access: StreamAccess(viewer: admission.viewer, path: admission.path),
            changes: admission.changes)
    }

    /// Takes a WebSocket peer's bytes and returns how many were consumed.
    func receiveOnWebSocket(
        _ bytes: UnsafeRawBufferPointer, _ connection: ConnectionID
    ) -> Int {
        guard !loop.hasPendingOutput(connection) else {
            loop.pauseReading(connection)
            return 0
        }
        let consumed = webSockets.received(bytes, on: StreamID(connection))
        // Who does not read is not listened to; reading goes on when the output has drained.
        if loop.hasPendingOutput(connection) { loop.pauseReading(connection) }
        return consumed
    }
}

extension LoopService.Kind {
    /// What a connection is whose stream has these words.
    fileprivate init(_ dialect: StreamDialect) {
        switch dialect {
        case .eventStream: self = .eventStream
        case .webSocket, .push: self = .webSocket
        }
    }
}
