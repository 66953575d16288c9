// SPDX-License-Identifier: MIT
//
// The virtual list `monitor/changes`: the entries of the monitored collections as records. Nothing
// of it is in the storage; the hub has it.

import Core
import Storage
import Wire

/// Answers requests for `monitor/changes/records`.
struct MonitorEndpoint {
    /// The request.
    let exchange: Exchange
    /// The entries.
    let source: any ChangesSource

    /// What the entries' members are called.
    private static let knownFields: Set<String> = [
        "host", "bucket", "collection", "id", "last_modified", "deleted",
    ]

    /// The answer.
    ///
    /// - Throws: `APIError`.
    func reply() throws -> Reply {
        guard exchange.method == .get || exchange.method == .head else {
            throw APIError.methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
        try exchange.requireAcceptsJSON()
        let cache = ChangesCache(exchange: exchange, path: .monitorChanges)
        if let early = try ChangesRedirect(exchange).reply() { return early }
        let request = try ListRequest(
            exchange, known: .only(MonitorEndpoint.knownFields), allowsFields: true)
        let (entries, newest) = source.monitoredEntries()
        let timestamp = newest ?? exchange.now
        if request.preconditions.isUnmodified(timestamp) { return notModified(timestamp, cache) }
        try request.preconditions.check(exists: true, timestamp: timestamp, existing: nil)
        let query = try request.query()
        let token = try request.token()
        let list = ListAddress.records(.monitorChanges)
        let selection = ListSelection(query, of: list.list, sharedIDs: nil, token: token)
        let page = try selection.page(EntryList(entries).visit)
        let answer = PluralAnswer(exchange: exchange, path: list.uri, query: query)
        var reply = try answer.reply(page: page, token: token, timestamp: timestamp)
        CacheControl(exchange: exchange).applyToChanges(&reply)
        cache.apply(to: &reply)
        return reply
    }

    private func notModified(_ timestamp: Timestamp, _ cache: ChangesCache) -> Reply {
        guard exchange.settings.notModifiedStatus == 200 else {
            var reply = PluralAnswer.notModified(timestamp)
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

/// Entries that can be visited as stored objects are.
struct EntryList {
    private let objects: [StoredObject]

    /// Makes a list of entries, newest first.
    ///
    /// - Complexity: O(*n*).
    init(_ entries: [Entry]) {
        objects = entries.map {
            StoredObject(id: $0.id, timestamp: $0.timestamp, isTombstone: false, json: $0.json)
        }
    }

    /// Visits the entries that `query` asks for, as `StorageReader.visit` does.
    ///
    /// - Complexity: O(*n*), or O(*n* log *n*) by id.
    func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) throws {
        var found = objects.filter { object in
            if let after = query.after, object.timestamp <= after { return false }
            if let before = query.before, object.timestamp >= before { return false }
            return query.ids?.contains(object.id) ?? true
        }
        found.sort { left, right in
            let ids = ValueOrder.compareBytes(left.id, right.id)
            switch query.order {
            case .newestFirst:
                return left.timestamp == right.timestamp
                    ? ids > 0 : left.timestamp > right.timestamp
            case .oldestFirst:
                return left.timestamp == right.timestamp
                    ? ids < 0 : left.timestamp < right.timestamp
            case .byID: return ids < 0
            }
        }
        for object in found.prefix(query.limit ?? .max) where try !visit(object) { return }
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

/// How long answers of the changes endpoints may be kept.
struct ChangesCache {
    /// The request.
    let exchange: Exchange
    /// The collection whose changes are told.
    let path: CollectionPath

    /// Sets the fields, if a setting says so.
    ///
    /// A client that names what it expects gets an answer of its own, which may be kept longer;
    /// but not one that expects nothing in particular.
    func apply(to reply: inout Reply) {
        let settings = exchange.settings.cacheSeconds
        let prefix = "\(path.bucket).\(path.collection).record_cache"
        let usual = settings["\(prefix)_expires_seconds"]
        let expected = (try? RequestQuery(exchange.request.head.query))?["_expected"]?.values[0]
        var seconds = usual
        if let expected, !expected.isEmpty {
            let isAnything = expected == "0" || expected.hasPrefix("9999")
            let name = isAnything ? "minimum" : "maximum"
            seconds = settings["\(prefix)_\(name)_expires_seconds"] ?? usual
        }
        if seconds == nil {
            let others = [
                "\(path.bucket).record_cache_expires_seconds", "record_cache_expires_seconds",
            ]
            seconds = others.lazy.compactMap { settings[$0] }.first { $0 > 0 }
        }
        if let seconds { reply.setCache(seconds: seconds, now: exchange.now) }
    }
}

/// Answers of the monitor endpoints that need nothing but the query: they keep the number of
/// different addresses small, which is what caches in front of the server live on.
struct ChangesRedirect {
    private let exchange: Exchange
    private let query: RequestQuery

    /// Makes the answers for a request.
    ///
    /// - Throws: `APIError`, a 400 if the query cannot be decoded.
    init(_ exchange: Exchange) throws(APIError) {
        self.exchange = exchange
        query = try RequestQuery(exchange.request.head.query)
    }

    /// 204 to a client that expects less than it has; 307 to one that has not asked for long.
    func reply() -> Reply? {
        guard let since = number("_since") else { return nil }
        let expected = query["_expected"] == nil ? 0 : number("_expected")
        let seconds = exchange.settings.sinceRedirectSeconds
        if let expected, expected > 0, expected < since {
            var reply = Reply(status: 204)
            reply.isRaised = true
            if seconds >= 0 { reply.setCache(seconds: seconds, now: exchange.now) }
            return reply
        }
        let days = exchange.settings.sinceDaysMax
        guard days >= 0 else { return nil }
        let oldest = exchange.now.milliseconds - Int64(days) * 86_400_000
        guard since < oldest else { return nil }
        return .redirect(
            to: address(query.encoded(dropping: ["_since"])), seconds: seconds,
            now: exchange.now)
    }

    /// 307 to a client that quotes what it expects.
    func unquotedExpected() -> Reply? {
        guard let expected = query["_expected"]?.values[0], expected.contains("\"") else {
            return nil
        }
        let unquoted = expected.filter { $0 != "\"" }
        let text = query.encoded(dropping: ["_expected"], adding: [("_expected", unquoted)])
        return .redirect(to: address(text), seconds: -1, now: exchange.now)
    }

    /// A number with any quotes around it.
    private func number(_ name: String) -> Int64? {
        guard let text = query[name]?.values[0] else { return nil }
        var digits = text[...]
        while digits.first == "\"" { digits = digits.dropFirst() }
        while digits.last == "\"" { digits = digits.dropLast() }
        return DecimalNumber.parse(digits.utf8, digitsMax: 18)
    }

    private func address(_ query: String) -> String {
        let settings = exchange.settings
        let host =
            settings.changesHost ?? settings.httpHost ?? exchange.request.head.fields["Host"]
            ?? "localhost"
        let address = "\(settings.httpScheme ?? "https")://\(host)\(exchange.request.head.path)"
        return query.isEmpty ? address : "\(address)?\(query)"
    }
}
