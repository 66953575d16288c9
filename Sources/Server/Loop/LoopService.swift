// SPDX-License-Identifier: MIT
//
// One loop's connections: reads requests, has them answered, and turns some into streams. Steps 1,
// 5 and 6 of a write's way (see the overview page). What a connection is at the moment is one byte
// of its record in the slab; an `HTTPExchange` exists only while a request is in progress.

import Core
import Hub
import KintoAPI
import Reactor
import Streams
import Synchronization
import Wire

/// The handler of one event loop.
///
/// Confined to the loop's thread, but for `finish`, which answers come back by.
final class LoopService: EventLoopHandler, @unchecked Sendable {
    /// The loop's streams.
    typealias Streaming = FanOut<LoopStreamTransport, SystemRandomNumberGenerator>

    /// What a connection is at the moment: the lowest byte of its state's first word.
    enum Kind: UInt64 {
        /// Requests and answers.
        case http = 0
        /// Server-Sent Events.
        case eventStream = 1
        /// WebSocket.
        case webSocket = 2
        /// Nothing more is read or written but what is pending.
        case closing = 3
    }

    /// What an alarm of the loop is for.
    enum Alarm: Int {
        /// The next slice of the paced streams is to be told.
        case pace = 0
        /// The next of the streams that end one after another.
        case drain = 1
    }

    /// The loop.
    let loop: EventLoop
    /// What all loops share of how connections come in.
    let edge: Edge
    /// What the streams have done, for other threads.
    let figures = LoopFigures()
    /// The loop's streams.
    let fanOut: Streaming
    /// What WebSocket peers send.
    let webSockets: WebSocketStreams<LoopStreamTransport, SystemRandomNumberGenerator>
    private let transport: LoopStreamTransport
    /// Takes requests to the API and the storage. What begins a request also ends it, whatever the
    /// loop takes over meanwhile.
    var dispatcher: RequestDispatcher
    /// Takes questions of what changed to the storage.
    let changes: ChangesReading
    /// What the loop is to take over.
    let successor = Mutex<Succession?>(nil)
    /// What the loop learns of changes from.
    let hub: Hub
    /// The API.
    var service: KintoService { dispatcher.service }
    /// The time of day.
    let clock: @Sendable () -> Timestamp
    // As in the loop, what each poll touches is not watched for overlapping accesses at run time.

    /// The answers to the last polls.
    @exclusivity(unchecked) var repeats = RepeatedAnswers()
    /// The requests in progress by the slots of their connections.
    @exclusivity(unchecked) var exchanges: [UInt32: HTTPExchange] = [:]
    @exclusivity(unchecked) private var date = HTTPDateCache()
    /// What the loop measures of itself.
    @exclusivity(unchecked) var watch: LoopWatch
    /// How far the ordered end has come; nil before it.
    @exclusivity(unchecked) var drain: LoopDrain?

    /// Whether the ordered end has begun.
    var isDraining: Bool { drain != nil }

    /// Makes the handler of `loop`.
    init(
        loop: EventLoop, hub: Hub, dispatcher: RequestDispatcher, edge: Edge,
        streams: StreamConfiguration,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.loop = loop
        self.edge = edge
        watch = LoopWatch(LoadPolicy(edge), at: .read())
        self.dispatcher = dispatcher
        self.hub = hub
        self.clock = clock
        transport = LoopStreamTransport(loop: loop)
        let changes = ChangesReading(loop: loop, dispatcher: dispatcher)
        fanOut = Streaming(
            hub: hub, transport: transport, configuration: streams,
            random: SystemRandomNumberGenerator(), wake: { loop.wake() },
            ask: { [changes] in changes.ask($0) })
        changes.fanOut = fanOut
        self.changes = changes
        webSockets = WebSocketStreams(
            fanOut: fanOut, transport: transport, clock: clock)
    }

    // MARK: Events of the loop

    func accepted(_ connection: ConnectionID, listener: ListenerID, peer: PeerAddress) {
        begin(connection, listener: listener, peer: peer)
    }

    func received(_ bytes: UnsafeRawBufferPointer, on connection: ConnectionID) -> Int {
        switch kind(of: connection) {
        case .eventStream, .closing: return bytes.count
        case .webSocket: return receiveOnWebSocket(bytes, connection)
        case .http where marks(of: connection).contains(.awaitsProxyHeader):
            return receiveProxyHeader(bytes, connection)
        case .http: return receiveRequests(bytes, connection)
        }
    }

    func receivedEnd(on connection: ConnectionID) {
        switch kind(of: connection) {
        case .eventStream, .webSocket: loop.close(connection)
        case .closing: break
        case .http:
            guard let exchange = exchange(of: connection) else {
                loop.close(connection)
                return
            }
            exchange.hasPeerEnded = true
            switch exchange.phase {
            case .readingHead, .readingBody: loop.close(connection)
            case .awaitingAnswer, .sendingAnswer: break
            }
        }
    }

    func drained(_ connection: ConnectionID) {
        switch kind(of: connection) {
        case .eventStream:
            fanOut.drained(StreamID(connection))
        case .webSocket:
            fanOut.drained(StreamID(connection))
            if !loop.hasPendingOutput(connection) { loop.resumeReading(connection) }
        case .closing: break
        case .http:
            guard let exchange = exchange(of: connection) else { return }
            finishAnswer(connection, exchange)
            goOnReading(connection, exchange)
        }
    }

    func deadlineReached(_ connection: ConnectionID) {
        switch kind(of: connection) {
        case .eventStream, .webSocket: fanOut.deadlineReached(StreamID(connection))
        case .closing: loop.close(connection)
        case .http:
            guard let exchange = exchange(of: connection) else {
                loop.close(connection)
                return
            }
            switch exchange.phase {
            case .readingHead, .readingBody:
                refuse(connection, exchange, status: 408, "Request not sent in time")
            case .awaitingAnswer: break
            case .sendingAnswer: loop.close(connection)
            }
        }
    }

    func alarmReached(_ alarm: Int) {
        switch Alarm(rawValue: alarm) {
        case .pace: fanOut.paceTick()
        case .drain: endPushStreams()
        case nil: break
        }
    }

    func closed(_ connection: ConnectionID, reason: CloseReason) {
        end(connection)
        exchanges[connection.slot] = nil
        switch kind(of: connection) {
        case .eventStream, .webSocket:
            webSockets.closed(StreamID(connection))
            fanOut.closed(StreamID(connection))
        case .http, .closing: break
        }
    }

    func woken() {
        takeOver()
        fanOut.goOn()
        checkAccess()
    }

    func turnEnded() {
        let statistics = fanOut.statistics
        figures.store(
            subscribers: statistics.subscribers, deliveries: statistics.deliveries,
            stalls: statistics.stalls, changes: statistics.changes, repeats: repeats.hits)
        continueDrain()
        watchTurn()
    }

    // MARK: Requests

    private func receiveRequests(
        _ bytes: UnsafeRawBufferPointer, _ connection: ConnectionID
    ) -> Int {
        var consumed = answerRepeats(bytes, connection)
        if consumed == bytes.count { return consumed }
        let exchange = exchange(of: connection) ?? makeExchange(connection)
        /// Where the request in progress began, if that is within `bytes`.
        var start = exchange.parser.isBetweenRequests ? consumed : nil
        while true {
            switch exchange.phase {
            case .awaitingAnswer, .sendingAnswer:
                loop.pauseReading(connection)
                return consumed
            case .readingHead, .readingBody: break
            }
            let unread = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            let (taken, step) = exchange.parser.parse(unread)
            consumed += taken
            switch step {
            case .needMoreBytes:
                waitForMore(connection, exchange, hasUnread: consumed < bytes.count)
                return consumed
            case .head(let head, let framing):
                beginRequest(connection, exchange, head, framing)
            case .body(let range):
                exchange.body.append(contentsOf: unread[range])
            case .complete:
                let head = start.map { UnsafeRawBufferPointer(rebasing: bytes[$0...]) }
                answer(connection, exchange, head)
                start = consumed
                switch kind(of: connection) {
                case .http: break
                case .eventStream, .closing: return bytes.count
                case .webSocket:
                    // What came right behind the handshake is frames already.
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
                    return rest.isEmpty
                        ? consumed : consumed + receiveOnWebSocket(rest, connection)
                }
            case .failed(let error):
                refuse(connection, exchange, status: error.status, error.reason)
                return bytes.count
            }
        }
    }

    private func waitForMore(
        _ connection: ConnectionID, _ exchange: HTTPExchange, hasUnread: Bool
    ) {
        guard case .readingHead = exchange.phase else { return }
        if exchange.parser.isBetweenRequests, !hasUnread {
            exchanges[connection.slot] = nil
            setDeadline(connection, seconds: Limits.keepAliveSecondsMax)
        } else if !exchange.isHeadTimed {
            // The limit is for the whole head, so it is set once, at its first bytes.
            exchange.isHeadTimed = true
            setDeadline(connection, seconds: Limits.requestHeadSecondsMax)
        }
    }

    private func beginRequest(
        _ connection: ConnectionID, _ exchange: HTTPExchange, _ head: HTTPRequestHead,
        _ framing: HTTPRequestFraming
    ) {
        exchange.begin(head, framing)
        if framing.body != .none { setDeadline(connection, seconds: Limits.requestBodySecondsMax) }
        if framing.expectsContinue {
            _ = loop.send(LoopService.continueFrame, to: connection)
        }
    }

    /// Has a request answered.
    ///
    /// - Parameter bytes: What it was read from, if that came in one piece.
    private func answer(
        _ connection: ConnectionID, _ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer?
    ) {
        let request = exchange.takeRequest()
        if let reason = refusalReason(connection, request) {
            refuse(connection, exchange, request, reason)
            return
        }
        if StreamEndpoint.isAddressed(by: request.head), let plan = service.streamPlan(request) {
            admitStream(connection, exchange, request, plan)
            return
        }
        exchange.phase = .awaitingAnswer
        let stamp = repeatStamp
        let answer = dispatcher.dispatch(request) { [self] answer in
            _ = loop.post { self.finish(connection, answer) }
        }
        if let answer, let bytes {
            sendRepeatable(answer, to: bytes, stamp, connection, exchange)
        } else if let answer {
            send(answer, connection, exchange)
        } else {
            loop.clearDeadline(connection)
        }
    }

    /// An answer has come back from another thread.
    func finish(_ connection: ConnectionID, _ answer: HTTPResponse) {
        guard let exchange = exchange(of: connection),
            case .awaitingAnswer = exchange.phase
        else { return }
        // Before the fan-out of the same turn: no write waits for a subscriber (I6). Polls read the
        // hub and streams begin with `synchronize`, so what begins after the answer sees it (I2).
        send(answer, connection, exchange)
        goOnReading(connection, exchange)
    }

    /// After an answer that did not go out at once: the next request may come.
    func goOnReading(_ connection: ConnectionID, _ exchange: HTTPExchange) {
        guard kind(of: connection) == .http, case .readingHead = exchange.phase else { return }
        exchanges[connection.slot] = nil
        loop.resumeReading(connection)
    }

    /// Sends the answer to a connection's request.
    func send(
        _ answer: HTTPResponse, _ connection: ConnectionID, _ exchange: HTTPExchange
    ) {
        if drain != nil || exchange.hasPeerEnded { exchange.keepsAlive = false }
        let message = HTTPResponseWriter.message(
            of: answer, for: exchange.head.method, version: exchange.head.version,
            keepsAlive: exchange.keepsAlive, date: currentDate())
        exchange.phase = .sendingAnswer
        let head = EncodedFrame(message.bytes)
        let outcome =
            if let body = message.body {
                loop.send(head, body, to: connection)
            } else {
                loop.send(head, to: connection)
            }
        switch outcome {
        case .complete: finishAnswer(connection, exchange)
        case .pending: setDeadline(connection, seconds: Limits.stalledAnswerSecondsMax)
        case .blocked, .closed: break
        }
    }

    /// The value of `Date` by now.
    func currentDate() -> [UInt8] { date.bytes(at: clock().milliseconds / 1_000) }

    private func finishAnswer(_ connection: ConnectionID, _ exchange: HTTPExchange) {
        guard exchange.keepsAlive else {
            closeAfterOutput(connection)
            return
        }
        exchange.phase = .readingHead
        exchange.isHeadTimed = false
        setDeadline(connection, seconds: Limits.keepAliveSecondsMax)
    }

    private func refuse(
        _ connection: ConnectionID, _ exchange: HTTPExchange, status: Int, _ reason: String
    ) {
        exchange.keepsAlive = false
        send(service.refusal(status: status, reason), connection, exchange)
    }

    // MARK: Connections

    /// The request in progress on a connection, if there is one.
    func exchange(of connection: ConnectionID) -> HTTPExchange? {
        guard let exchange = exchanges[connection.slot],
            exchange.generation == connection.generation
        else { return nil }
        return exchange
    }

    /// Begins a request on a connection.
    func makeExchange(_ connection: ConnectionID) -> HTTPExchange {
        let exchange = HTTPExchange(generation: connection.generation)
        exchanges[connection.slot] = exchange
        return exchange
    }

    /// Sets a connection's deadline, from the beginning of the turn.
    func setDeadline(_ connection: ConnectionID, seconds: Int) {
        loop.setDeadline(connection, after: Int64(seconds) * 1_000_000_000)
    }

    private func closeAfterOutput(_ connection: ConnectionID) {
        exchanges[connection.slot] = nil
        setKind(.closing, of: connection)
        loop.closeAfterOutput(
            connection, lingerNanoseconds: Int64(Limits.lingerMillisecondsMax) * 1_000_000)
    }

    private static let continueFrame = EncodedFrame(HTTPResponseWriter.continuation)
}
