// SPDX-License-Identifier: MIT
//
// Changesets: the metadata of a collection and what changed in it since a timestamp, in one answer.

import Core
import Storage
import Wire

/// Answers requests for the changeset of a collection, or of the monitor feed.
struct ChangesetEndpoint: Sendable {
    /// The request.
    let exchange: Exchange
    /// The collection.
    let path: CollectionPath

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws -> Plan {
        guard exchange.method == .get || exchange.method == .head else {
            throw APIError.methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
        guard path == .monitorChanges else {
            return try collection(service)
        }
        let parameters = try Parameters(exchange)
        let redirect = try ChangesRedirect(exchange)
        if let early = redirect.unquotedExpected() ?? redirect.reply() {
            return .answer(exchange.finish(early))
        }
        return try service.showing(exchange) { try self.monitor(parameters, $0) }
    }

    private func monitor(_ parameters: Parameters, _ shown: ShownEntries) throws -> Reply {
        let timestamp = shown.timestamp ?? exchange.now
        let limit = parameters.limit(exchange.settings)
        let selected = shown.entries.lazy.filter { entry in
            if let since = parameters.since, entry.timestamp <= since { return false }
            if let bucket = parameters.bucket, entry.change.path.bucket != bucket { return false }
            if let collection = parameters.collection,
                entry.change.path.collection != collection
            {
                return false
            }
            return true
        }
        let objects = selected.prefix(limit).map {
            StoredObject(id: $0.id, timestamp: $0.timestamp, isTombstone: false, json: $0.json)
        }
        let changeset = RenderedChangeset(
            metadata: named(JSONObject()), lastModified: timestamp, timestamp: timestamp,
            since: parameters.since, changes: Array(objects))
        return reply(
            PollMemory.Answer(
                body: exchange.service.polls.shared(changeset.body, at: exchange.pollAddress),
                lastModified: timestamp))
    }

    /// The answer that is remembered, or the plan that reads it.
    private func collection(_ service: KintoService) throws -> Plan {
        // Before anything is read: what is written after that moves them.
        let changes = service.changes
        let stamp = PollMemory.Stamp(
            collection: changes.stamp(of: path), access: changes.accessChanges)
        let polls = service.polls
        // What a part of a batch shows, another part may have written just before.
        if !exchange.isSubrequest,
            polls.mayRead(exchange.identity.viewer, path, at: stamp.access)
        {
            let question = question(try Parameters(exchange))
            if let answer = polls.answer(question, at: stamp.collection) {
                return .answer(exchange.finish(reply(answer)))
            }
        }
        return service.reading(exchange) { try self.collection(polls, stamp, $0) }
    }

    private func question(_ parameters: Parameters) -> PollMemory.Question {
        PollMemory.Question(
            path: path, since: parameters.since, limit: parameters.limit(exchange.settings))
    }

    private func collection(
        _ memory: PollMemory, _ stamp: PollMemory.Stamp, _ reader: any StorageReader
    ) throws -> Reply {
        let collections = ListAddress.collections(bucket: path.bucket)
        let authorization = try Authorization(
            exchange.identity, settings: .ungranted(exchange.settings), reader: reader)
        try authorization.require(
            RequiredPermission(action: .read, list: collections, id: path.collection))
        let parameters = try Parameters(exchange)
        guard let metadata = try reader.object(path.collection, in: collections.list) else {
            throw APIError.unknownPath
        }
        let records = ListAddress.records(path)
        let timestamp = try ListTimestamp.ensure(records, reader: reader)
        let question = question(parameters)
        var query = ObjectQuery(records.list)
        query.after = question.since
        query.includesTombstones = question.since != nil
        query.limit = question.limit
        var changes: [StoredObject] = []
        try reader.visit(query) { object in
            changes.append(object)
            return true
        }
        let changeset = RenderedChangeset(
            metadata: named(try StoredRecord.parse(metadata)), lastModified: metadata.timestamp,
            timestamp: timestamp, since: question.since, changes: changes)
        let answer = PollMemory.Answer(
            body: changeset.body, lastModified: changeset.lastModified)
        // What a write transaction shows may still be undone.
        if !(reader is any StorageTransaction) {
            memory.noteReader(exchange.identity.viewer, path, at: stamp.access)
            memory.keep(answer, for: question, at: stamp.collection)
            if question.limit == Parameters.limitMax(exchange.settings) {
                memory.keep(changeset, of: path, at: stamp.collection)
            }
        }
        return reply(answer)
    }

    /// The metadata with what every changeset has.
    private func named(_ metadata: JSONObject) -> JSONObject {
        var metadata = metadata
        metadata["bucket"] = .string(path.bucket)
        return metadata
    }

    private func reply(_ answer: PollMemory.Answer) -> Reply {
        var reply = Reply(rendered: answer.body)
        reply.setLastModified(answer.lastModified)
        ChangesCache(exchange: exchange, path: path).apply(to: &reply)
        return reply
    }
}

/// The parameters of a changeset.
private struct Parameters: Sendable {
    /// `_since`.
    let since: Timestamp?
    /// `_limit`, as given.
    private let limit: Int64?
    /// `bucket`.
    let bucket: String?
    /// `collection`.
    let collection: String?

    /// The first millisecond of the year 2100: a later `_since` is a mistake.
    private static let sinceMax: Int64 = 4_102_444_800_000

    init(_ exchange: Exchange) throws(APIError) {
        let query = try RequestQuery(exchange.request.head.query)
        var errors = ValidationErrors()
        exchange.corsPolicy.check(exchange.request, &errors)
        _ = exchange.body.value(&errors)
        if query["_expected"]?.values[0].isEmpty ?? true {
            errors.add(.query, "_expected", "Required")
        }
        since = Parameters.since(query["_since"], &errors)
        limit = Parameters.limit(query["_limit"], &errors)
        bucket = Parameters.text(query["bucket"])
        collection = Parameters.text(query["collection"])
        try errors.check()
    }

    /// How many changes are told.
    func limit(_ settings: KintoSettings) -> Int {
        let most = Parameters.limitMax(settings)
        guard let limit, limit > 0 else { return most }
        return min(Int(clamping: limit), most)
    }

    /// How many changes are told at most.
    static func limitMax(_ settings: KintoSettings) -> Int {
        min(settings.paginateBy ?? settings.fetchObjectsMax, settings.fetchObjectsMax)
    }

    private static func text(_ parameter: RequestQuery.Parameter?) -> String? {
        guard let text = parameter?.values[0], !text.isEmpty else { return nil }
        return text
    }

    private static func since(
        _ parameter: RequestQuery.Parameter?, _ errors: inout ValidationErrors
    ) -> Timestamp? {
        guard let text = text(parameter) else { return nil }
        let isQuoted = text.utf8.count > 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
        let digits = isQuoted ? text.utf8.dropFirst().dropLast() : text.utf8[...]
        guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
            errors.add(
                .query, "_since",
                "The value should be integer, optionally between double quotes.")
            return nil
        }
        let number = DecimalNumber.parse(digits, digitsMax: 18) ?? .max
        guard number <= sinceMax else {
            errors.add(
                .query, "_since",
                "\(String(Substring(digits))) is greater than maximum value \(sinceMax)")
            return nil
        }
        return Timestamp(milliseconds: number)
    }

    private static func limit(
        _ parameter: RequestQuery.Parameter?, _ errors: inout ValidationErrors
    ) -> Int64? {
        guard let parameter else { return nil }
        switch QueryInteger.read(parameter) {
        case .absent: return nil
        case .value(let value): return value
        case .invalid(let description):
            errors.add(.query, "_limit", description)
            return nil
        }
    }
}

extension KintoSettings {
    /// The settings without grants: the changeset follows the permissions of the collection alone.
    fileprivate static func ungranted(_ settings: KintoSettings) -> KintoSettings {
        var settings = settings
        settings.principals = [:]
        return settings
    }
}
