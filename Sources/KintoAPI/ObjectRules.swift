// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// The timestamps that clients choose for objects.
enum ChosenTimestamp {
    /// A timestamp further from 1970 than this, in milliseconds, is a mistake: the year 33658.
    private static let millisecondsMax: Int64 = 1_000_000_000_000_000

    /// The timestamp that `members` choose, nil if none, or one that has passed for `existing`.
    ///
    /// - Throws: `APIError`, a 400, for one beyond all time.
    static func of(
        _ members: JSONObject, replacing existing: StoredObject?
    ) throws(APIError) -> Timestamp? {
        guard case .number(let number)? = members["last_modified"], isInteger(number) else {
            return nil
        }
        guard let milliseconds = number.integer, milliseconds > -millisecondsMax,
            milliseconds < millisecondsMax
        else {
            throw .invalid(
                .body, "last_modified", "\(number.spelling) is not a timestamp in milliseconds")
        }
        let timestamp = Timestamp(milliseconds: milliseconds)
        if let existing, timestamp <= existing.timestamp { return nil }
        return timestamp
    }

    /// The timestamp that a query chooses for a deletion, nil if none or one that has passed.
    ///
    /// - Throws: `APIError`, a 400, for what is no timestamp.
    static func of(
        _ query: RequestQuery, deleting object: StoredObject
    ) throws(APIError) -> Timestamp? {
        guard let parameter = query["last_modified"] else { return nil }
        let text = parameter.values[0]
        if text.isEmpty || text == "null" { return nil }
        guard parameter.values.count == 1, let timestamp = Timestamp(quotedOrNot: text),
            abs(timestamp.milliseconds) < millisecondsMax
        else {
            throw .invalid(.query, "last_modified", "Invalid value for last_modified")
        }
        return timestamp <= object.timestamp ? nil : timestamp
    }

    private static func isInteger(_ number: JSONNumber) -> Bool {
        !number.spelling.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    }
}

/// The timestamps of lists.
enum ListTimestamp {
    /// The timestamp of a list; one that has none gets it now.
    ///
    /// - Throws: `StorageError.requiresWrite` if it has none and the transaction only reads.
    static func ensure(_ list: ListAddress, reader: any StorageReader) throws -> Timestamp {
        if let timestamp = try reader.timestamp(of: list.list) { return timestamp }
        guard let transaction = reader as? any StorageTransaction else {
            throw StorageError.requiresWrite
        }
        return try transaction.ensureTimestamp(of: list.list)
    }
}

/// The collection that records are in.
enum ParentCollection {
    /// The collection of a list of records; nil for other lists.
    ///
    /// - Throws: `APIError`, a 404, if it does not exist; `StorageError`.
    @discardableResult
    static func require(of list: ListAddress, reader: any StorageReader) throws -> StoredObject? {
        guard case .records(let path) = list else { return nil }
        let collections = ListAddress.collections(bucket: path.bucket)
        guard let collection = try reader.object(path.collection, in: collections.list) else {
            throw APIError.notFound(id: path.collection, kind: .collection, isParent: true)
        }
        return collection
    }
}

/// What is checked in every request for objects before its method is looked at.
struct RequestValidation {
    private let exchange: Exchange

    /// Makes the checks of a request.
    init(_ exchange: Exchange) {
        self.exchange = exchange
    }

    /// Reads the preconditions and checks origin and, where the method has none, body.
    func preconditions(_ errors: inout ValidationErrors) -> Preconditions {
        exchange.corsPolicy.check(exchange.request, &errors)
        switch exchange.method {
        case .put, .patch, .post: break
        case _:
            if exchange.hasJSONBody { _ = RequestBody.value(exchange.request.body, &errors) }
        }
        return Preconditions(exchange.request.head.fields, errors: &errors)
    }
}

/// Changes in the form of RFC 7396.
enum MergePatch {
    /// Merges `changes` into `object`: objects member by member, null removes.
    ///
    /// - Complexity: O(size of both); as deep as `changes`, which is limited.
    static func apply(_ changes: JSONObject, to object: inout JSONObject) {
        for (key, value) in changes.members {
            switch value {
            case .null: object[key] = nil
            case .object(let inner):
                var merged = object[key]?.object ?? JSONObject()
                apply(inner, to: &merged)
                object[key] = .object(merged)
            case .bool, .number, .string, .array: object[key] = value
            }
        }
    }
}

/// Writes what goes with an object beside its members.
struct ObjectWriter {
    /// The request.
    let exchange: Exchange
    /// The list that the object is in.
    let list: ListAddress
    /// Where it is written.
    let transaction: any StorageTransaction

    /// Stores the permissions of an object that was just written, and a group's members.
    ///
    /// - Parameters:
    ///   - given: The permissions in the body; a nil value removes.
    ///   - replacesAll: Whether permissions that are not given are removed.
    func store(
        _ given: [String: Set<String>?]?, of object: StoredObject, replacesAll: Bool,
        members: JSONObject
    ) throws {
        let uri = list.uri(of: object.id)
        let before = try transaction.permissions(of: uri)
        var permissions = before
        let isMerge = exchange.mediaType == "application/merge-patch+json"
        let set = (given ?? [:]).filter { isMerge || $0.value != nil }
        if replacesAll, !set.isEmpty { permissions = [:] }
        for (name, principals) in set { permissions[name] = principals ?? [] }
        if exchange.settings.hasExplicitPermissions {
            permissions["write", default: []].insert(exchange.identity.owner)
        }
        if permissions != before {
            for name in before.keys where permissions[name] == nil { permissions[name] = [] }
            try transaction.setPermissions(permissions, of: uri)
        }
        if list.kind == .group {
            let principals = (members["members"]?.array ?? []).compactMap(\.string)
            try transaction.setMembers(of: uri, to: Set(principals))
        }
    }

    /// Deletes an object with everything below it and all that goes with it.
    ///
    /// - Returns: Its tombstone, or nil if there is no such object.
    func delete(_ id: String, timestamp: Timestamp?) throws -> StoredObject? {
        guard let tombstone = try transaction.delete(id, timestamp: timestamp, in: list.list) else {
            return nil
        }
        let uri = list.uri(of: id)
        switch list.kind {
        case .bucket, .collection: try transaction.removeTree(at: uri)
        case .group:
            try transaction.setMembers(of: uri, to: [])
            try transaction.removePermissions(of: [uri])
        case .record: try transaction.removePermissions(of: [uri])
        }
        return tombstone
    }
}

/// How long answers may be kept, by the settings and the collection's `cache_expires`.
struct CacheControl {
    /// The request.
    let exchange: Exchange

    /// Sets the fields of an answer to a read.
    ///
    /// Only answers to the anonymous may be kept.
    ///
    /// - Parameter parent: The collection of a list of records.
    func apply(to reply: inout Reply, list: ListAddress, parent: StoredObject?) {
        guard exchange.identity.isAnonymous else { return reply.setUncached() }
        let settings = exchange.settings.cacheSeconds
        var seconds = settings["\(list.kind.rawValue)_cache_expires_seconds"]
        if case .records(let path) = list {
            let bucket = path.bucket
            let collection = path.collection
            let names = [
                "\(bucket).\(collection).record_cache_expires_seconds",
                "\(bucket).record_cache_expires_seconds", "record_cache_expires_seconds",
                "\(bucket)_\(collection)_record_cache_expires_seconds",
                "\(bucket)_record_cache_expires_seconds",
            ]
            let configured = names.lazy.compactMap { settings[$0] }.first
            let own = parent.flatMap { try? StoredRecord.parse($0) }?["cache_expires"]?.integer
            if let own {
                seconds = max(configured ?? 0, Int(clamping: min(max(own, 0), 10_000_000_000)))
            } else {
                seconds = configured
            }
        } else if seconds == 0 {
            seconds = nil
        }
        if let seconds {
            reply.setCache(seconds: seconds, now: exchange.now)
        } else {
            reply.setUncached()
        }
    }
}
