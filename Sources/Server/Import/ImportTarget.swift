// SPDX-License-Identifier: MIT
//
// How far a list was copied stands in the storage itself, written with the objects in one
// transaction: as the object named like the list's kind, of the kind "import", in the same parent.
// It goes away with that.

import Core
import Dispatch
import Storage
import Synchronization

/// How far a list was copied.
struct ImportState: Equatable {
    /// The address of the source.
    let source: String
    /// All of the source's list up to this timestamp is here.
    var position: Timestamp
    /// Whether that is all it had.
    var isComplete: Bool
    /// The timestamp that the import gave to the list here: if it has another, someone else wrote.
    var timestamp: Timestamp
}

/// The storage that an import writes to, asked and told on the calling thread.
struct ImportTarget {
    /// The storage.
    let storage: any Storage

    /// Runs a transaction to its durable end.
    ///
    /// - Throws: `StorageError`.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StorageTransaction) throws -> Value
    ) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        let box = ResultBox<Value>()
        storage.write(body) { result in
            box.result.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else {
            preconditionFailure("a write has no result")
        }
        return try result.get()
    }

    /// The ids of the live objects of a list, sorted.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(*n*).
    func ids(of list: ImportedList) throws -> [String] {
        try write { transaction in
            var query = ObjectQuery(list.list)
            query.order = .byID
            var ids: [String] = []
            try transaction.visit(query) { object in
                ids.append(object.id)
                return true
            }
            return ids
        }
    }
}

private final class ResultBox<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
}

extension StorageReader {
    /// How far a list was copied; nil if it never was.
    ///
    /// - Throws: `StorageError`.
    func importState(of list: ImportedList) throws -> ImportState? {
        guard let object = try object(list.kind.rawValue, in: list.stateList),
            let members = (try? JSONParser.parse(object.json))?.object,
            let source = members["source"]?.string,
            let position = members["position"]?.integer,
            let isComplete = members["complete"]?.bool,
            let timestamp = members["timestamp"]?.integer
        else { return nil }
        return ImportState(
            source: source, position: Timestamp(milliseconds: position), isComplete: isComplete,
            timestamp: Timestamp(milliseconds: timestamp))
    }
}

extension StorageTransaction {
    /// Notes how far a list was copied, and gives it the timestamp that goes with it.
    ///
    /// - Throws: `StorageError`.
    func store(_ state: ImportState, of list: ImportedList) throws {
        try restoreTimestamp(state.timestamp, of: list.list)
        let members = JSONObject([
            ("source", .string(state.source)),
            ("position", .integer(state.position.milliseconds)),
            ("complete", .bool(state.isComplete)),
            ("timestamp", .integer(state.timestamp.milliseconds)),
        ])
        let object = StoredObject(
            id: list.kind.rawValue, timestamp: state.timestamp, members: members)
        try restore(object, in: list.stateList)
    }

    /// Stores a copy of an object, with its permissions if they are known.
    ///
    /// - Throws: `StorageError`.
    func store(_ object: ImportedObject, in list: ImportedList) throws {
        let uri = list.uri(of: object.stored.id)
        if object.stored.isTombstone {
            try removeCopy(of: object.stored.id, in: list)
        } else {
            let unset = Dictionary(
                uniqueKeysWithValues: try permissions(of: uri).keys.map { ($0, Set<String>()) })
            let all = unset.merging(object.permissions) { _, new in new }
            if !all.isEmpty { try setPermissions(all, of: uri) }
            if list.kind == .group { try setMembers(of: uri, to: object.members) }
        }
        try restore(object.stored, in: list.list)
    }

    /// Removes what belongs to an object that is no more: what lies below it, its permissions.
    ///
    /// - Throws: `StorageError`.
    func removeCopy(of id: String, in list: ImportedList) throws {
        let uri = list.uri(of: id)
        switch list.kind {
        case .bucket, .collection:
            if try object(id, in: list.list) != nil { try removeTree(at: uri) }
        case .group: try setMembers(of: uri, to: [])
        case .account, .record: break
        }
        try removePermissions(of: [uri])
    }
}

/// An object or a tombstone as it is to be stored.
struct ImportedObject: Sendable {
    /// The object.
    let stored: StoredObject
    /// The principals of each permission.
    let permissions: [String: Set<String>]
    /// Of a group, its members.
    let members: Set<String>

    /// Makes an object or tombstone of what the source showed in `list`.
    ///
    /// - Returns: Nil if it has no id or timestamp that can be stored.
    init?(_ members: JSONObject, permissions: [String: Set<String>] = [:], in list: ImportedList) {
        guard let id = members["id"]?.string, list.isValidID(id),
            let milliseconds = members["last_modified"]?.integer
        else { return nil }
        let timestamp = Timestamp(milliseconds: milliseconds)
        if members["deleted"]?.bool == true {
            stored = StoredObject(tombstone: id, timestamp: timestamp)
        } else {
            stored = StoredObject(id: id, timestamp: timestamp, members: members)
        }
        self.permissions = permissions
        self.members = Set((members["members"]?.array ?? []).compactMap(\.string))
    }
}

extension ImportedList {
    /// Where it stands how far the lists of the same parent were copied.
    fileprivate var stateList: ResourceList { ResourceList(parent: parent, resource: "import") }
}
