// SPDX-License-Identifier: MIT
//
// Lists: reading, adding to and deleting from them. Each method's steps stand in the reference's
// order, because the order decides which of several refusals a client gets.

import Core
import Storage
import Wire

/// Answers requests for a list of objects.
struct ListEndpoint: Sendable {
    /// The request.
    let exchange: Exchange
    /// The list.
    let list: ListAddress
    /// The tokens that delete a page.
    let tokens: DeletionTokens
    private let newPassword = PasswordSlot()
    private let redemption = TokenRedemption()

    /// What the request needs.
    ///
    /// - Throws: `APIError` for what is refused without asking the storage.
    func plan(_ service: KintoService) throws(APIError) -> Plan {
        switch exchange.method {
        case .get, .head:
            try exchange.requireAcceptsJSON()
            return service.reading(exchange) { try self.get($0) }
        case .post:
            let content = ObjectContent(exchange, kind: list.kind, style: .replace)
            return service.writing(exchange) { try self.post(content, $0) }
        case .delete:
            try exchange.requireAcceptsJSON()
            return service.writing(exchange) { try self.delete($0) }
        case _: throw .methodNotAllowed(allowed: exchange.endpoint?.allowed)
        }
    }

    // MARK: Methods

    private func get(_ reader: any StorageReader) throws -> Reply {
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: reader)
        let access = try authorization.access(.read, to: list)
        let parent = try ParentCollection.require(of: list, reader: reader)
        let visible = try visibleIDs(access, authorization)
        let timestamp = try timestamp(authorization, reader)
        let request = try ListRequest(exchange, known: list.knownFields, allowsFields: true)
        if request.preconditions.isUnmodified(timestamp) {
            return PluralAnswer.notModified(timestamp)
        }
        try request.preconditions.check(exists: true, timestamp: timestamp, existing: nil)
        let query = try request.query(of: list)
        let token = try request.token()
        let selection = ListSelection(
            query, of: list.list, sharedIDs: visible, token: token)
        // The history has no totals.
        let isHead = exchange.method == .head && list.kind != .history
        let page = isHead ? [] : try selection.page(reader.visit)
        let answer = PluralAnswer(exchange: exchange, path: list.uri, query: query)
        var reply = try answer.reply(page: page, token: token, timestamp: timestamp)
        if isHead { reply.setTotal(try selection.count(reader)) }
        CacheControl(exchange: exchange).apply(to: &reply, list: list, parent: parent)
        return reply
    }

    private func post(
        _ content: ObjectContent, _ transaction: any StorageTransaction
    ) throws -> Reply {
        try ParentCollection.require(of: list, reader: transaction)
        let givenID = try givenID()
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        if list == .accounts { try authorization.requireAccountID(givenID) }
        let existing = try givenID.flatMap { id in
            try authorization.reaches(id, in: list)
                ? transaction.object(id, in: list.list) : nil
        }
        try exchange.requireAcceptsJSON()
        try exchange.requireContentType(["application/json"])
        try authorization.require(
            RequiredPermission(
                action: existing == nil ? .create : .read, list: list, id: existing?.id))
        try content.check()
        let preconditions = content.preconditions
        if !preconditions.isEmpty {
            try preconditions.check(
                exists: existing != nil,
                timestamp: existing?.timestamp
                    ?? ListTimestamp.ensure(list, reader: transaction),
                existing: existing.map(StoredRecord.parse))
        }
        let object: StoredObject
        if let existing {
            object = existing
        } else {
            if list == .accounts { try authorization.requireOwnAccount(givenID) }
            object = try create(content.body, id: givenID, in: transaction)
        }
        let permissions = try authorization.visiblePermissions(of: list.uri(of: object.id))
        var reply = Reply(
            status: existing == nil ? 201 : 200,
            jsonBytes: ListRendering.wrap(object.json, permissions: permissions))
        reply.setTimestamp(object.timestamp)
        return reply
    }

    private func delete(_ transaction: any StorageTransaction) throws -> Reply {
        let authorization = try Authorization(
            exchange.identity, settings: exchange.settings, reader: transaction)
        let access = try authorization.access(.write, to: list)
        try ParentCollection.require(of: list, reader: transaction)
        let visible = try visibleIDs(access, authorization)
        let before = try timestamp(authorization, transaction)
        let request = try ListRequest(exchange, known: list.knownFields, allowsFields: false)
        try request.preconditions.check(exists: true, timestamp: before, existing: nil)
        var query = try request.query(of: list)
        query.includesTombstones = false
        let token = try request.token()
        if let token, !redemption.redeem(token.nonce, of: tokens, now: exchange.now) {
            throw APIError.invalid(
                .query, nil, "_token was already used or has expired.")
        }
        let selection = ListSelection(
            query, of: list.list, sharedIDs: visible, token: token)
        let page = try selection.page(transaction.visit)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        var tombstones: [StoredObject] = []
        for object in page.prefix(query.limit) {
            if let tombstone = try writer.delete(object.id, timestamp: nil) {
                tombstones.append(tombstone)
            }
        }
        var reply = Reply(jsonBytes: ListRendering.wrap(try ListRendering.array(tombstones)))
        reply.setTimestamp(tombstones.map(\.timestamp).max() ?? before)
        let answer = PluralAnswer(exchange: exchange, path: list.uri, query: query)
        answer.warn(&reply)
        if page.count > query.limit {
            let nonce = tokens.issue(
                exchange.makeUUID(), now: exchange.now,
                validitySeconds: exchange.settings.tokenValiditySeconds)
            let next = try PageToken(
                behind: page[query.limit - 1], sorting: query.sorting,
                offset: Int(token?.offset ?? 0), nonce: nonce)
            reply.fields["Next-Page"] = try answer.nextPage(next)
        }
        return reply
    }

    // MARK: Steps

    /// The only ids that the user sees of the list, nil for all.
    private func visibleIDs(
        _ access: Authorization.Access, _ authorization: Authorization
    ) throws -> [String]? {
        list == .accounts ? try authorization.visibleAccounts(access.ids) : access.ids
    }

    private func timestamp(
        _ authorization: Authorization, _ reader: any StorageReader
    ) throws -> Timestamp {
        list == .accounts
            ? try authorization.timestampOfAccounts(reader)
            : try ListTimestamp.ensure(list, reader: reader)
    }

    /// The id in the body, nil if there is none.
    ///
    /// - Throws: `APIError`, a 400, if it is not a valid one.
    private func givenID() throws(APIError) -> String? {
        guard let value = exchange.body.givenID else { return nil }
        guard let id = value.string, exchange.settings.isValidID(id, of: list.kind) else {
            throw .invalidID
        }
        return id
    }

    private func create(
        _ body: ObjectBody, id: String?, in transaction: any StorageTransaction
    ) throws -> StoredObject {
        var members = body.data ?? JSONObject()
        let timestamp = try ChosenTimestamp.of(members, replacing: nil)
        members["id"] = nil
        if list == .accounts, let password = members["password"]?.string {
            members["password"] = .string(try newPassword.hash(of: password))
        }
        let id = id ?? exchange.makeID(list.kind)
        let stored = try transaction.put(id, members: members, timestamp: timestamp, in: list.list)
        let writer = ObjectWriter(exchange: exchange, list: list, transaction: transaction)
        try writer.store(
            body.permissions, of: stored, .create, replacesAll: true, members: members)
        return stored
    }
}

extension Authorization.Access {
    /// The only ids that are shown, nil for all.
    fileprivate var ids: [String]? {
        switch self {
        case .all: nil
        case .shared(let ids): ids
        }
    }
}
