// SPDX-License-Identifier: MIT

import Wire

extension KintoService {
    /// The header fields of an answer to a request for a stream, or nil if it is for none, or for
    /// one of a service that has ended. Nothing is looked up, and no ticket is used.
    package func streamFields(for request: HTTPRequest) -> HTTPFields? {
        let exchange = exchange(request, body: RequestBody.none, isSubrequest: false)
        guard exchange.route.streamed != nil, !exchange.hasEnded else { return nil }
        return exchange.finish(Reply(status: 200)).fields
    }

    /// 503: the server cannot take the request now.
    ///
    /// - Parameter retrySeconds: When this client is to come back, if it may be after the time that
    ///   the settings say.
    package func unavailable(for request: HTTPRequest, retrySeconds: Int) -> HTTPResponse {
        var error = overloaded
        error.fields["Retry-After"] = String(max(retrySeconds, settings.retryAfterSeconds))
        return finish(error, for: request)
    }

    /// 429: the client's address has as many connections or streams as it may.
    ///
    /// - Parameter retrySeconds: As for `unavailable`.
    package func tooMany(for request: HTTPRequest, retrySeconds: Int) -> HTTPResponse {
        var error = APIError(
            status: 429, number: .clientReachedCapacity,
            message: "Too many connections from this address, please retry later.")
        error.fields["Retry-After"] = String(max(retrySeconds, settings.retryAfterSeconds))
        return finish(error, for: request)
    }

    private func finish(_ error: APIError, for request: HTTPRequest) -> HTTPResponse {
        exchange(request, body: RequestBody.none, isSubrequest: false).finish(error.reply)
    }
}
