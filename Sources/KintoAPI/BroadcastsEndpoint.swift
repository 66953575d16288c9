// SPDX-License-Identifier: MIT
//
// What push services poll, and how others announce: `__broadcasts__` of Remote Settings, and the
// two endpoints of Megaphone, in its words, so that its readers and senders need not change.

import Core
import Hub
import Storage
import Wire

/// Answers requests about broadcasts.
struct BroadcastsEndpoint: Sendable {
    /// The request.
    let exchange: Exchange
    /// The broadcasts by now.
    let table: BroadcastTable

    /// All broadcasts, for everyone: their versions go to every browser anyway.
    func list() -> Reply {
        Reply(json: ["broadcasts": versions, "code": 200])
    }

    /// All broadcasts, for a reader.
    func read() -> Reply {
        switch holder {
        case .failure(let refusal): return refusal.reply
        case .success(.broadcaster): return MegaphoneRefusal.forbidden.reply
        case .success(.reader):
            var reply = Reply(json: ["code": 200, "broadcasts": versions])
            reply.setUncached()
            return reply
        }
    }

    /// What it needs to announce a version: the body, as it is.
    ///
    /// Ids are looked at first, then the body, then the token.
    func announce(broadcaster: String, channel: String, _ service: KintoService) -> Plan {
        let body = exchange.request.body
        let id = "\(broadcaster)/\(channel)"
        var refusal: MegaphoneRefusal?
        if !BroadcastID.isBroadcaster(broadcaster) {
            refusal = .invalidBroadcaster
        } else if !BroadcastID.isChannel(channel) {
            refusal = .invalidChannel
        } else if body.isEmpty {
            refusal = .missingVersion
        } else if body.count > Limits.broadcastVersionBytesMax
            || !body.allSatisfy({ $0 < 0x80 })
        {
            refusal = .invalidVersion
        } else {
            refusal = refusalOfWriter(broadcaster, id: id)
        }
        if let refusal { return .answer(exchange.finish(refusal.reply)) }
        let version = String(decoding: body, as: UTF8.self)
        return service.writing(exchange) { transaction in
            let isNew = try transaction.announce(
                Broadcast(id: id, version: version, time: transaction.now))
            let status = isNew ? 201 : 200
            return Reply(status: status, json: ["code": .integer(Int64(status))])
        }
    }

    private func refusalOfWriter(_ broadcaster: String, id: String) -> MegaphoneRefusal? {
        switch holder {
        case .failure(let refusal): return refusal
        case .success(.reader): return .forbidden
        case .success(.broadcaster(let name)):
            // Where the server follows its own collections, that broadcast is the server's.
            let isOwn = id == Broadcast.monitorChangesID && exchange.settings.hasChanges
            guard name == broadcaster, !isOwn else { return .forbidden }
            let isRoom = table.version(of: id) != nil || table.count < Limits.broadcastsMax
            return isRoom ? nil : .tooMany
        }
    }

    private var holder: Result<BroadcastTokens.Holder, MegaphoneRefusal> {
        guard let authorization = exchange.request.head.fields["Authorization"] else {
            return .failure(.missingToken)
        }
        guard let holder = exchange.settings.broadcastTokens.holder(authorization) else {
            return .failure(.invalidToken)
        }
        return .success(holder)
    }

    private var versions: JSONValue {
        .object(JSONObject(table.all.map { ($0.id, .string($0.version)) }))
    }
}

/// A refusal in Megaphone's format: `{"code":…,"errno":…,"error":…}`.
struct MegaphoneRefusal: Error {
    private let status: Int
    private let number: Int64
    private let message: String

    /// The answer.
    var reply: Reply {
        var reply = Reply(
            status: status,
            json: [
                "code": .integer(Int64(status)), "errno": .integer(number),
                "error": .string(message),
            ])
        if status == 401 {
            reply.fields.append("WWW-Authenticate", "Bearer realm=\"broadcasts\"")
        }
        return reply
    }

    /// The broadcaster's name is none.
    static let invalidBroadcaster = MegaphoneRefusal(
        status: 400, number: 100,
        message: "Invalid broadcaster: up to \(Limits.broadcasterBytesMax) of A-Z a-z 0-9 _ -")
    /// The channel's name is none.
    static let invalidChannel = MegaphoneRefusal(
        status: 400, number: 101,
        message: "Invalid channel: up to \(Limits.broadcastChannelBytesMax) of A-Z a-z 0-9 _ -")
    /// There are as many broadcasts as there can be.
    static let tooMany = MegaphoneRefusal(
        status: 400, number: 101,
        message: "Too many channels: there can be \(Limits.broadcastsMax)")
    /// The body is empty.
    static let missingVersion = MegaphoneRefusal(
        status: 400, number: 102, message: "Version missing: it is the body")
    /// The body is no version.
    static let invalidVersion = MegaphoneRefusal(
        status: 400, number: 103,
        message: "Invalid version: up to \(Limits.broadcastVersionBytesMax) bytes of ASCII")
    /// Nobody said who they are.
    static let missingToken = MegaphoneRefusal(
        status: 401, number: 120, message: "Missing authorization")
    /// The token is nobody's.
    static let invalidToken = MegaphoneRefusal(
        status: 401, number: 121, message: "Invalid authorization")
    /// The token is for something else.
    static let forbidden = MegaphoneRefusal(
        status: 403, number: 122, message: "Access denied to the requested resource")
}
