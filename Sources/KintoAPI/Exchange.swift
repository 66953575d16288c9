// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// One request with all that is known about it before the storage is asked.
struct Exchange: Sendable {
    /// The settings.
    let settings: KintoSettings
    /// The request.
    let request: HTTPRequest
    /// Where its path leads.
    let route: Route
    /// The time it came.
    let now: Timestamp
    /// Whether it is part of a batch.
    let isSubrequest: Bool
    /// Makes ids and nonces.
    let random: @Sendable (Int) -> [UInt8]

    /// The method.
    var method: HTTPMethod { request.head.method }

    /// Who sent the request.
    var identity: Identity { Identity(request.head.fields, settings: settings) }

    /// The endpoint of the path, or nil.
    var endpoint: Endpoint? { Endpoint(route) }

    /// Who may read answers in browsers.
    var corsPolicy: CORSPolicy {
        CORSPolicy(origins: settings.corsOrigins, maxAgeSeconds: settings.corsMaxAgeSeconds)
    }

    /// Scheme and host of addresses of this server.
    var origin: String {
        let host = settings.httpHost ?? request.head.fields["Host"] ?? "localhost"
        return "\(settings.httpScheme ?? "http")://\(host)"
    }

    /// Completes an answer by the fields that all answers have.
    ///
    /// - Parameter hasEndpoint: False for answers given before the path was looked at.
    func finish(_ reply: Reply, hasEndpoint: Bool = true) -> HTTPResponse {
        var reply = reply
        // Exceptions within a batch pass over the hooks that add fields; a 401 also over CORS.
        let isBare = isSubrequest && reply.isRaised
        if !(isBare && reply.status == 401) {
            corsPolicy.apply(
                to: &reply, endpoint: hasEndpoint ? endpoint : nil, request: request)
        }
        if !isBare {
            reply.fields.append("X-Content-Type-Options", "nosniff")
            reply.fields.append(
                "Content-Security-Policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; ")
            addBackoff(&reply)
        }
        if !isSubrequest { addEndOfService(&reply) }
        return HTTPResponse(status: reply.status, fields: reply.fields, body: reply.body)
    }

    /// The value of an `Alert` field.
    func alert(code: String, message: String?, url: String?) -> String {
        JSONWriter.string([
            "code": .string(code), "message": message.map(JSONValue.string) ?? .null,
            "url": .string(url ?? settings.projectDocs),
        ])
    }

    /// A random id in the form of a UUID of version 4 (RFC 9562, section 5.4).
    func makeUUID() -> String {
        var bytes = random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array(Digest.hexadecimal(bytes).utf8)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
            .map { String(decoding: digits[$0], as: UTF8.self) }.joined(separator: "-")
    }

    /// A random id of eight letters and digits, as buckets, collections and groups get.
    func makeName() -> String {
        // 64 characters, so that six random bits choose one without bias; the first must not be one
        // of the last two, which the pattern of ids forbids there.
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let bytes = random(8)
        var name: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            name.append(place == 0 ? alphabet[Int(byte) % 62] : alphabet[Int(byte & 63)])
        }
        return String(decoding: name, as: UTF8.self)
    }

    private func addBackoff(_ reply: inout Reply) {
        guard let seconds = settings.backoffSeconds else { return }
        if let percentage = settings.backoffPercentage {
            let draw = Int(random(1)[0]) * 100 / 256
            guard draw < percentage else { return }
        }
        reply.fields["Backoff"] = String(seconds)
    }

    private func addEndOfService(_ reply: inout Reply) {
        guard settings.endOfService != nil else { return }
        reply.fields["Alert"] = alert(
            code: hasEnded ? "hard-eol" : "soft-eol", message: settings.endOfServiceMessage,
            url: settings.endOfServiceURL)
    }

    /// Whether the service has come to its end.
    var hasEnded: Bool {
        settings.endOfServiceTimestamp.map { $0 <= now } ?? false
    }
}

/// What can be told about a request's content without reading it (RFC 9110, section 8.3 and 12.5).
extension Exchange {
    /// The media type of the body, in lower case and without parameters; empty if not told.
    var mediaType: String {
        let value = request.head.fields["Content-Type"] ?? ""
        return String(value.prefix { $0 != ";" }.trimmingOptionalWhiteSpace()).lowercased()
    }

    /// Whether the body is to be read as JSON.
    var hasJSONBody: Bool {
        let type = mediaType
        return type.isEmpty || type.hasPrefix("application/") && type.hasSuffix("json")
    }

    /// Refuses a request for another type than JSON.
    ///
    /// - Throws: `APIError`, a 406.
    func requireAcceptsJSON() throws(APIError) {
        guard !acceptsJSON else { return }
        var errors = ValidationErrors()
        errors.add(.header, "Accept", "Accept header should be one of ['application/json']")
        try errors.check(status: 406)
    }

    /// Refuses a body that is not of one of `types`; an untold type is one of them.
    ///
    /// - Throws: `APIError`, a 415.
    func requireContentType(_ types: [String]) throws(APIError) {
        guard !mediaType.isEmpty, !types.contains(mediaType) else { return }
        var errors = ValidationErrors()
        let list = types.map { "'\($0)'" }.joined(separator: ", ")
        errors.add(.header, "Content-Type", "Content-Type header should be one of [\(list)]")
        try errors.check(status: 415)
    }

    /// Whether the most particular range that JSON falls into has a weight above zero.
    private var acceptsJSON: Bool {
        let ranges = request.head.fields.tokens("Accept")
        guard !ranges.isEmpty else { return true }
        var best: (particularity: Int, weight: Bool) = (0, false)
        for range in ranges {
            let parts = range.split(separator: ";").map { $0.trimmingOptionalWhiteSpace() }
            guard let type = parts.first?.lowercased() else { continue }
            let particularity: Int
            switch type {
            case "application/json": particularity = 3
            case "application/*": particularity = 2
            case "*/*", "*": particularity = 1
            case _: continue
            }
            let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }
            let isWanted = weight.map { Double($0.dropFirst(2)) ?? 1 > 0 } ?? true
            if particularity >= best.particularity {
                best = (
                    particularity,
                    isWanted || particularity == best.particularity && best.weight
                )
            }
        }
        return best.weight
    }
}
