// SPDX-License-Identifier: MIT
//
// Pages about the server rather than its data: the API routes to them and answers in its own way,
// but what is on them is another module's.

import Core
import Wire

/// What the server shows of itself.
package protocol ServerPages: Sendable {
    /// Whether the server is about to end: balancers are to send nobody here any more.
    var isDraining: Bool { get }

    /// The server's figures, in the text format of Prometheus.
    func metrics() -> StaticFile

    /// A file of the dashboard; the page itself has an empty name. Nil if there is none.
    func dashboardFile(_ name: String) -> StaticFile?

    /// The description of the streams for programs.
    func streamsDocument(_ service: ServiceDescription) -> StaticFile
}

/// A file that is served as it is.
package struct StaticFile: Sendable {
    /// Its type, with parameters.
    package let mediaType: String
    /// Its content.
    package let bytes: [UInt8]
    /// What it may load and do in a browser; nil for what every answer may.
    package let contentSecurityPolicy: String?
    /// Its validator (RFC 9110, section 8.8.3); nil for what changes at every look.
    package let entityTag: String?

    /// Makes a file that stays as it is.
    ///
    /// - Complexity: O(size).
    package init(mediaType: String, bytes: [UInt8], contentSecurityPolicy: String) {
        self.mediaType = mediaType
        self.bytes = bytes
        self.contentSecurityPolicy = contentSecurityPolicy
        entityTag = "\"\(Digest.hexadecimal(Digest.sha1(bytes)))\""
    }

    /// Makes a document that stays as it is while the server runs.
    ///
    /// - Complexity: O(size).
    package init(document: JSONValue) {
        mediaType = "application/json"
        bytes = JSONWriter.bytes(document)
        contentSecurityPolicy = nil
        entityTag = "\"\(Digest.hexadecimal(Digest.sha1(bytes)))\""
    }

    /// Makes a page that differs each time.
    package init(mediaType: String, text: String) {
        self.mediaType = mediaType
        bytes = Array(text.utf8)
        contentSecurityPolicy = nil
        entityTag = nil
    }
}

/// Answers requests for the server's own pages.
struct PageEndpoint {
    /// The request.
    let exchange: Exchange
    /// The pages; nil for a service without a server.
    let pages: (any ServerPages)?

    /// The figures.
    ///
    /// - Throws: `APIError`, a 404, if there are none.
    func metrics() throws(APIError) -> Reply {
        guard let pages else { throw .unknownPath }
        return reply(pages.metrics())
    }

    /// A file of the dashboard, or the way to it.
    ///
    /// - Parameter name: Nil for the path without its slash, from which the page's own addresses
    ///   would lead nowhere.
    /// - Throws: `APIError`, a 404, if there is no such file.
    func dashboard(_ name: String?) throws(APIError) -> Reply {
        guard let name else {
            return .redirect(
                to: "\(exchange.origin)\(Router.prefix)/dashboard/",
                seconds: exchange.settings.trailingSlashSeconds, now: exchange.now)
        }
        guard let file = pages?.dashboardFile(name) else { throw .unknownPath }
        return reply(file)
    }

    /// The description of the streams.
    ///
    /// - Throws: `APIError`, a 404, if there is none.
    func streamsDocument() throws(APIError) -> Reply {
        guard let pages else { throw .unknownPath }
        return reply(pages.streamsDocument(exchange.serviceDescription))
    }

    /// The answer that gives a file, or tells a client that it has it.
    func reply(_ file: StaticFile) -> Reply {
        var reply = Reply(status: 200)
        // A 304 too: its fields replace those that the browser has kept (RFC 9111, section 3.2).
        if let policy = file.contentSecurityPolicy {
            reply.fields.append("Content-Security-Policy", policy)
            reply.fields.append("Referrer-Policy", "no-referrer")
        }
        if let tag = file.entityTag {
            reply.fields.append("ETag", tag)
            reply.fields.append("Cache-Control", "no-cache")
            let known = exchange.request.head.fields.tokens("If-None-Match")
            if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) {
                reply.status = 304
                return reply
            }
        } else {
            reply.fields.append("Cache-Control", "no-store")
        }
        reply.fields.append("Content-Type", file.mediaType)
        reply.body = file.bytes
        return reply
    }
}
