// SPDX-License-Identifier: MIT
//
// The history of a bucket: a list of its own with one entry for each write to the bucket or to
// something in it. An entry is written in the transaction of the change, right after it, so that
// there is none without the other, and entries of one batch stand in the order of its requests.

import Core
import Storage

/// What happened to an object.
enum HistoryAction: String {
    /// It was made.
    case create
    /// It was replaced or changed.
    case update
    /// It was deleted.
    case delete
}

/// Writes entries of the history.
struct HistoryRecorder {
    /// The request.
    let exchange: Exchange
    /// Where the change was written.
    let transaction: any StorageTransaction

    /// Writes an entry for a change that was just made, with its permissions; nothing if the plugin
    /// is off or leaves this change out.
    ///
    /// What lies below a deleted bucket or collection gets no entries, as in the reference; a
    /// deleted bucket takes its history along, of which then only its deletion is left.
    ///
    /// - Parameters:
    ///   - object: The object as it is now, or its tombstone.
    ///   - list: The list it is in.
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries; see `HistoryTrimmer` for the oldest entries.
    func record(_ action: HistoryAction, _ object: StoredObject, in list: ListAddress) throws {
        let settings = exchange.settings.history
        guard exchange.settings.hasHistory,
            let subject = Subject(object.id, in: list), !isExcluded(subject, settings)
        else { return }
        let permissions = try transaction.permissions(of: subject.holders)
        let history = ListAddress.history(bucket: subject.bucket)
        let own = permissions[subject.uri] ?? [:]
        let members = try entry(action, object, subject, permissions: own)
        let entry = try transaction.put(
            exchange.makeUUID(), members: members, timestamp: nil, in: history.list)
        if exchange.settings.hasExplicitPermissions {
            // Who could read the change may read its entry, also when that was taken back since.
            let readers = subject.holders.reduce(into: Set<String>()) { readers, uri in
                readers.formUnion(permissions[uri]?["read"] ?? [])
                readers.formUnion(permissions[uri]?["write"] ?? [])
            }
            if !readers.isEmpty {
                try transaction.setPermissions(["read": readers], of: history.uri(of: entry.id))
            }
        }
        try exchange.service.historyTrimmer.trim(
            history, kind: subject.kind, userID: exchange.identity.userID, settings: settings,
            transaction: transaction)
    }

    private func isExcluded(_ subject: Subject, _ settings: HistorySettings) -> Bool {
        if let userID = exchange.identity.userID, settings.excludedUserIDs.contains(userID) {
            return true
        }
        return settings.excludedResources.contains(where: subject.holders.contains)
    }

    private func entry(
        _ action: HistoryAction, _ object: StoredObject, _ subject: Subject,
        permissions: [String: Set<String>]
    ) throws -> JSONObject {
        var members = HistoryRecorder.leadingMembers(
            kind: subject.kind, userID: exchange.identity.userID)
        members += [
            ("action", .string(action.rawValue)), ("uri", .string(subject.uri)),
            ("date", .string(CalendarDate.text(transaction.now))),
        ]
        members += subject.ids.map { ($0.name, .string($0.id)) }
        let target = JSONObject([
            ("data", .object(try StoredRecord.parse(object))),
            ("permissions", .object(ListRendering.object(permissions))),
        ])
        members.append(("target", .object(target)))
        return JSONObject(members)
    }

    /// The members that every entry begins with, so that `isAbout` needs not parse it.
    private static func leadingMembers(
        kind: ResourceKind, userID: String?
    ) -> [JSONObject.Member] {
        [
            ("resource_name", .string(kind.rawValue)),
            ("user_id", userID.map(JSONValue.string) ?? .null),
        ]
    }

    /// Whether an entry is about a change to an object of `kind`, by that user if one is given;
    /// told by its first bytes.
    static func isAbout(_ kind: ResourceKind, _ entry: StoredObject, by userID: String? = nil)
        -> Bool
    {
        var members = leadingMembers(kind: kind, userID: userID)
        if userID == nil { members.removeLast() }
        let start = StoredObject(
            id: entry.id, timestamp: entry.timestamp, members: JSONObject(members))
        return entry.json.starts(with: start.json.dropLast())
    }

    /// What an entry is about.
    private struct Subject {
        let kind: ResourceKind
        let uri: String
        let bucket: String
        /// The ids that the entry tells, by their members' names.
        let ids: [(name: String, id: String)]
        /// The object's URI and those of the collection and bucket it lies in.
        let holders: [String]

        /// Finds out about the object of that id; nil for lists that have no history.
        init?(_ id: String, in list: ListAddress) {
            uri = list.uri(of: id)
            kind = list.kind
            switch list {
            case .buckets:
                bucket = id
                ids = [("bucket_id", id)]
                holders = [uri]
            case .groups(let bucket), .collections(let bucket):
                self.bucket = bucket
                ids = [("\(list.kind.rawValue)_id", id)]
                holders = [uri, "/buckets/\(bucket)"]
            case .records(let path):
                bucket = path.bucket
                ids = [("collection_id", path.collection), ("record_id", id)]
                holders = [uri, path.uri, "/buckets/\(path.bucket)"]
            case .history, .accounts: return nil
            }
        }
    }
}
