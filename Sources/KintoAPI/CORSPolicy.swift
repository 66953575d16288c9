// SPDX-License-Identifier: MIT
//
// Cross-origin requests (WHATWG Fetch, "HTTP-CORS protocol"), in the reference's ways: an origin
// that is not allowed is a 400, and a preflight's body is `null`.

import Core
import Wire

/// Which origins may read answers, and what a preflight is told.
struct CORSPolicy {
    /// The allowed origins: `*`, or addresses in which `*` and `?` are wildcards.
    let origins: [String]
    /// How long a preflight's answer may be kept.
    let maxAgeSeconds: Int?

    /// The value of `Access-Control-Allow-Origin` for an endpoint's answer, nil if not allowed.
    func allowedOrigin(_ origin: String) -> String? {
        guard origins.contains(where: { Wildcard.matches(origin, pattern: $0) }) else { return nil }
        return origins.contains("*") ? "*" : origin
    }

    /// Notes an origin that an endpoint does not allow.
    func check(_ request: HTTPRequest, _ errors: inout ValidationErrors) {
        guard let origin = request.head.fields["Origin"], !origin.isEmpty,
            allowedOrigin(origin) == nil
        else { return }
        errors.add(.header, "Origin", "\(origin) not allowed")
    }

    /// Adds the fields of CORS to an answer.
    ///
    /// - Parameter endpoint: The endpoint that gave it, nil if the path has none.
    func apply(to reply: inout Reply, endpoint: Endpoint?, request: HTTPRequest) {
        let origin = request.head.fields["Origin"].flatMap { $0.isEmpty ? nil : $0 }
        guard let endpoint else {
            if let origin, origins.contains("*") || origins.contains(origin) {
                reply.fields["Access-Control-Allow-Origin"] = origins.contains("*") ? "*" : origin
            }
            reply.fields["Access-Control-Expose-Headers"] =
                ExposedFields.defaults.joined(separator: ",")
            return
        }
        if let origin, let allowed = allowedOrigin(origin) {
            reply.fields["Access-Control-Allow-Origin"] = allowed
        }
        let exposed =
            request.head.method == .options ? "" : endpoint.exposedText(request.head.method)
        if !exposed.isEmpty { reply.fields.append("Access-Control-Expose-Headers", exposed) }
    }

    /// Answers a preflight request.
    ///
    /// - Throws: `APIError` if it is none, or asks for what is not there.
    func preflight(_ request: HTTPRequest, endpoint: Endpoint) throws(APIError) -> Reply {
        var errors = ValidationErrors()
        check(request, &errors)
        let fields = request.head.fields
        let mandatory = "this header is mandatory"
        if fields["Origin"]?.isEmpty ?? true { errors.add(.header, "Origin", mandatory) }
        let method = fields["Access-Control-Request-Method"] ?? ""
        if method.isEmpty {
            errors.add(.header, "Access-Control-Request-Method", mandatory)
        } else if errors.isEmpty, !endpoint.methods.contains(HTTPMethod(method)) {
            errors.add(.header, "Access-Control-Request-Method", "Method not allowed")
        }
        try errors.check()
        var reply = Reply(json: .null)
        var allowed = endpoint.allExposedFields
        for field in fields.tokens("Access-Control-Request-Headers") {
            if !allowed.contains(String(field)) { allowed.append(String(field)) }
        }
        reply.fields["Access-Control-Allow-Headers"] = allowed.joined(separator: ",")
        reply.fields["Access-Control-Allow-Methods"] =
            endpoint.methods.map(\.name).joined(separator: ",")
        if let maxAgeSeconds {
            reply.fields["Access-Control-Max-Age"] = String(maxAgeSeconds)
        }
        return reply
    }
}
