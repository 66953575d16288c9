// SPDX-License-Identifier: MIT
//
// A plural endpoint sorted by time, oldest first, shows an object that changes meanwhile once more
// at the end, and the tombstone of one that is deleted too. So what was read in this order up to a
// timestamp is all that the list had at that timestamp, and an interrupted reading can go on.
//
// Plural endpoints do not show permissions; objects do. So each object is asked for, as many in one
// request as the source's batch endpoint takes.

import Core
import Wire

/// The Kinto that an import reads from.
final class KintoSource {
    /// Timestamp and size of a list.
    struct Head: Equatable {
        /// The list's timestamp.
        let timestamp: Timestamp
        /// How many live objects it has.
        let count: Int
    }

    /// What the source tells of a list.
    enum ListState {
        /// It is there.
        case present(Head)
        /// It does not exist (any more).
        case missing
        /// The user may not read it.
        case refused(ImportFailure)
    }

    /// A part of a list, oldest first.
    struct Page {
        /// Objects and tombstones, with all their members or only the asked-for ones.
        let objects: [JSONObject]
        /// The list's timestamp when the page was read.
        let timestamp: Timestamp
        /// The query of the next page, nil if this is the last.
        let next: String?
    }

    /// An object with its permissions.
    struct Object {
        /// Its members, `id` and `last_modified` included.
        let members: JSONObject
        /// The principals of each permission; empty if the user may not see them.
        let permissions: [String: Set<String>]
    }

    /// The version that the source calls itself.
    let version: String
    /// The id of the user that the source sees, nil if it sees none.
    let userID: String?
    /// Whether `monitor/changes` is made by the source and no collection.
    let servesChanges: Bool
    /// Whether it has accounts, and a user who may see some.
    let showsAccounts: Bool
    private let client: HTTPClient
    private let path: String
    private let batchMax: Int

    /// Asks the source what it is.
    ///
    /// - Throws: `ImportFailure`.
    init(_ client: HTTPClient, path: String) throws(ImportFailure) {
        self.client = client
        self.path = path
        let answer = try KintoSource.send(client, .get, path + "/")
        if (300..<400).contains(answer.status) {
            throw .notKinto("it is at \(answer.fields["Location"] ?? "another address")")
        }
        guard answer.status != 401, answer.status != 403 else {
            throw .refused(what: path, status: answer.status, isAnonymous: false)
        }
        guard let root = try? JSONParser.parse(answer.body).object,
            root["http_api_version"] != nil
        else { throw .notKinto("\(path)/ answered \(answer.status)") }
        version = root["project_version"]?.string ?? "?"
        userID = root["user"]?.object?["id"]?.string
        servesChanges = root["capabilities"]?.object?["changes"] != nil
        showsAccounts = userID != nil && root["capabilities"]?.object?["accounts"] != nil
        let told = root["settings"]?.object?["batch_max_requests"]?.integer
        batchMax = Int(min(max(1, told ?? 1), Int64(Limits.importBatchRequestsMax)))
    }

    /// What the source tells of each list.
    ///
    /// - Throws: `ImportFailure`.
    func heads(of lists: [ImportedList]) throws(ImportFailure) -> [ListState] {
        var heads: [ListState] = []
        for (list, part) in try batch("HEAD", lists.map(\.uri)).enumerated() {
            heads.append(try head(part, of: lists[list]))
        }
        return heads
    }

    /// A page of a list, with tombstones, sorted by time.
    ///
    /// - Parameter query: What a page before named as its next, or that of `pageQuery`.
    /// - Returns: Nil if the list does not exist (any more).
    /// - Throws: `ImportFailure`.
    func page(of list: ImportedList, query: String) throws(ImportFailure) -> Page? {
        let answer = try KintoSource.send(client, .get, "\(path)\(list.uri)?\(query)")
        if answer.status == 404 { return nil }
        try check(answer.status, list.uri)
        guard let body = try? JSONParser.parse(answer.body).object, let data = body["data"]?.array,
            let timestamp = answer.fields["ETag"].flatMap({ Timestamp(quotedOrNot: $0) })
        else { throw .unexpected("\(list.uri) is no list with an ETag") }
        // The source's address of itself may lead elsewhere; only what it asks for counts.
        let next = answer.fields["Next-Page"].flatMap { url in
            url.firstIndex(of: "?").map { String(url[url.index(after: $0)...]) }
        }
        return Page(objects: data.compactMap(\.object), timestamp: timestamp, next: next)
    }

    /// The query of a list's first page.
    ///
    /// - Parameters:
    ///   - timestamp: Only what is newer, tombstones too; nil for all that lives.
    ///   - isWhole: Whether objects come with all their members, or only with what identifies them.
    ///   - onlyTombstones: Whether only tombstones are wanted.
    static func pageQuery(
        after timestamp: Timestamp?, isWhole: Bool, onlyTombstones: Bool = false
    ) -> String {
        var query = "_sort=last_modified,id&_limit=\(Limits.importPageObjects)"
        if let timestamp { query += "&_since=\(timestamp)" }
        if !isWhole { query += "&_fields=id,last_modified,deleted" }
        if onlyTombstones { query += "&deleted=true" }
        return query
    }

    /// Objects by id, with their permissions; those that do not exist (any more) are absent.
    ///
    /// - Throws: `ImportFailure`.
    func objects(_ ids: [String], of list: ImportedList) throws(ImportFailure) -> [String: Object] {
        var objects: [String: Object] = [:]
        for (index, part) in try batch("GET", ids.map(list.uri(of:))).enumerated() {
            let uri = list.uri(of: ids[index])
            let status = Int(part["status"]?.integer ?? 0)
            if status == 404 { continue }
            try check(status, uri)
            guard let body = part["body"]?.object, let members = body["data"]?.object else {
                throw .unexpected("\(uri) is no object")
            }
            var permissions: [String: Set<String>] = [:]
            for (name, principals) in body["permissions"]?.object?.members ?? [] {
                permissions[name] = Set((principals.array ?? []).compactMap(\.string))
            }
            objects[ids[index]] = Object(members: members, permissions: permissions)
        }
        return objects
    }

    private func head(
        _ part: JSONObject, of list: ImportedList
    ) throws(ImportFailure) -> ListState {
        let status = Int(part["status"]?.integer ?? 0)
        if status == 404 { return .missing }
        if status == 401 || status == 403 {
            let isAnonymous = userID == nil
            return .refused(.refused(what: list.uri, status: status, isAnonymous: isAnonymous))
        }
        try check(status, list.uri)
        var fields = HTTPFields()
        for (name, value) in part["headers"]?.object?.members ?? [] {
            fields.append(name, value.string ?? "")
        }
        let count = fields["Total-Objects"] ?? fields["Total-Records"]
        guard let timestamp = fields["ETag"].flatMap({ Timestamp(quotedOrNot: $0) }),
            let count = count.flatMap({ DecimalNumber.parse($0.utf8, digitsMax: 18) })
        else { throw .unexpected("\(list.uri) has no ETag or no Total-Objects") }
        return .present(Head(timestamp: timestamp, count: Int(count)))
    }

    /// Sends requests without a body, as many at once as the source takes; a part's failure that
    /// may pass makes its whole request be sent again.
    private func batch(_ method: String, _ uris: [String]) throws(ImportFailure) -> [JSONObject] {
        var parts: [JSONObject] = []
        while parts.count < uris.count {
            let some = uris[parts.count...].prefix(batchMax)
            let requests = some.map { uri in
                JSONObject([("method", .string(method)), ("path", .string(uri))])
            }
            let body = JSONObject([("requests", .array(requests.map { .object($0) }))])
            var responses: [JSONValue] = []
            let answer = try KintoSource.send(
                client, .post, path + "/batch", body: JSONWriter.bytes(.object(body))
            ) { answer in
                let members = (try? JSONParser.parse(answer.body))?.object
                responses = members?["responses"]?.array ?? []
                let statuses = responses.map { Int($0.object?["status"]?.integer ?? 0) }
                return statuses.first(where: HTTPClient.mayPass)
            }
            try check(answer.status, "/batch")
            guard responses.count == some.count else {
                throw .unexpected("\(responses.count) answers to \(some.count) requests in a batch")
            }
            parts += responses.map { $0.object ?? JSONObject() }
        }
        return parts
    }

    private func check(_ status: Int, _ what: String) throws(ImportFailure) {
        switch status {
        case 200: return
        case 401, 403:
            throw .refused(what: what, status: status, isAnonymous: userID == nil)
        case _: throw .unexpected("\(what): status \(status)")
        }
    }

    private static func send(
        _ client: HTTPClient, _ method: HTTPMethod, _ target: String, body: [UInt8] = [],
        failure: (HTTPAnswer) -> Int? = { _ in nil }
    ) throws(ImportFailure) -> HTTPAnswer {
        do {
            return try client.send(method, target, body: body, failure: failure)
        } catch {
            throw .unreachable(error.description)
        }
    }
}
