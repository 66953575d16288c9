// SPDX-License-Identifier: MIT
//
// Objects: reading, creating, replacing, changing and deleting one. Each method's steps stand in
// the reference's order, because the order decides which of several refusals a client gets.

import Core
import Storage
import Wire

/// Answers requests for one object.
struct ObjectEndpoint: Sendable {
    /// The request.
    let exchange: Exchange
    /// The list that the object is in.
    let list: ListAddress
    /// The object's id, not yet checked.
    let id: String
    private let newPassword = PasswordSlot()

    private var uri: String { list.uri(of: id) }

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        switch exchange.method {
        case .get, .head:
            try exchange.requireAcceptsJSON()
            return service.reading(exchange) { try self.get($0) }
        case .put:
            let content = ObjectContent(exchange, kind: list.kind, style: .replace)
            return service.writing(exchange) { try self.put(content, $0) }
        case .patch:
            let content = ObjectContent(exchange, kind: list.kind, style: .patch)
            return service.writing(exchange) { try self.patch(content, $0) }
        case .delete: return service.writing(exchange) { try self.delete($0) }
        case _: throw .methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
    }

    // MARK: Methods

    private func get(_ reader: any StorageReader) throws -> Reply {
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: reader)
        try authorization.require(RequiredPermission(action: .read, list: list, id: id))
        let parent = try ParentCollection.require(of: list, reader: reader)
        var errors = ValidationErrors()
        let preconditions = RequestValidation(exchange).preconditions(&errors)
        let query = try RequestQuery(exchange.request.head.query)
        try errors.check()
        try requireValidID()
        guard let object = try self.object(reader, authorization) else { throw notFound }
        if preconditions.isUnmodified(object.timestamp) {
            var reply = Reply(status: 304)
            reply.isRaised = true
            reply.setTimestamp(object.timestamp)
            return reply
        }
        try check(preconditions, object, in: reader)
        let fields = query["_fields"]?.words ?? []
        var reply = try body(of: object, fields: fields, authorization: authorization)
        reply.setTimestamp(object.timestamp)
        CacheControl(exchange: exchange).apply(to: &reply, list: list, parent: parent)
        return reply
    }

    private func put(
        _ content: ObjectContent, _ transaction: any StorageTransaction
    ) throws -> Reply {
        try ParentCollection.require(of: list, reader: transaction)
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        let existing = try object(transaction, authorization)
        try exchange.requireAcceptsJSON()
        try exchange.requireContentType(["application/json"])
        let isCreation =
            existing == nil || exchange.request.head.fields["If-None-Match"] == "*"
        try authorization.require(
            RequiredPermission(
                action: isCreation ? .create : .write, list: list, id: isCreation ? nil : id))
        try content.check()
        try requireValidID()
        try check(content.preconditions, existing, in: transaction)
        var members = try content.body.data ?? existing.map(StoredRecord.parse) ?? JSONObject()
        try requireSameID(members)
        if list == .accounts {
            try authorization.requireOwnAccount(id)
            try hashPassword(of: &members)
        }
        let timestamp = try ChosenTimestamp.of(members, replacing: existing)
        members["id"] = nil
        let stored = try transaction.put(id, members: members, timestamp: timestamp, in: list.list)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        try writer.store(
            content.body.permissions, of: stored, existing == nil ? .create : .update,
            replacesAll: true, members: members)
        var reply = try self.body(of: stored, authorization: authorization)
        reply.status = existing == nil ? 201 : 200
        reply.setTimestamp(stored.timestamp)
        return reply
    }

    private func patch(
        _ content: ObjectContent, _ transaction: any StorageTransaction
    ) throws -> Reply {
        try ParentCollection.require(of: list, reader: transaction)
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        let current = try object(transaction, authorization)
        try exchange.requireAcceptsJSON()
        try exchange.requireContentType([
            "application/json", "application/merge-patch+json", "application/json-patch+json",
        ])
        try requireWrite(authorization, exists: current != nil)
        try content.check()
        try requireValidID()
        guard let existing = current else { throw notFound }
        try check(content.preconditions, existing, in: transaction)
        let before = try StoredRecord.parse(existing)
        let patched = try patched(before, by: content, in: transaction)
        var members = try checked(patched.members)
        if list == .accounts {
            // A JSON patch gives all members, so that only another password is a new one.
            let isGiven = content.operations == nil && patched.changes["password"] != nil
            if isGiven || members["password"] != before["password"] {
                try hashPassword(of: &members)
            }
        }
        let timestamp = try ChosenTimestamp.of(members, replacing: existing)
        let stored = try transaction.put(id, members: members, timestamp: timestamp, in: list.list)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        try writer.store(
            patched.permissions, of: stored, .update, replacesAll: false, members: members)
        var reply: Reply
        if let partial = try content.behavior.data(patched.changes, before: before, after: stored) {
            reply = Reply(json: ["data": .object(partial)])
        } else {
            reply = try self.body(of: stored, authorization: authorization)
        }
        reply.setTimestamp(stored.timestamp)
        return reply
    }

    private func delete(_ transaction: any StorageTransaction) throws -> Reply {
        try ParentCollection.require(of: list, reader: transaction)
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        let current = try object(transaction, authorization)
        try exchange.requireAcceptsJSON()
        try requireWrite(authorization, exists: current != nil)
        var errors = ValidationErrors()
        let preconditions = RequestValidation(exchange).preconditions(&errors)
        let query = try RequestQuery(exchange.request.head.query)
        try errors.check()
        try requireValidID()
        guard let object = current else { throw notFound }
        try check(preconditions, object, in: transaction)
        let timestamp = try ChosenTimestamp.of(query, deleting: object)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        guard let tombstone = try writer.delete(object.id, timestamp: timestamp) else {
            throw notFound
        }
        var reply = Reply(jsonBytes: ListRendering.wrap(tombstone.json))
        reply.setTimestamp(tombstone.timestamp)
        return reply
    }

    // MARK: Steps

    private var notFound: APIError { .notFound(id: id, kind: list.kind, isParent: false) }

    private func requireValidID() throws(APIError) {
        guard exchange.settings.isValidID(id, of: list.kind) else { throw .invalidID }
    }

    /// The object, if it is there and the user reaches it.
    private func object(
        _ reader: any StorageReader, _ authorization: Authorization
    ) throws -> StoredObject? {
        authorization.reaches(id, in: list) ? try reader.object(id, in: list.list) : nil
    }

    /// Puts the hash of an account's new password in its place.
    private func hashPassword(of members: inout JSONObject) throws {
        guard let password = members["password"]?.string else { return }
        members["password"] = .string(try newPassword.hash(of: password))
    }

    private func requireWrite(_ authorization: Authorization, exists: Bool) throws {
        guard exists else { return try authorization.requireOnUnknown(list) }
        try authorization.require(RequiredPermission(action: .write, list: list, id: id))
    }

    private func requireSameID(_ members: JSONObject) throws(APIError) {
        guard let given = members["id"] else { return }
        guard given.string == id else {
            throw .invalid(.body, "id", "Object id does not match existing object")
        }
    }

    private func check(
        _ preconditions: Preconditions, _ object: StoredObject?, in reader: any StorageReader
    ) throws {
        guard !preconditions.isEmpty else { return }
        if let object {
            let existing = try StoredRecord.parse(object)
            try preconditions.check(
                exists: true, timestamp: object.timestamp, existing: existing)
        } else {
            // "Only if there is none" holds whatever the list's timestamp; asking for that would
            // give a new list the present one, above what a loader is about to write.
            if preconditions.ifMatch == nil, preconditions.ifNoneMatch == .any { return }
            let timestamp = try ListTimestamp.ensure(list, reader: reader)
            try preconditions.check(exists: false, timestamp: timestamp, existing: nil)
        }
    }

    /// What a patch makes of an object, not yet checked.
    private struct Patched {
        var members: JSONObject
        /// The members that the client gave, or for a JSON patch all.
        let changes: JSONObject
        let permissions: [String: Set<String>?]?
    }

    private func patched(
        _ before: JSONObject, by content: ObjectContent, in transaction: any StorageTransaction
    ) throws -> Patched {
        if let operations = content.operations {
            let outcome = try operations.applied(
                to: before, permissions: transaction.permissions(of: uri), kind: list.kind)
            return Patched(
                members: outcome.data, changes: outcome.data,
                permissions: outcome.permissions.mapValues { $0 })
        }
        guard !content.body.isEmpty else {
            throw APIError.invalid(.body, "data", "Provide at least one of data or permissions")
        }
        let changes = content.body.data ?? JSONObject()
        var members = before
        if exchange.mediaType == "application/merge-patch+json" {
            MergePatch.apply(changes, to: &members)
        } else {
            members = JSONObject(before.members + changes.members)
        }
        return Patched(members: members, changes: changes, permissions: content.body.permissions)
    }

    /// The members after a patch, if they can be those of this object.
    private func checked(_ patched: JSONObject) throws(APIError) -> JSONObject {
        var members = patched
        var errors = ValidationErrors()
        ObjectSchema.validate(&members, kind: list.kind, prefix: "", errors: &errors)
        if !errors.isEmpty { throw errors.error(isRaised: true) }
        try requireSameID(members)
        return members
    }

    private func body(
        of object: StoredObject, fields: [String] = [], authorization: Authorization
    ) throws -> Reply {
        guard fields.isEmpty else {
            let record = try StoredRecord.parse(object)
            let selected = NestedMember.select(fields + ["id", "last_modified"], of: record)
            return Reply(json: ["data": .object(selected)])
        }
        let permissions = try authorization.visiblePermissions(of: uri)
        return Reply(jsonBytes: ListRendering.wrap(object.json, permissions: permissions))
    }
}
