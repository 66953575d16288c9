// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Answers every request that is not a stream, in Kinto's words.
///
/// It opens no sockets, starts no threads and reads no clock: a request becomes a plan at once, and
/// whoever owns the storage runs the plan.
package final class KintoService: Sendable {
    /// The settings.
    let settings: KintoSettings
    /// Finds endpoints.
    let router: Router
    /// Describes the endpoints.
    let document: RememberedDocument
    /// What the monitor endpoints show.
    let changes: any ChangesSource
    private let clock: @Sendable () -> Timestamp
    /// Makes ids and nonces.
    let random: @Sendable (Int) -> [UInt8]
    /// What the server shows of itself.
    let pages: (any ServerPages)?
    /// What polls of collections were answered with, under these settings.
    let polls = PollMemory()
    private let memory: ServiceMemory
    /// What the monitor endpoints may show.
    let monitored: MonitoredResources
    /// What viewers of the monitor feed may read.
    let visibilities = VisibilityMemory()

    /// The tokens that delete pages.
    var tokens: DeletionTokens { memory.tokens }
    /// The tickets for streams.
    var tickets: StreamTickets { memory.tickets }
    /// Keeps histories from growing for ever.
    var historyTrimmer: HistoryTrimmer { memory.historyTrimmer }

    /// Makes a service.
    ///
    /// - Parameters:
    ///   - changes: What the monitor endpoints show.
    ///   - pages: What the server shows of itself; those paths lead nowhere if nil.
    ///   - clock: The time, in milliseconds since 1970.
    ///   - random: So many bytes that nobody can guess.
    package init(
        settings: KintoSettings, changes: any ChangesSource, pages: (any ServerPages)? = nil,
        clock: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) -> [UInt8] = Digest.randomBytes
    ) {
        self.settings = settings
        router = Router(settings)
        let document = OpenAPIDocument(endpoints: router.endpoints, settings: settings)
        self.document = RememberedDocument { document.json($0) }
        self.changes = changes
        monitored = settings.monitored
        self.pages = pages
        self.clock = clock
        self.random = random
        memory = ServiceMemory()
    }

    /// Makes the service that comes after another one when its settings change; it remembers what
    /// that one does. Requests that the other has begun to answer are answered by it.
    ///
    /// - Complexity: O(number of endpoints).
    package init(succeeding other: KintoService, settings: KintoSettings) {
        self.settings = settings
        router = Router(settings)
        let document = OpenAPIDocument(endpoints: router.endpoints, settings: settings)
        self.document = RememberedDocument { document.json($0) }
        changes = other.changes
        monitored = other.monitored
        pages = other.pages
        clock = other.clock
        random = other.random
        memory = other.memory.handedOn(
            keepsCounts: settings.history == other.settings.history)
    }

    /// What a request needs. Bad input is answered, never thrown.
    ///
    /// - Complexity: O(size of the request); the storage is not asked.
    package func plan(_ request: HTTPRequest) -> Plan {
        plan(exchange(request, body: nil, isSubrequest: false))
    }

    /// The answer to a request whose plan threw `error`.
    package func failure(_ error: any Error, for request: HTTPRequest) -> HTTPResponse {
        if let refusal = error as? Refusal { return refusal.response }
        let exchange = exchange(request, body: RequestBody.none, isSubrequest: false)
        if let error = error as? APIError { return exchange.finish(error.reply) }
        if exchange.route == .heartbeat {
            return exchange.finish(UtilityEndpoint.heartbeat(isWell: false))
        }
        guard error is StorageError else {
            return exchange.finish(programmaticError.reply)
        }
        return exchange.finish(overloaded.reply)
    }

    /// 500: something is wrong with the server.
    var programmaticError: APIError {
        var error = APIError(
            status: 500, number: .undefined,
            message: "A programmatic error occurred, developers have been informed.")
        error.info = settings.errorInfoLink
        return error
    }

    /// 503: the storage or the server cannot now.
    var overloaded: APIError {
        var error = APIError(
            status: 503, number: .backend,
            message: "Service temporary unavailable due to overloading or maintenance, "
                + "please retry later.")
        error.fields["Retry-After"] = String(settings.retryAfterSeconds)
        return error
    }

    /// What a part of a batch needs.
    ///
    /// - Parameter verdicts: What is known of logins.
    func plan(
        _ request: HTTPRequest, partOfBatch body: RequestBody, verdicts: [Login: LoginVerdict]
    ) -> Plan {
        plan(exchange(request, body: body, isSubrequest: true, verdicts: verdicts))
    }

    /// The plan of a request that goes on when it is known whose a login is.
    func verifying(_ login: Login, _ exchange: Exchange) -> Plan {
        .verify(login) { verdict in self.plan(exchange.knowing(verdict, of: login)) }
    }

    /// What a request needs that another one stands for.
    func plan(_ request: HTTPRequest, body: RequestBody, as exchange: Exchange) -> Plan {
        let other = self.exchange(
            request, body: body, isSubrequest: exchange.isSubrequest, verdicts: exchange.verdicts)
        return plan(other)
    }

    private func plan(_ exchange: Exchange) -> Plan {
        if exchange.hasEnded, !exchange.isSubrequest {
            let error = APIError(
                status: 410, number: .serviceDeprecated,
                message: "The service you are trying to connect no longer exists at this "
                    + "location.")
            return .answer(exchange.finishEnded(error.reply))
        }
        // A ticket writes nothing.
        if settings.isReadOnly, ![.get, .head, .options].contains(exchange.method),
            exchange.route != .streamTicket
        {
            let error = APIError.methodNotAllowed(allowed: nil)
            return .answer(exchange.finish(error.reply, hasEndpoint: false))
        }
        do {
            return try endpointPlan(exchange)
        } catch let error as APIError {
            return .answer(exchange.finish(error.reply))
        } catch {
            return .answer(failure(error, for: exchange.request))
        }
    }

    /// The plan of a request that reads.
    func reading(
        _ exchange: Exchange, _ body: @escaping @Sendable (any StorageReader) throws -> Reply
    ) -> Plan {
        .read { reader in
            do {
                return exchange.finish(try body(reader))
            } catch let error as APIError {
                return exchange.finish(error.reply)
            }
        }
    }

    /// The plan of a request that writes. A refusal is thrown, so that the storage undoes what was
    /// done before it.
    func writing(
        _ exchange: Exchange,
        _ body: @escaping @Sendable (any StorageTransaction) throws -> Reply
    ) -> Plan {
        .write { transaction in
            do {
                return exchange.finish(try body(transaction))
            } catch let error as APIError {
                throw Refusal(response: exchange.finish(error.reply))
            }
        }
    }

    /// All that is known about a request before the storage is asked.
    ///
    /// - Parameters:
    ///   - body: The body, nil if it is still to be read.
    ///   - verdicts: What is known of logins.
    func exchange(
        _ request: HTTPRequest, body: RequestBody?, isSubrequest: Bool,
        verdicts: [Login: LoginVerdict] = [:]
    ) -> Exchange {
        let match = router.match(request.head.path)
        let hasBody = match.endpoint?.readsBody ?? false && request.hasJSONBody
        return Exchange(
            service: self, request: request, match: match, now: clock(),
            body: body ?? (hasBody ? RequestBody(request.body) : .none),
            isSubrequest: isSubrequest, verdicts: verdicts)
    }
}
