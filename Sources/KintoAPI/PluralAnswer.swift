// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Makes the answers of lists.
struct PluralAnswer {
    /// The request.
    let exchange: Exchange
    /// The path of the list, without version.
    let path: String
    /// The list as it is asked for.
    let query: ListQuery

    /// The answer with the objects of a page.
    ///
    /// - Parameter page: The objects and, if there are more, the first of the next page.
    func reply(page: [StoredObject], token: PageToken?, timestamp: Timestamp) throws -> Reply {
        let shown = page.prefix(query.limit)
        let body = try ListRendering.array(shown, fields: query.fields)
        var reply = Reply(jsonBytes: ListRendering.wrap(body))
        reply.setTimestamp(timestamp)
        warn(&reply)
        if page.count > query.limit, let last = shown.last {
            let next = try PageToken(
                behind: last, sorting: query.sorting,
                offset: Int(token?.offset ?? 0) + page.count,
                nonce: "pagination-token-\(exchange.makeUUID())")
            reply.fields["Next-Page"] = try nextPage(next)
        }
        return reply
    }

    /// Tells a client that it used a parameter that is deprecated.
    func warn(_ reply: inout Reply) {
        guard query.usesDeprecatedTo else { return }
        reply.fields["Alert"] = exchange.alert(
            code: "soft-eol",
            message: "_to is now deprecated, you should use _before instead",
            url: "https://kinto.readthedocs.io/en/2.4.0/api/resource.html"
                + "#list-of-available-url-parameters")
    }

    /// The address of the page that a token begins.
    func nextPage(_ token: PageToken) throws -> String {
        let query = try RequestQuery(exchange.request.head.query)
        let text = query.encoded(
            setting: [("_limit", String(self.query.limit)), ("_token", token.encoded)])
        let escaped = PercentEncoding.encode(Router.prefix + path, for: .path)
        return "\(exchange.origin)\(escaped)?\(text)"
    }

    /// The answer to a client that has what is there.
    static func notModified(_ timestamp: Timestamp) -> Reply {
        var reply = Reply(status: 304)
        reply.isRaised = true
        reply.setTimestamp(timestamp)
        return reply
    }
}

extension Reply {
    /// Tells how many objects there are on all pages.
    mutating func setTotal(_ count: Int) {
        fields["Total-Objects"] = String(count)
        fields["Total-Records"] = String(count)
    }
}
