// SPDX-License-Identifier: MIT

import Core
import Wire

/// Answers requests whose path leads to no endpoint: by a redirect if one is near, or else by 404.
struct PathRedirect {
    /// The request.
    let exchange: Exchange
    /// Why its path leads nowhere.
    let end: DeadEnd

    /// The answer.
    ///
    /// - Throws: `APIError`.
    func reply() throws(APIError) -> Reply {
        _ = try RequestQuery(exchange.request.head.query)
        let settings = exchange.settings
        switch end {
        case .undecodable:
            throw APIError(
                status: 400, number: .invalidParameters, message: "Invalid URL path.")
        case .unversioned where settings.redirectsToVersion:
            if exchange.method == .options {
                var reply = Reply(status: 200)
                reply.fields.append("Content-Type", "text/html; charset=UTF-8")
                return reply
            }
            return redirect(
                to: Router.prefix + path, seconds: settings.versionRedirectSeconds)
        case .unversioned, .otherVersion:
            throw APIError(
                status: 404, number: .versionNotAvailable,
                message: "The requested API version is not available on this server.")
        case .unknown: break
        }
        guard settings.redirectsTrailingSlash else { throw .unknownPath }
        if path.hasSuffix("/") {
            var shorter = path[...]
            while shorter.last == "/" { shorter = shorter.dropLast() }
            return redirect(to: String(shorter), seconds: settings.trailingSlashSeconds)
        }
        guard path == Router.prefix else { throw .unknownPath }
        return redirect(to: "\(Router.prefix)/", seconds: settings.trailingSlashSeconds)
    }

    private var path: String { String(exchange.request.head.path) }

    private func redirect(to path: String, seconds: Int) -> Reply {
        let query = exchange.request.head.query
        let target = query.isEmpty ? path : "\(path)?\(query)"
        return .redirect(
            to: target, origin: exchange.origin, seconds: seconds, now: exchange.now)
    }
}
