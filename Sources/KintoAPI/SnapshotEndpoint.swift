// SPDX-License-Identifier: MIT
//
// A collection as it was: its records that have not changed since, and of the others the newest
// state that the history has from before. What the history no longer has is not shown.

import Core
import Storage

/// Answers requests for snapshots of collections.
struct SnapshotEndpoint: Sendable {
    /// The request.
    let exchange: Exchange
    /// The id of the bucket, not yet checked.
    let bucket: String
    /// `COLLECTION@TIMESTAMP`.
    let name: String

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        guard let at = name.lastIndex(of: "@"), at > name.startIndex,
            name.index(after: at) < name.endIndex
        else { throw .unknownPath }
        var errors = ValidationErrors()
        exchange.corsPolicy.check(exchange.request, &errors)
        let timestamp = timestamp(String(name[name.index(after: at)...]), &errors)
        try errors.check()
        let path = CollectionPath(bucket: bucket, collection: String(name[..<at]))
        for (id, kind) in [(path.bucket, ResourceKind.bucket), (path.collection, .collection)]
        where !ResourceID.isValid(id) {
            throw .notFound(id: id, kind: kind, isParent: true)
        }
        return service.reading(exchange) { try self.get(path, at: timestamp, $0) }
    }

    private func timestamp(_ text: String, _ errors: inout ValidationErrors) -> Timestamp {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            errors.add(.path, "timestamp", "Invalid timestamp '\(text)'")
            return Timestamp(milliseconds: 0)
        }
        // A number of more digits than a timestamp has is later than all.
        let number = DecimalNumber.parse(text.utf8, digitsMax: 18) ?? .max
        return Timestamp(milliseconds: number)
    }

    private func get(
        _ path: CollectionPath, at timestamp: Timestamp, _ reader: any StorageReader
    ) throws -> Reply {
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: reader)
        let list = ListAddress.records(path)
        try authorization.require(RequiredPermission(action: .read, list: list, id: nil))
        var query = ObjectQuery(list.list)
        query.includesTombstones = true
        var records: [(timestamp: Timestamp, json: [UInt8])] = []
        var changed: Set<String> = []
        try reader.visit(query) { record in
            if record.timestamp > timestamp {
                changed.insert(record.id)
            } else if !record.isTombstone {
                records.append((record.timestamp, record.json))
            }
            return true
        }
        if !changed.isEmpty {
            records += try states(of: changed, in: path, at: timestamp, reader)
            records.sort { $0.timestamp > $1.timestamp }
        }
        var body = Array("[".utf8)
        body.append(contentsOf: records.map(\.json).joined(separator: [UInt8(ascii: ",")]))
        body.append(UInt8(ascii: "]"))
        return Reply(jsonBytes: ListRendering.wrap(body))
    }

    /// The states of records that the history has from a moment, without those that were deleted.
    ///
    /// - Complexity: O(*n*) in the length of the bucket's history.
    private func states(
        of changed: Set<String>, in path: CollectionPath, at timestamp: Timestamp,
        _ reader: any StorageReader
    ) throws -> [(timestamp: Timestamp, json: [UInt8])] {
        var wanted = changed
        var states: [(timestamp: Timestamp, json: [UInt8])] = []
        let history = ListAddress.history(bucket: path.bucket)
        try reader.visit(ObjectQuery(history.list)) { entry in
            guard HistoryRecorder.isAbout(.record, entry) else { return true }
            let members = try StoredRecord.parse(entry)
            guard members["collection_id"]?.string == path.collection,
                let id = members["record_id"]?.string, wanted.contains(id),
                let data = members["target"]?.object?["data"]?.object,
                let milliseconds = data["last_modified"]?.integer,
                milliseconds <= timestamp.milliseconds
            else { return true }
            wanted.remove(id)
            if data["deleted"] == nil {
                states.append(
                    (Timestamp(milliseconds: milliseconds), JSONWriter.bytes(.object(data))))
            }
            return !wanted.isEmpty
        }
        return states
    }
}
