// SPDX-License-Identifier: MIT
//
// What streams have in common with every other endpoint: who may read them in a browser, how they
// refuse, the fields of their answers. The streams themselves are another module's.

import Core
import Wire

/// Where the streams are.
package enum StreamPath {
    /// The stream of the monitor feed, without the version.
    package static let monitorChanges = "\(CollectionPath.monitorChanges.uri)/stream"
}

/// Whether a request for a stream may go on.
package enum StreamAdmission: Sendable {
    /// It may; its answer has these fields besides its own.
    case admitted(HTTPFields)
    /// It may not.
    case refused(HTTPResponse)
}

extension KintoService {
    /// Decides on a request for a stream by what the API knows: the end of service, the origin, and
    /// whether there is a monitor feed at all.
    package func admitStream(_ request: HTTPRequest) -> StreamAdmission {
        let exchange = exchange(request, body: RequestBody.none, isSubrequest: false)
        guard exchange.route == .monitorStream, !exchange.hasEnded else {
            switch plan(request) {
            case .answer(let answer): return .refused(answer)
            case .read, .write, .verify: return .refused(unavailable(for: request))
            }
        }
        var errors = ValidationErrors()
        exchange.corsPolicy.check(request, &errors)
        guard errors.isEmpty else {
            return .refused(exchange.finish(errors.error(isRaised: false).reply))
        }
        return .admitted(exchange.finish(Reply(status: 200)).fields)
    }

    /// The refusal of a stream for a parameter of its query.
    package func invalidQuery(
        _ name: String, _ description: String, for request: HTTPRequest
    ) -> HTTPResponse {
        let error = APIError.invalid(.query, name, description)
        return exchange(request, body: RequestBody.none, isSubrequest: false).finish(error.reply)
    }

    /// The answer of a server that cannot take the request now: come back later.
    package func unavailable(for request: HTTPRequest) -> HTTPResponse {
        exchange(request, body: RequestBody.none, isSubrequest: false).finish(overloaded.reply)
    }

    /// The refusal of bytes that are no request, so that not even their path is known.
    package func refusal(status: Int, _ reason: String) -> HTTPResponse {
        var error = APIError(status: status, number: .invalidParameters, message: reason)
        if status == 408 || status >= 500 { error.number = .undefined }
        let reply = error.reply
        return HTTPResponse(status: reply.status, fields: reply.fields, body: reply.body)
    }

    /// The refusal of a WebSocket handshake, in Kinto's format: the status and the fields that the
    /// protocol wants, and its reason as the message.
    package func refusal(of request: HTTPRequest, handshake answer: HTTPResponse) -> HTTPResponse {
        var error = APIError(
            status: answer.status, number: .invalidParameters,
            message: String(decoding: answer.body.bytes, as: UTF8.self))
        if answer.status == 405 { error.number = .methodNotAllowed }
        for line in answer.fields.lines where !HTTPFields.areEqual(line.name, "Content-Type") {
            error.fields.append(line.name, line.value)
        }
        return exchange(request, body: RequestBody.none, isSubrequest: false).finish(error.reply)
    }

    /// The answer to a request for a stream that did not come as one.
    func streamReply(_ exchange: Exchange) throws(APIError) -> Reply {
        guard exchange.method == .head else {
            throw APIError.invalid(.path, nil, "A stream cannot be part of a batch")
        }
        var reply = Reply(status: 200)
        reply.fields.append("Content-Type", EventStreamEncoder.mediaType)
        reply.fields.append("Cache-Control", "no-store")
        return reply
    }
}
