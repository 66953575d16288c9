// SPDX-License-Identifier: MIT
//
// `/buckets/default` is another name for a bucket of the user's own. The bucket, and the collection
// that a path leads into, are made when they are first asked for, whatever the settings say about
// who may make buckets; then the request goes on with the bucket's real id. What was made stays
// even if the request is then refused, as in the reference.

import Core
import Storage
import Wire

/// Answers requests for the user's own bucket and what is in it.
struct DefaultBucketEndpoint: Sendable {
    /// The id that stands for the user's own bucket.
    static let alias = "default"

    /// The request, by the path that the client sent.
    let exchange: Exchange
    /// The segments of its path behind the alias, decoded.
    let subpath: [String]

    /// What the request needs: what it needs under the bucket's real id, and a write if the bucket
    /// or the collection is still to be made.
    ///
    /// - Throws: `APIError`, a 401 for the anonymous.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        if exchange.method == .options {
            return service.plan(request(in: "unknown"), body: body, as: exchange)
        }
        guard let bucket = exchange.identity.defaultBucket(exchange.settings) else {
            throw .unauthorized(
                challenges: exchange.settings.authenticationPolicies.count)
        }
        if exchange.settings.isReadOnly { throw .methodNotAllowed(allowed: nil) }
        let request = request(in: bucket)
        guard service.router.match(request.head.path).endpoint != nil else {
            let redirect = PathRedirect(exchange: exchange, end: .unknown)
            let response = exchange.finish(try redirect.reply())
            return preparing(bucket) { _ in response }
        }
        let body = body.forDefaultBucket(bucket, at: subpath)
        return preceding(service.plan(request, body: body, as: exchange), bucket)
    }

    /// The plan of the request in its bucket, which is made before it if need be.
    private func preceding(_ plan: Plan, _ bucket: String) -> Plan {
        switch plan {
        case .answer(let response): return preparing(bucket) { _ in self.outside(response) }
        case .read(let answer): return preparing(bucket) { self.outside(try answer($0)) }
        case .write(let answer):
            return .write { transaction in
                if let refusal = try self.prepare(bucket, transaction) { return refusal }
                do {
                    return try transaction.attempt { try answer(transaction) }
                } catch let refusal as Refusal {
                    return self.outside(refusal.response)
                }
            }
        case .verify(let login, let then):
            return .verify(login) { preceding(then($0), bucket) }
        }
    }

    /// The answer as the client gets it: what the reference refuses before it has looked at the
    /// resource, it refuses here without the fields of the resource.
    private func outside(_ response: HTTPResponse) -> HTTPResponse {
        switch response.status {
        case 403: exchange.finish(APIError.forbidden.reply)
        case 405:
            exchange.finish(
                APIError.methodNotAllowed(allowed: response.fields["Allow"]).reply)
        case _: response
        }
    }

    /// The plan of a request that reads once all is there.
    private func preparing(
        _ bucket: String, _ answer: @escaping @Sendable (any StorageReader) throws -> HTTPResponse
    ) -> Plan {
        .read { reader in try self.prepare(bucket, reader) ?? answer(reader) }
    }

    /// Makes the bucket and the collection, unless they are there or the request itself makes them.
    ///
    /// - Returns: The refusal of an id that no collection can have.
    /// - Throws: `StorageError.requiresWrite` if there is something to be made in a transaction
    ///   that only reads.
    private func prepare(_ bucket: String, _ reader: any StorageReader) throws -> HTTPResponse? {
        let isPut = exchange.method == .put
        if !(isPut && subpath.isEmpty) { try make(bucket, in: .buckets, reader) }
        guard subpath.count > 1, subpath[0] == ResourceKind.collection.plural else { return nil }
        let collection = subpath[1]
        if collection.isEmpty || isPut && subpath.count == 2 { return nil }
        guard ResourceID.isValid(collection) else {
            let error = APIError.invalid(.path, nil, "Invalid collection id")
            return exchange.finish(error.reply)
        }
        try make(collection, in: .collections(bucket: bucket), reader)
        return nil
    }

    private func make(_ id: String, in list: ListAddress, _ reader: any StorageReader) throws {
        if try reader.object(id, in: list.list) != nil { return }
        guard let transaction = reader as? any StorageTransaction else {
            throw StorageError.requiresWrite
        }
        let members = JSONObject()
        let stored = try transaction.put(id, members: members, timestamp: nil, in: list.list)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        try writer.store(nil, of: stored, .create, replacesAll: true, members: members)
    }

    /// The body, which the path of the client has no endpoint to read.
    private var body: RequestBody {
        if exchange.isSubrequest { return exchange.body }
        return exchange.request.hasJSONBody ? RequestBody(exchange.request.body) : .none
    }

    /// The request for the same in the bucket of that id.
    private func request(in bucket: String) -> HTTPRequest {
        var request = exchange.request
        let path = ([Router.prefix, "buckets", bucket] + subpath.map(DefaultBucketEndpoint.encode))
            .joined(separator: "/")
        let query = request.head.query
        request.head.target = query.isEmpty ? path : "\(path)?\(query)"
        return request
    }

    private static func encode(_ segment: String) -> String {
        PercentEncoding.encode(segment, for: .path)
    }
}

extension Identity {
    /// The id of the user's own bucket, in the form of a UUID; nil for the anonymous.
    func defaultBucket(_ settings: KintoSettings) -> String? {
        guard let userID else { return nil }
        let key = Array(settings.defaultBucketSecret.utf8)
        let digest = Digest.hmacSHA256(key: key, message: Array(userID.utf8))
        return Digest.uuid(digest)
    }
}

extension RequestBody {
    /// The body for the bucket of that id: none means no members, and the alias as the id of the
    /// bucket itself means that id.
    fileprivate func forDefaultBucket(_ bucket: String, at subpath: [String]) -> RequestBody {
        if isNone { return RequestBody(JSONObject([("data", [:])])) }
        guard subpath.isEmpty, givenID?.string == DefaultBucketEndpoint.alias,
            var members = json?.object, var data = members["data"]?.object
        else { return self }
        data["id"] = .string(bucket)
        members["data"] = .object(data)
        return RequestBody(members)
    }
}
