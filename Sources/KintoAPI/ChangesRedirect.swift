// SPDX-License-Identifier: MIT

import Core

/// Answers of the monitor endpoints that need nothing but the query: they keep the number of
/// different addresses small, which is what caches in front of the server live on.
struct ChangesRedirect {
    private let exchange: Exchange
    private let query: RequestQuery

    /// Makes the answers for a request.
    ///
    /// - Throws: `APIError`, a 400 if the query cannot be decoded.
    init(_ exchange: Exchange) throws(APIError) {
        self.exchange = exchange
        query = try RequestQuery(exchange.request.head.query)
    }

    /// 204 to a client that expects less than it has; 307 to one that has not asked for long.
    func reply() -> Reply? {
        guard let since = number("_since") else { return nil }
        let expected = query["_expected"] == nil ? 0 : number("_expected")
        let seconds = exchange.settings.sinceRedirectSeconds
        if let expected, expected > 0, expected < since {
            var reply = Reply(status: 204)
            reply.isRaised = true
            if seconds >= 0 { reply.setCache(seconds: seconds, now: exchange.now) }
            return reply
        }
        let days = exchange.settings.sinceDaysMax
        guard days >= 0 else { return nil }
        let oldest = exchange.now.milliseconds - Int64(days) * 86_400_000
        guard since < oldest else { return nil }
        return .redirect(
            to: address(query.encoded(dropping: ["_since"])), seconds: seconds,
            now: exchange.now)
    }

    /// 307 to a client that quotes what it expects.
    func unquotedExpected() -> Reply? {
        guard let expected = query["_expected"]?.values[0], expected.contains("\"") else {
            return nil
        }
        let unquoted = expected.filter { $0 != "\"" }
        let text = query.encoded(
            dropping: ["_expected"], setting: [("_expected", unquoted)])
        return .redirect(to: address(text), seconds: -1, now: exchange.now)
    }

    /// A number with any quotes around it.
    private func number(_ name: String) -> Int64? {
        guard let text = query[name]?.values[0] else { return nil }
        var digits = text[...]
        while digits.first == "\"" { digits = digits.dropFirst() }
        while digits.last == "\"" { digits = digits.dropLast() }
        return DecimalNumber.parse(digits.utf8, digitsMax: 18)
    }

    private func address(_ query: String) -> String {
        let settings = exchange.settings
        let host =
            settings.changesHost ?? settings.httpHost ?? exchange.request.head.fields["Host"]
            ?? "localhost"
        // The reference says https when nothing is set; whoever set no host either runs no proxy
        // that could serve it.
        let isNamed = settings.changesHost != nil || settings.httpHost != nil
        let scheme = settings.httpScheme ?? (isNamed ? "https" : "http")
        let address = "\(scheme)://\(host)\(exchange.request.head.path)"
        return query.isEmpty ? address : "\(address)?\(query)"
    }
}
