// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Answers requests for `/permissions`: the list of what the user was granted.
struct PermissionsEndpoint: Sendable {
    /// The request.
    let exchange: Exchange

    /// Where the list is.
    static let path = "/permissions"

    /// What the list is called in settings, and in the storage, which keeps its timestamp.
    private static let name = "permissions"
    private static let list = ResourceList(parent: "", resource: name)

    /// What the members of entries are called in queries: `permissions` is none of them.
    private static let knownFields = KnownFields.only([
        "uri", "resource_name", "bucket_id", "collection_id", "group_id", "record_id", "id",
        "last_modified", "deleted",
    ])

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        try exchange.requireAcceptsJSON()
        let request = try ListRequest(
            exchange, known: PermissionsEndpoint.knownFields, allowsFields: true)
        return service.reading(exchange) { reader in
            // The timestamp is that of the first request: no write moves it, as in the reference.
            let timestamp = try ListTimestamp.ensure(PermissionsEndpoint.list, reader: reader)
            return try self.reply(request, timestamp: timestamp, reader: reader)
        }
    }

    private func reply(
        _ request: ListRequest, timestamp: Timestamp, reader: any StorageReader
    ) throws -> Reply {
        try request.preconditions.check(
            exists: true, timestamp: Timestamp(milliseconds: 0), existing: nil)
        let query = PermissionsEndpoint.untimed(try request.query())
        let token = try request.token()
        let entries = PermissionEntries(
            settings: exchange.settings, router: exchange.service.router, reader: reader,
            principals: try exchange.identity.principals(reader))
        let objects = try entries.all()
        let selection = ListSelection(query, ofEntriesOf: PermissionsEndpoint.list, token: token)
        let visit: ListSelection.Visitor = { _, body in
            for object in objects where try !body(object) { return }
        }
        let isHead = exchange.method == .head
        let answer = PluralAnswer(
            exchange: exchange, path: PermissionsEndpoint.path, query: query)
        var reply = try answer.reply(
            page: isHead ? [] : selection.page(visit), token: token, timestamp: timestamp)
        if isHead { reply.setTotal(try selection.count(visit)) }
        CacheControl(exchange: exchange).apply(to: &reply, resource: PermissionsEndpoint.name)
        return reply
    }

    /// The query without timestamps, which entries do not have, and in an order without equals.
    private static func untimed(_ query: ListQuery) -> ListQuery {
        var query = query
        query.filters.removeAll { $0.field == "last_modified" }
        query.sorting.removeAll { $0.field == "last_modified" }
        if !query.sorting.contains(where: { $0.field == "uri" }) {
            query.sorting.append(SortKey(field: "uri", isDescending: true))
        }
        return query
    }
}
