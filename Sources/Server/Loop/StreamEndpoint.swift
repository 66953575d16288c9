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
    ///   - allowsCompression: Whether a stream is compressed whose client asks for it.
    ///   - retryMilliseconds: What this client is told to wait before it returns.
    static func decide(
        _ request: HTTPRequest, admission: StreamAdmission, service: KintoService,
        allowsCompression: Bool, retryMilliseconds: Int
    ) -> Decision {
        if admission.subject == .broadcasts {
            return decidePush(request, service: service)
        }
        let query: SubscriptionQuery
        do {
            query = try SubscriptionQuery(
                parsing: request.head, isOfCollection: admission.path != nil)
        } catch {
            return .answer(
                service.invalidQuery(error.name, error.description, for: request))
        }
        if WebSocketHandshake.isRequested(by: request.head) {
            let handshake = WebSocketHandshake.answer(
                to: request.head, subprotocols: [StreamEncoding.subprotocol],
                allowsCompression: allowsCompression)
            switch handshake {
            case .refused(let answer):
                return .answer(service.refusal(of: request, handshake: answer))
            case .accepted(let answer, _, let isCompressed):
                let encoding = isCompressed ? StreamEncoding.webSocketDeflate : .webSocket
                return .begin(encoding, answer, opening: [], query)
            }
        }
        var fields = eventStreamFields(admission.fields)
        var encoding = StreamEncoding.eventStream
        if query.allowsGzip, allowsCompression {
            fields.append("Vary", "Accept-Encoding")
            if request.head.fields.wants(coding: "gzip") {
                fields.append("Content-Encoding", "gzip")
                encoding = .eventStreamGzip
            }
        }
        return .begin(
            encoding, HTTPResponse(status: 200, fields: fields),
            opening: encoding.opening(retryMilliseconds: retryMilliseconds), query)
    }

    /// Decides on a request of a browser's push service. Its subprotocol is not confirmed, which
    /// it accepts, nor is its query looked at: the address is the browser's setting.
    private static func decidePush(
        _ request: HTTPRequest, service: KintoService
    ) -> Decision {
        switch WebSocketHandshake.answer(to: request.head) {
        case .refused(let answer):
            return .answer(service.refusal(of: request, handshake: answer))
        case .accepted(let answer, _, _):
            return .begin(.push, answer, opening: [], SubscriptionQuery())
        }
    }

    /// The answer to a request that is refused for the time being.
    ///
    /// Browsers' event sources never return after an error, so they get a 200 that ends with a
    /// `retry:`; programs get 429 or 503 with `Retry-After`.
    static func refusal(
        of request: HTTPRequest, _ service: KintoService, _ refusal: Refusal
    ) -> HTTPResponse {
        let accepted = request.head.fields.tokens("Accept")
        if isAddressed(by: request.head), let fields = service.streamFields(for: request),
            accepted.contains(where: { $0.hasPrefix(EventStreamEncoder.mediaType) }),
            !WebSocketHandshake.isRequested(by: request.head)
        {
            return HTTPResponse(
                status: 200, fields: eventStreamFields(fields),
                body: EventStreamEncoder.retry(milliseconds: refusal.retryMilliseconds))
        }
        return switch refusal.reason {
        case .address: service.tooMany(for: request, retrySeconds: refusal.retrySeconds)
        case .connections, .descriptors, .memory, .lag, .draining:
            service.unavailable(for: request, retrySeconds: refusal.retrySeconds)
        }
    }

    private static func eventStreamFields(_ shared: HTTPFields) -> HTTPFields {
        var fields = shared
        fields.append("Content-Type", EventStreamEncoder.mediaType)
        fields.append("Cache-Control", "no-store")
        fields.append("X-Accel-Buffering", "no")
        return fields
    }
}
