// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Streams
import Wire

/// The addresses of streams, which speak Server-Sent Events, or WebSocket when asked to upgrade.
enum StreamEndpoint {
    /// What becomes of a request for a stream that was admitted.
    enum Decision {
        /// It is answered as any other request.
        case answer(HTTPResponse)
        /// It becomes a stream: the answer's head, then the opening, then events.
        case begin(
            StreamEncoding, HTTPResponse, opening: [UInt8], SubscriptionQuery)
    }

    /// Whether the request may be for a stream; the path's other methods are the API's.
    static func isAddressed(by head: HTTPRequestHead) -> Bool {
        head.method == .get
            && (head.path.utf8.suffix(7).elementsEqual("/stream".utf8)
                || head.path.utf8.suffix(5).elementsEqual("/push".utf8))
    }

    /// Decides on a request for a stream.
    ///
    /// - Parameters:
    ///   - isOverloaded: Whether the server is ending or full. Browsers' event sources never return
    ///     after an error, so they get a 200 that ends with a `retry:`, programs a 503.
    ///   - retryMilliseconds: What this client is told to wait before it returns.
    static func decide(
        _ request: HTTPRequest, admission: StreamAdmission, service: KintoService,
        isOverloaded: Bool, retryMilliseconds: Int
    ) -> Decision {
        if admission.subject == .broadcasts {
            return decidePush(request, service: service, isOverloaded: isOverloaded)
        }
        let shared = admission.fields
        let query: SubscriptionQuery
        do {
            query = try SubscriptionQuery(
                parsing: request.head, isOfCollection: admission.path != nil)
        } catch {
            return .answer(
                service.invalidQuery(error.name, error.description, for: request))
        }
        if WebSocketHandshake.isRequested(by: request.head) {
            guard !isOverloaded else { return .answer(service.unavailable(for: request)) }
            let answer = WebSocketHandshake.answer(
                to: request.head, subprotocols: [StreamEncoding.subprotocol])
            switch answer {
            case .refused(let answer):
                return .answer(service.refusal(of: request, handshake: answer))
            case .accepted(let answer, _): return .begin(.webSocket, answer, opening: [], query)
            }
        }
        let retry = EventStreamEncoder.retry(milliseconds: retryMilliseconds)
        guard !isOverloaded else {
            return .answer(overloaded(request, service, shared, retry: retry))
        }
        let opening = retry + EventStreamComment.opening.bytes
        return .begin(
            .eventStream, HTTPResponse(status: 200, fields: eventStreamFields(shared)),
            opening: opening, query)
    }

    /// Decides on a request of a browser's push service. Its subprotocol is not confirmed, which
    /// it accepts, nor is its query looked at: the address is the browser's setting.
    private static func decidePush(
        _ request: HTTPRequest, service: KintoService, isOverloaded: Bool
    ) -> Decision {
        guard !isOverloaded else { return .answer(service.unavailable(for: request)) }
        switch WebSocketHandshake.answer(to: request.head) {
        case .refused(let answer):
            return .answer(service.refusal(of: request, handshake: answer))
        case .accepted(let answer, _):
            return .begin(.push, answer, opening: [], SubscriptionQuery())
        }
    }

    private static func overloaded(
        _ request: HTTPRequest, _ service: KintoService, _ shared: HTTPFields, retry: [UInt8]
    ) -> HTTPResponse {
        let accepted = request.head.fields.tokens("Accept")
        guard accepted.contains(where: { $0.hasPrefix(EventStreamEncoder.mediaType) }) else {
            return service.unavailable(for: request)
        }
        return HTTPResponse(status: 200, fields: eventStreamFields(shared), body: retry)
    }

    private static func eventStreamFields(_ shared: HTTPFields) -> HTTPFields {
        var fields = shared
        fields["Content-Type"] = EventStreamEncoder.mediaType
        fields["Cache-Control"] = "no-store"
        fields["X-Accel-Buffering"] = "no"
        return fields
    }
}
