// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// One request with all that is known about it before the storage is asked.
///
/// A class, since it goes through many hands, and between threads: to copy all that it has each
/// time was a part of what every write costs.
final class Exchange: Sendable {
    /// The service that answers it.
    let service: KintoService
    /// The request.
    let request: HTTPRequest
    /// Where its path leads.
    let route: Route
    /// The endpoint there, or nil.
    let endpoint: Endpoint?
    /// The time it came.
    let now: Timestamp
    /// What is known of logins, its own and those of the parts of a batch.
    let verdicts: [Login: LoginVerdict]
    /// The login that it gives.
    let login: Login?
    /// What can be said of who sent it.
    let finding: Identity.Finding
    /// Its body.
    let body: RequestBody
    /// Whether it is part of a batch.
    let isSubrequest: Bool

    /// Makes an exchange of what is known of a request.
    init(
        service: KintoService, request: HTTPRequest, match: Router.Match, now: Timestamp,
        body: RequestBody, isSubrequest: Bool, verdicts: [Login: LoginVerdict]
    ) {
        self.service = service
        self.request = request
        route = match.route
        endpoint = match.endpoint
        self.now = now
        self.verdicts = verdicts
        login = Login(request.head.fields)
        finding = Identity.find(login, verdicts: verdicts, settings: service.settings)
        self.body = body
        self.isSubrequest = isSubrequest
    }

    /// The same, when it is known whose one more login is.
    ///
    /// - Complexity: O(length of the credentials).
    func knowing(_ verdict: LoginVerdict, of login: Login) -> Exchange {
        var verdicts = verdicts
        verdicts[login] = verdict
        return Exchange(
            service: service, request: request,
            match: Router.Match(route: route, endpoint: endpoint), now: now, body: body,
            isSubrequest: isSubrequest, verdicts: verdicts)
    }

    /// Who sent it. Where an endpoint asks for that, it is known (`KintoService.endpointPlan`).
    var identity: Identity {
        switch finding {
        case .known(let identity): identity
        case .unverified, .lockedOut: .anonymous
        }
    }

    /// The settings.
    var settings: KintoSettings { service.settings }

    /// The method.
    var method: HTTPMethod { request.head.method }

    /// Who may read answers in browsers.
    var corsPolicy: CORSPolicy {
        CORSPolicy(origins: settings.corsOrigins, maxAgeSeconds: settings.corsMaxAgeSeconds)
    }

    /// The host of addresses of this server.
    var host: String { settings.httpHost ?? request.head.fields["Host"] ?? "localhost" }

    /// Scheme and host of addresses of this server.
    var origin: String { "\(settings.httpScheme ?? "http")://\(host)" }

    /// Completes an answer by the fields that all answers have.
    ///
    /// - Parameter hasEndpoint: False for answers given before the path was looked at.
    func finish(_ reply: Reply, hasEndpoint: Bool = true) -> HTTPResponse {
        var reply = reply
        // Exceptions within a batch pass over the hooks that add fields; a 401 there, and one of no
        // endpoint, also over CORS.
        let isBare = isSubrequest && reply.isRaised
        if !(reply.status == 401 && (isBare || endpoint == nil)) {
            corsPolicy.apply(
                to: &reply, endpoint: hasEndpoint ? endpoint : nil, request: request)
        }
        if !isBare {
            reply.fields.append("X-Content-Type-Options", "nosniff")
            addContentPolicy(&reply)
            addBackoff(&reply)
        }
        if !isSubrequest { addEndOfService(&reply) }
        return coded(reply)
    }

    /// The complete answer, which tells caches and the server if its body may be compressed.
    private func coded(_ reply: Reply) -> HTTPResponse {
        var answer = HTTPResponse(
            status: reply.status, fields: reply.fields,
            body: reply.rendered?.plain ?? EncodedFrame(reply.body))
        guard reply.variesByCoding, settings.compressesPolls, !isSubrequest else { return answer }
        answer.fields.append("Vary", "Accept-Encoding")
        if request.head.fields.wants(coding: "gzip") { answer.compressible = reply.rendered }
        return answer
    }

    /// Completes the answer that every request gets after the end of the service. It comes before
    /// all else, so it has none of the fields that views add.
    func finishEnded(_ reply: Reply) -> HTTPResponse {
        var reply = reply
        corsPolicy.apply(to: &reply, endpoint: nil, request: request)
        addContentPolicy(&reply)
        addBackoff(&reply)
        addEndOfService(&reply)
        return HTTPResponse(status: reply.status, fields: reply.fields, body: reply.body)
    }

    /// The value of an `Alert` field.
    func alert(code: String, message: String?, url: String?) -> String {
        JSONWriter.string([
            "code": .string(code), "message": message.map(JSONValue.string) ?? .null,
            "url": .string(url ?? settings.projectDocs),
        ])
    }

    /// A random id for a new object of a kind.
    func makeID(_ kind: ResourceKind) -> String {
        switch settings.idGenerator(kind) {
        case .name: makeName()
        case .relaxedUUID, .uuid: makeUUID()
        }
    }

    /// A random id in the form of a UUID of version 4 (RFC 9562, section 5.4).
    func makeUUID() -> String {
        var bytes = service.random(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return Digest.uuid(bytes)
    }

    /// A random id of eight letters and digits, as buckets, collections and groups get.
    private func makeName() -> String {
        // 64 characters, so that six random bits choose one without bias; the first must not be one
        // of the last two, which the pattern of ids forbids there.
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let bytes = service.random(8)
        var name: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            name.append(place == 0 ? alphabet[Int(byte) % 62] : alphabet[Int(byte & 63)])
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Forbids a page that shows the answer everything, unless the answer says what it needs.
    private func addContentPolicy(_ reply: inout Reply) {
        guard reply.fields["Content-Security-Policy"] == nil else { return }
        reply.fields.append(
            "Content-Security-Policy",
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; ")
    }

    private func addBackoff(_ reply: inout Reply) {
        guard let seconds = settings.backoffSeconds else { return }
        if let percentage = settings.backoffPercentage {
            let draw = Int(service.random(1)[0]) * 100 / 256
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
