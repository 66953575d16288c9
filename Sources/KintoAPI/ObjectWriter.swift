// SPDX-License-Identifier: MIT

import Core
import Storage

/// Writes what goes with an object beside its members.
struct ObjectWriter {
    /// The request.
    let exchange: Exchange
    /// The list that the object is in.
    let list: ListAddress
    /// Where it is written.
    let transaction: any StorageTransaction

    /// Stores the permissions of an object that was just written, and a group's members, and notes
    /// the change in the history.
    ///
    /// - Parameters:
    ///   - action: What happened to the object.
    ///   - given: The permissions in the body; a nil value removes.
    ///   - replacesAll: Whether permissions that are not given are removed.
    func store(
        _ given: [String: Set<String>?]?, of object: StoredObject, _ action: HistoryAction,
        replacesAll: Bool, members: JSONObject
    ) throws {
        let uri = list.uri(of: object.id)
        let before = try transaction.permissions(of: uri)
        var permissions = before
        let isMerge = exchange.mediaType == "application/merge-patch+json"
        let set = (given ?? [:]).filter { isMerge || $0.value != nil }
        if replacesAll, !set.isEmpty { permissions = [:] }
        for (name, principals) in set { permissions[name] = principals ?? [] }
        if exchange.settings.hasExplicitPermissions {
            permissions["write", default: []].insert(try owner(of: uri))
        }
        if permissions != before {
            for name in before.keys where permissions[name] == nil { permissions[name] = [] }
            try transaction.setPermissions(permissions, of: uri)
        }
        if list.kind == .group {
            let principals = (members["members"]?.array ?? []).compactMap(\.string)
            try transaction.setMembers(of: uri, to: Set(principals))
        }
        try history.record(action, object, in: list)
    }

    private var history: HistoryRecorder {
        HistoryRecorder(exchange: exchange, transaction: transaction)
    }

    /// Who gets the permission to write an object.
    private func owner(of uri: String) throws -> String {
        guard list == .accounts else { return exchange.identity.owner }
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        return authorization.owner(of: uri)
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
        case .record, .history, .account: try transaction.removePermissions(of: [uri])
        }
        try history.record(.delete, tombstone, in: list)
        return tombstone
    }
}
