// SPDX-License-Identifier: MIT
//
// A batch is one transaction: what its requests do becomes visible together. A request that is
// refused (4xx) is reported and leaves nothing behind, the others stand; when the storage fails,
// nothing of the batch stands.

import Core
import Storage
import Wire

/// Answers batches.
struct BatchEndpoint: Sendable {
    /// The request.
    let exchange: Exchange

    /// What the batch needs: a write transaction if one of its requests does.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        guard exchange.method == .post else {
            throw .methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
        try exchange.requireContentType(["application/json"])
        var errors = ValidationErrors()
        exchange.corsPolicy.check(exchange.request, &errors)
        let body = BatchBody(exchange.body, errors: &errors)
        try errors.check()
        let most = exchange.settings.batchRequestsMax
        if most > 0, body.parts.count > most {
            errors.add(.body, "requests", "Number of requests is limited to \(most)")
        }
        try errors.check()
        let requests = body.parts.map(request)
        if requests.contains(where: isBatch) {
            errors.add(
                .body, "requests", "Recursive call on /batch endpoint is forbidden.")
        }
        try errors.check()
        if let login = unverifiedLogin(in: requests) {
            return service.verifying(login, exchange)
        }
        let exchange = exchange
        let parts = zip(requests, body.parts).map { request, part in
            Part(
                request, body: part.body.map { RequestBody($0) } ?? .none,
                verdicts: exchange.verdicts, service: service)
        }
        if parts.allSatisfy(\.isRead) {
            return .read { reader in
                exchange.finish(try BatchEndpoint.reply(parts) { try $0.response(reader) })
            }
        }
        return .write { transaction in
            exchange.finish(
                try BatchEndpoint.reply(parts) { try $0.response(writing: transaction) })
        }
    }

    private static func reply(
        _ parts: [Part], _ response: (Part) throws -> HTTPResponse
    ) throws -> Reply {
        var body = Array("{\"responses\":[".utf8)
        for (place, part) in parts.enumerated() {
            if place > 0 { body.append(UInt8(ascii: ",")) }
            part.append(try response(part), to: &body)
        }
        body.append(contentsOf: "]}".utf8)
        return Reply(jsonBytes: body)
    }

    /// The request that a part stands for, without its body, and with the header fields of the
    /// batch unless it has its own.
    private func request(_ part: BatchBody.Part) -> HTTPRequest {
        var fields = exchange.request.head.fields
        for name in ["Content-Length", "Transfer-Encoding"] { fields[name] = nil }
        for (name, value) in part.headers { fields[name] = value }
        if part.body != nil { fields["Content-Type"] = "application/json; charset=utf-8" }
        let hasPrefix = part.path.utf8.starts(with: Router.prefix.utf8)
        let target = hasPrefix ? part.path : Router.prefix + part.path
        let head = HTTPRequestHead(
            method: HTTPMethod(part.method), target: target, fields: fields)
        return HTTPRequest(head: head)
    }

    /// A login of a part, if there is one that may be that of an account and is not verified yet.
    private func unverifiedLogin(in requests: [HTTPRequest]) -> Login? {
        for request in requests {
            let finding = Identity.find(
                Login(request.head.fields), verdicts: exchange.verdicts,
                settings: exchange.settings)
            if case .unverified(let login) = finding { return login }
        }
        return nil
    }

    /// Whether a request leads to this endpoint, be it by a redirect.
    private func isBatch(_ request: HTTPRequest) -> Bool {
        var path = request.head.path
        while path.last == "/" { path = path.dropLast() }
        return exchange.service.router.match(path).route == .batch
    }
}

/// One request of a batch, planned.
private struct Part: Sendable {
    private let plan: Plan
    private let request: HTTPRequest

    /// Plans a request; a redirect is followed once.
    init(
        _ request: HTTPRequest, body: RequestBody, verdicts: [Login: LoginVerdict],
        service: KintoService
    ) {
        var request = request
        var plan = service.plan(request, partOfBatch: body, verdicts: verdicts)
        if case .answer(let response) = plan, response.status == 307,
            let location = response.fields["Location"]
        {
            request.head.target = Part.target(location)
            plan = service.plan(request, partOfBatch: body, verdicts: verdicts)
        }
        self.plan = plan
        self.request = request
    }

    /// What would be told of a login that the batch did not verify before it planned its parts.
    private static let unverified = StorageError.unusable("a login is not verified")

    /// Whether no write transaction is needed.
    var isRead: Bool {
        switch plan {
        case .answer, .read, .verify: true
        case .write: false
        }
    }

    /// The answer, in a transaction that may only read.
    func response(_ reader: any StorageReader) throws -> HTTPResponse {
        switch plan {
        case .answer(let response): return response
        case .read(let body): return try body(reader)
        case .write: throw StorageError.requiresWrite
        case .verify: throw Part.unverified
        }
    }

    /// The answer; what a refused request did is undone.
    func response(writing transaction: any StorageTransaction) throws -> HTTPResponse {
        switch plan {
        case .answer(let response): return response
        case .read(let body): return try body(transaction)
        case .verify: throw Part.unverified
        case .write(let body):
            do {
                return try transaction.attempt { try body(transaction) }
            } catch let refusal as Refusal {
                return refusal.response
            }
        }
    }

    /// Appends an answer as an element of the batch's.
    func append(_ response: HTTPResponse, to output: inout [UInt8]) {
        let path = (try? PercentEncoding.decode(request.head.path)) ?? String(request.head.path)
        var headers = response.fields
        if response.status != 304, response.status != 204 {
            headers["Content-Length"] = String(response.body.count)
        }
        let members: JSONObject = JSONObject([
            ("status", .integer(Int64(response.status))), ("path", .string(path)),
            ("headers", .object(JSONObject(headers.lines.map { ($0.name, .string($0.value)) }))),
        ])
        output.append(UInt8(ascii: "{"))
        JSONWriter.appendMembers(members, to: &output)
        output.append(contentsOf: ",\"body\":".utf8)
        let body = response.body.bytes
        if request.head.method == .head || body.isEmpty {
            output.append(contentsOf: "\"\"".utf8)
        } else if response.fields["Content-Type"] == "application/json" {
            output.append(contentsOf: body)
        } else {
            JSONWriter.append(string: String(decoding: body, as: UTF8.self), to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Path and query of an address.
    private static func target(_ location: String) -> String {
        guard let scheme = location.firstRange(of: "://") else { return location }
        let rest = location[scheme.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return "/" }
        return String(rest[slash...])
    }
}
