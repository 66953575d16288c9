// SPDX-License-Identifier: MIT
//
// What streams have in common with every other endpoint: who may read them in a browser, how they
// refuse, the fields of their answers. The streams themselves are another module's.

import Core
import Hub
import Storage
import Wire

/// Where the streams are, without the version.
package enum StreamPath {
    /// The stream of the monitor feed.
    package static let monitorChanges = "\(CollectionPath.monitorChanges.uri)/stream"
    /// Where browsers have broadcasts pushed to them.
    package static let push = "/push"
    /// Where they are described for programs.
    package static let document = "/__streams__"
    /// Where tickets for streams are given out.
    package static let ticket = "\(CollectionPath.monitorChanges.uri)/ticket"
    /// The stream of a collection.
    package static let collection = "/buckets/{bucket_id}/collections/{collection_id}/stream"
}

/// What a stream is of.
package enum StreamSubject: Sendable, Equatable {
    /// The monitored collections.
    case monitor
    /// A collection.
    case collection(CollectionPath)
    /// The broadcasts.
    case broadcasts
}

/// Who was let in to which stream.
package struct StreamAdmission: Sendable {
    /// What is streamed.
    package let subject: StreamSubject
    /// Who reads it.
    package let viewer: Viewer
    /// The count of access changes before it was found out who that is and what may be read.
    package let changes: UInt64
    /// The fields that the answer has besides its own.
    package let fields: HTTPFields
    /// What is shown of the monitored collections; nil where they are public.
    package var visibility: Visibility?

    /// The collection that is streamed; nil if it is not one.
    package var path: CollectionPath? {
        switch subject {
        case .monitor, .broadcasts: nil
        case .collection(let path): path
        }
    }

    /// Whether the stream lives by what its viewer may read, which is to be asked for again.
    package var isGuarded: Bool { path != nil || visibility != nil }

    /// The same, with what is shown.
    fileprivate func showing(_ visibility: Visibility) -> StreamAdmission {
        var admission = self
        admission.visibility = visibility
        return admission
    }
}

/// What has become of the permission that a stream lives by.
package enum StreamStanding: Sendable, Equatable {
    /// It is gone.
    case lost
    /// It is there.
    case kept
    /// The stream is of the monitor feed, of which this may be read.
    case shown(Visibility)
}

/// What a request for a stream needs before it is decided.
package enum StreamPlan: Sendable {
    /// It is refused.
    case answer(HTTPResponse)
    /// Nothing.
    case admitted(StreamAdmission)
    /// A read transaction; what it throws and when it must be a write one is as in `Plan.read`.
    case read(@Sendable (any StorageReader) throws -> StreamAdmission)
    /// The verdict on a login, as in `Plan.verify`.
    case verify(Login, then: @Sendable (LoginVerdict) -> StreamPlan)
}

extension KintoService {
    /// Decides on a request for a stream: the end of service, the origin, and the permission to
    /// read the collection's records.
    ///
    /// - Returns: Nil if the request is not for a stream.
    package func streamPlan(_ request: HTTPRequest) -> StreamPlan? {
        let exchange = exchange(request, body: RequestBody.none, isSubrequest: false)
        guard let subject = exchange.route.streamed else { return nil }
        return streamPlan(exchange, of: subject, changes: changes.accessChanges)
    }

    /// Whether it matters who reads a stream.
    private func isGuarded(_ subject: StreamSubject) -> Bool {
        switch subject {
        case .monitor: settings.changesArePrivate
        case .collection: true
        case .broadcasts: false
        }
    }

    private func streamPlan(
        _ exchange: Exchange, of subject: StreamSubject, changes: UInt64
    ) -> StreamPlan {
        let request = exchange.request
        if exchange.hasEnded {
            if case .answer(let answer) = plan(request) { return .answer(answer) }
            return .answer(unavailable(for: request))
        }
        var errors = ValidationErrors()
        // A browser's push service names the whole address of the push server as its origin. It
        // sends no credentials, and is told what everyone may know.
        if subject != .broadcasts { exchange.corsPolicy.check(request, &errors) }
        guard errors.isEmpty else {
            return .answer(exchange.finish(errors.error(isRaised: false).reply))
        }
        if isGuarded(subject) {
            switch exchange.finding {
            case .known: break
            case .unverified(let login):
                return .verify(login) { verdict in
                    let exchange = exchange.knowing(verdict, of: login)
                    return self.streamPlan(exchange, of: subject, changes: changes)
                }
            case .lockedOut(let seconds):
                let error = APIError.lockedOut(
                    seconds: seconds, challenges: settings.authenticationPolicies.count)
                return .answer(exchange.finish(error.reply))
            }
        }
        guard let viewer = viewer(of: exchange) else {
            let error = APIError.unauthorized(challenges: settings.authenticationPolicies.count)
            return .answer(exchange.finish(error.reply))
        }
        let admission = StreamAdmission(
            subject: subject, viewer: viewer, changes: changes,
            fields: exchange.finish(Reply(status: 200)).fields)
        switch subject {
        case .monitor where settings.changesArePrivate: return showing(admission)
        case .monitor, .broadcasts: return .admitted(admission)
        case .collection(let path):
            return .read { reader in
                try StreamPermission(path: path).require(Identity(viewer), exchange, reader)
                return admission
            }
        }
    }

    /// The plan of a stream that shows what its viewer may read.
    private func showing(_ admission: StreamAdmission) -> StreamPlan {
        let known = visibilities.visibility(of: admission.viewer, at: admission.changes)
        if let known { return .admitted(admission.showing(known)) }
        return .read { reader in
            admission.showing(
                try self.visibility(of: admission.viewer, at: admission.changes, reader))
        }
    }

    /// Who opens a stream: whose ticket it is, or who sent the request; nil for a bad ticket.
    private func viewer(of exchange: Exchange) -> Viewer? {
        let query = try? QueryString(exchange.request.head.query)
        guard let ticket = query?.parameters.last(where: { $0.name == "ticket" })?.value else {
            return exchange.identity.viewer
        }
        // The settings may be others than when it was given.
        return tickets.redeem(ticket, now: exchange.now).map {
            Identity($0).recognised(by: settings).viewer
        }
    }

    /// The answer to a request for a ticket.
    ///
    /// - Throws: `APIError`: 401 for the anonymous, 503 if too many tickets are unused.
    func ticketReply(_ exchange: Exchange) throws(APIError) -> Reply {
        var errors = ValidationErrors()
        exchange.corsPolicy.check(exchange.request, &errors)
        try errors.check()
        guard !exchange.identity.isAnonymous else {
            throw .unauthorized(challenges: settings.authenticationPolicies.count)
        }
        guard
            let ticket = tickets.issue(
                to: exchange.identity.viewer, bytes: random(16), now: exchange.now)
        else { throw overloaded }
        var reply = Reply(json: [
            "data": [
                "ticket": .string(ticket),
                "expires_in": .integer(Int64(Limits.streamTicketSecondsMax)),
            ]
        ])
        reply.fields.append("Cache-Control", "no-store")
        return reply
    }

    /// How many commits changed who may read what.
    package var accessChanges: UInt64 { changes.accessChanges }

    /// What has become of the permissions of streams that were admitted.
    ///
    /// A user whom no policy would recognise any more is everyone.
    ///
    /// - Parameters:
    ///   - streams: The viewers and what they read: a collection, or nil for the monitor feed.
    ///   - count: The count of access changes before the transaction began.
    /// - Returns: As many standings, in the same order.
    /// - Throws: `StorageError`.
    /// - Complexity: A constant number of queries per viewer and per stream.
    package func standings(
        of streams: [(viewer: Viewer, path: CollectionPath?)], at count: UInt64,
        _ reader: any StorageReader
    ) throws -> [StreamStanding] {
        var known: [Viewer: Authorization] = [:]
        return try streams.map { stream in
            if try Identity(stream.viewer).isDeletedAccount(settings, reader) { return .lost }
            guard let path = stream.path else {
                return .shown(try visibility(of: stream.viewer, at: count, reader))
            }
            let authorization =
                try known[stream.viewer]
                ?? Authorization(
                    Identity(stream.viewer).recognised(by: settings), settings: settings,
                    reader: reader)
            known[stream.viewer] = authorization
            return try StreamPermission(path: path).isGranted(authorization) ? .kept : .lost
        }
    }

    /// The refusal of a stream for a parameter of its query.
    package func invalidQuery(
        _ name: String, _ description: String, for request: HTTPRequest
    ) -> HTTPResponse {
        let error = APIError.invalid(.query, name, description)
        return exchange(request, body: RequestBody.none, isSubrequest: false).finish(error.reply)
    }

    /// The answer of a server that cannot take the request now: come back later.
    package func unavailable(for request: HTTPRequest) -> HTTPResponse {
        exchange(request, body: RequestBody.none, isSubrequest: false).finish(overloaded.reply)
    }

    /// The refusal of bytes that are no request, so that not even their path is known.
    package func refusal(status: Int, _ reason: String) -> HTTPResponse {
        var error = APIError(status: status, number: .invalidParameters, message: reason)
        if status == 408 || status >= 500 { error.number = .undefined }
        let reply = error.reply
        return HTTPResponse(status: reply.status, fields: reply.fields, body: reply.body)
    }

    /// The refusal of a WebSocket handshake, in Kinto's format: the status and the fields that the
    /// protocol wants, and its reason as the message.
    package func refusal(of request: HTTPRequest, handshake answer: HTTPResponse) -> HTTPResponse {
        var error = APIError(
            status: answer.status, number: .invalidParameters,
            message: String(decoding: answer.body.bytes, as: UTF8.self))
        if answer.status == 405 { error.number = .methodNotAllowed }
        for line in answer.fields.lines where !HTTPFields.areEqual(line.name[...], "Content-Type") {
            error.fields.append(line.name, line.value)
        }
        return exchange(request, body: RequestBody.none, isSubrequest: false).finish(error.reply)
    }

    /// 426: there is only a WebSocket.
    static var upgradeRequired: APIError {
        var error = APIError(
            status: 426, number: .invalidParameters, message: "WebSocket needs an upgrade")
        error.fields.append("Upgrade", "websocket")
        error.fields.append("Sec-WebSocket-Version", "13")
        return error
    }

    /// The answer to a request for a stream that did not come as one.
    func streamReply(_ exchange: Exchange) throws(APIError) -> Reply {
        guard exchange.method == .head else {
            throw APIError.invalid(.path, nil, "A stream cannot be part of a batch")
        }
        var reply = Reply(status: 200)
        reply.fields.append("Content-Type", EventStreamEncoder.mediaType)
        reply.fields.append("Cache-Control", "no-store")
        return reply
    }
}

extension Route {
    /// What a stream at this place is of; nil if there is none.
    var streamed: StreamSubject? {
        if case .stream(let path) = self { return .collection(path) }
        if self == .monitorStream { return .monitor }
        return self == .push ? .broadcasts : nil
    }
}
