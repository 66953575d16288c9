// SPDX-License-Identifier: MIT
//
// The virtual list `monitor/changes`: the entries of the monitored collections as records. Nothing
// of it is in the storage; the hub has it.

import Core
import Storage
import Wire

/// Answers requests for `monitor/changes/records`.
struct MonitorEndpoint: Sendable {
    /// The request.
    let exchange: Exchange

    /// What the entries' members are called.
    private static let knownFields: Set<String> = [
        "host", "bucket", "collection", "id", "last_modified", "deleted",
    ]

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without looking at the entries.
    func plan(_ service: KintoService) throws -> Plan {
        guard exchange.method == .get || exchange.method == .head else {
            throw APIError.methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
        try exchange.requireAcceptsJSON()
        if let early = try ChangesRedirect(exchange).reply() {
            return .answer(exchange.finish(early))
        }
        let request = try ListRequest(
            exchange, known: .only(MonitorEndpoint.knownFields), allowsFields: true)
        return try service.showing(exchange) { try self.reply(request, $0) }
    }

    private func reply(_ request: ListRequest, _ shown: ShownEntries) throws -> Reply {
        let cache = ChangesCache(exchange: exchange, path: .monitorChanges)
        let timestamp = shown.timestamp ?? exchange.now
        if request.preconditions.isUnmodified(timestamp) {
            // An entry has more than a hundred bytes.
            let isLong = shown.entries.count * 100 >= Limits.compressedBodyBytesMin
            return notModified(timestamp, cache, isLong: isLong)
        }
        try request.preconditions.check(exists: true, timestamp: timestamp, existing: nil)
        let query = try request.query()
        let token = try request.token()
        let list = ListAddress.records(.monitorChanges)
        let selection = ListSelection(query, of: list.list, sharedIDs: nil, token: token)
        let page = try selection.page(EntryList(shown.entries).visit)
        let answer = PluralAnswer(exchange: exchange, path: list.uri, query: query)
        var reply = try answer.reply(page: page, token: token, timestamp: timestamp)
        reply.share(in: exchange.service.polls, at: exchange.pollAddress)
        CacheControl(exchange: exchange).applyToChanges(&reply)
        cache.apply(to: &reply)
        return reply
    }

    /// The answer to a client that has the list.
    ///
    /// - Parameter isLong: Whether the whole list is one that clients may get compressed, which
    ///   caches are told with this answer, too (RFC 9110, section 15.4.5).
    private func notModified(
        _ timestamp: Timestamp, _ cache: ChangesCache, isLong: Bool
    ) -> Reply {
        guard exchange.settings.notModifiedStatus == 200 else {
            var reply = PluralAnswer.notModified(timestamp)
            reply.variesByCoding = isLong
            cache.apply(to: &reply)
            return reply
        }
        var reply = Reply(jsonBytes: ListRendering.wrap(Array("[]".utf8)))
        reply.setTimestamp(timestamp)
        CacheControl(exchange: exchange).applyToChanges(&reply)
        cache.apply(to: &reply)
        return reply
    }
}

extension CacheControl {
    /// Sets what the list of changes has before its own settings are looked at.
    fileprivate func applyToChanges(_ reply: inout Reply) {
        let seconds = exchange.settings.cacheSeconds["changes_cache_expires_seconds"] ?? 0
        if exchange.identity.isAnonymous, seconds > 0 {
            reply.setCache(seconds: seconds, now: exchange.now)
        } else {
            reply.setUncached()
        }
    }
}
