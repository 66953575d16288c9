// SPDX-License-Identifier: MIT
//
// One loop's streams. A subscriber is a position, never a queue:
//
//   catching up ──(everything owed was sent, socket took it)──▶ live, in its cohort's section
//        ▲                                                             │
//        └──────(the socket did not take a frame whole)◀───────────────┘
//
// A live subscriber's position is its section's: the loop's head, unless the section waits for its
// turn to be told. Only the others have one of their own. When a socket is full the subscriber
// stays at its position; when it drains, it is sent the newest entries after that position
// (conflation). Positions only grow, so revisions per subscriber do (invariant I4), and what is
// kept for one is constant (I5).

import Core
import Hub
import Wire

/// The fan-out of one loop: its copy of the change log, its cohorts, its subscribers.
///
/// Confined to the loop's thread. Knows neither sockets nor clocks: it acts through a
/// `StreamTransport` and is told when streams drained, closed or reached their deadline.
package final class FanOut<Transport: StreamTransport, Random: RandomNumberGenerator> {
    /// What has happened in this loop so far.
    package struct Statistics: Sendable {
        /// Streams now open, by `StreamEncoding.rawValue`.
        package var subscribers = StreamEncoding.allCases.map { _ in 0 }
        /// Entries handed to sockets, one for each subscriber and entry.
        package var deliveries: UInt64 = 0
        /// How often a live subscriber's socket was full.
        package var stalls: UInt64 = 0
        /// How often a stream that had everything waited for its slice or section.
        package var parked = 0
        /// Changes taken from the hub, after conflation.
        package var changes: UInt64 = 0
    }

    /// How far a subscriber is.
    enum Phase {
        /// There is none.
        case absent
        /// It is a browser that has not said `hello` yet.
        case greeting
        /// It is owed something, or was not told yet that it is not.
        case catchingUp(Position, owesReady: Bool)
        /// It has everything up to a position, and waits for its slice or section.
        case parked(Position)
        /// It is in the group of its section, or of its slice.
        case live
        /// It gets nothing more.
        case ending
    }

    /// What is kept of a subscriber.
    struct Subscriber {
        /// Its stream.
        var id = StreamID(slot: 0, generation: 0)
        /// How far it is.
        var phase = Phase.absent
        /// The number of its channel.
        var cohort: Int32 = 0
        /// The number of its section while it is live and not paced.
        var section = SectionTable.none
        /// The number of the permission it lives by.
        var access = AccessTable.none
        /// How its events are spelled.
        var encoding = StreamEncoding.eventStream
        /// Whether a ping was sent that the peer has not answered (WebSocket only).
        var awaitsPong = false
        /// Why it is to forget what it has, if it has not been told yet.
        var owedReset: ResetReason?
        /// Milliseconds of its age left after the deadline that is set; negative for no limit.
        var ageLeft: Int32 = -1
    }

    /// What has happened so far.
    @exclusivity(unchecked) package internal(set) var statistics = Statistics()
    /// How the streams behave.
    package internal(set) var configuration: StreamConfiguration

    /// What the loop learns of changes from.
    let hub: Hub
    /// The loop.
    unowned let transport: Transport
    /// Asks the storage what changed in a collection; `changesAnswered` is to follow.
    let ask: (ChangesQuestion) -> Void
    /// For what is spread at random.
    var random: Random
    /// The loop's copy of the log of the monitored collections.
    private(set) var log: ChangeLog
    private let loopNumber: Int
    private var isListening = false
    /// The channels in use.
    var cohorts = CohortTable()
    /// Who of the live subscribers is told together; each turn asks it.
    @exclusivity(unchecked) var sections = SectionTable()
    /// How many more may be told before other events have their turn.
    var membersLeft = 0
    /// The loop's copy of the broadcasts.
    var broadcasts = BroadcastTable()
    /// Who waits for what changed.
    var desk = ChangesDesk()
    /// What lagging subscribers are sent.
    var catchUps: CatchUpCache
    /// The streams that are told one after another.
    var pace: Pace
    /// The permissions that streams live by.
    var accesses = AccessTable()
    /// When they are asked for again.
    var accessWatch: AccessWatch
    /// The subscribers by the slots of their streams.
    var subscribers: [Subscriber] = []
    /// The heartbeat of each encoding, by its raw value.
    let heartbeats: [EncodedFrame]

    /// Makes the fan-out of a loop.
    ///
    /// - Parameters:
    ///   - transport: The loop; it must outlive this.
    ///   - wake: Makes the loop call `goOn()` soon; called from other threads.
    ///   - random: For spreading heartbeats and `retry:` times.
    ///   - ask: Asks the storage what changed in a collection, without waiting; `changesAnswered`
    ///     is to follow on the loop's thread.
    package init(
        hub: Hub, transport: Transport, configuration: StreamConfiguration, random: Random,
        wake: @escaping @Sendable () -> Void, ask: @escaping (ChangesQuestion) -> Void
    ) {
        self.hub = hub
        self.ask = ask
        self.transport = transport
        self.configuration = configuration
        self.random = random
        heartbeats = StreamEncoding.allCases.map { $0.heartbeat() }
        accessWatch = AccessWatch(changes: hub.accessChanges)
        pace = Pace(
            windowMilliseconds: configuration.paceMilliseconds, slices: configuration.paceSlices)
        catchUps = CatchUpCache(windowMilliseconds: configuration.paceMilliseconds)
        (loopNumber, log) = hub.attach(wake: wake)
    }

    /// Goes on after the loop was woken: brings it up to the hub's head, tells more of those who
    /// are owed something, and has it woken no more if nobody streams from it.
    ///
    /// - Complexity: that of `synchronize`, or O(`StreamConfiguration.toldPerTurnMax` + members of
    ///   one section).
    package func goOn() {
        let wasTelling = isTelling
        synchronize()
        if wasTelling { continueTelling() }
        guard isListening, statistics.subscribers.allSatisfy({ $0 == 0 }) else { return }
        isListening = false
        hub.setListening(false, loop: loopNumber)
    }

    /// Has the loop woken from now on when there is news.
    private func listen() {
        guard !isListening else { return }
        isListening = true
        hub.setListening(true, loop: loopNumber)
    }

    /// Brings the loop up to the hub's head, if it is behind, and sends what is new to as many whom
    /// it concerns as one turn may; `goOn` tells the others. Called once per loop turn after a
    /// wake, and before a stream begins (I2).
    ///
    /// - Complexity: O(1) when nothing is new, else O(cohorts × changes + sections + members sent
    ///   to).
    package func synchronize() {
        if hub.announced > log.head { apply(hub.news(after: log.head)) }
        tellBroadcasts()
    }

    private func apply(_ news: News) {
        guard news.head > log.head else { return }
        let before = log.head
        log.apply(news.monitored, head: news.head)
        catchUps.clear()
        desk.forgetEvents()
        statistics.changes += UInt64(news.monitored.count + news.others.count)
        beginTelling()
        var stalled: [(StreamID, BlockedMember)] = []
        tellMonitor(news.monitored, after: before, &stalled)
        for entries in [news.monitored, news.others] {
            for entry in entries { tellCollection(entry, after: before, &stalled) }
        }
        for (id, outcome) in stalled {
            noteStalled(
                id, outcome, before: Position(after: before), reached: Position(after: log.head))
        }
        startPacing()
        askToGoOn()
        for (question, answer) in desk.takePostponed(upTo: log.head) {
            changesAnswered(question, answer)
        }
    }

    /// Sends changes of monitored collections to the streams of the monitor feed.
    private func tellMonitor(
        _ entries: [Entry], after before: Revision, _ stalled: inout [(StreamID, BlockedMember)]
    ) {
        guard !entries.isEmpty else { return }
        var encoder = LiveEncoder(entries: entries, log: log)
        for number in cohorts.cohorts.indices {
            cohorts.note(entries, for: Int32(number), in: log)
            guard let cohort = cohorts.cohorts[number],
                case .monitor(let filter) = cohort.channel,
                let matching = encoder.matching(filter)
            else { continue }
            for encoding in StreamEncoding.allCases {
                tell(
                    cohort.firstSections[encoding.rawValue], from: Position(after: before),
                    to: Position(after: log.head), entryCount: matching.count, &stalled
                ) {
                    encoder.frame(of: matching, encoding, for: cohort)
                }
            }
        }
    }

    /// Sends a collection's change to the streams of that collection.
    private func tellCollection(
        _ entry: Entry, after before: Revision, _ stalled: inout [(StreamID, BlockedMember)]
    ) {
        let path = entry.change.path
        if let number = cohorts.number(of: path, includesChanges: true) {
            cohorts.set(entry, for: number)
            tellWithChanges(number)
        }
        guard let number = cohorts.number(of: path, includesChanges: false) else { return }
        cohorts.set(entry, for: number)
        let firstSections = cohorts[number].firstSections
        for encoding in StreamEncoding.allCases {
            tell(
                firstSections[encoding.rawValue], from: Position(after: before),
                to: Position(after: log.head), entryCount: 1, &stalled
            ) {
                var buffer: [UInt8] = []
                encoding.append(
                    [entry], restMinimum: nil, timestamp: entry.timestamp, epoch: log.epoch,
                    to: &buffer)
                return EncodedFrame(buffer)
            }
        }
    }

    /// Sends a frame with so many entries to a group, and notes whose socket did not take it.
    func send(
        _ frame: EncodedFrame, to group: StreamGroup, entryCount: Int,
        _ stalled: inout [(StreamID, BlockedMember)]
    ) {
        statistics.deliveries += UInt64(transport.memberCount(of: group) * entryCount)
        transport.send(frame, to: group) { id, outcome in
            if case .refused = outcome { statistics.deliveries -= UInt64(entryCount) }
            stalled.append((id, outcome))
        }
    }

    /// A live subscriber's socket was full: it lags.
    ///
    /// - Parameters:
    ///   - before: Where it stood.
    ///   - reached: Where it stands when it has the frame.
    func noteStalled(
        _ id: StreamID, _ outcome: BlockedMember, before: Position, reached: Position
    ) {
        guard let place = place(of: id) else { return }
        statistics.stalls += 1
        switch outcome {
        case .partial:
            subscribers[place].phase = .catchingUp(reached, owesReady: false)
        case .refused:
            subscribers[place].phase = .catchingUp(before, owesReady: false)
        case .closed:
            subscribers[place].phase = .ending
        }
    }

    /// Begins a stream: the answer's head, what is owed, `ready`, then live.
    ///
    /// - Parameters:
    ///   - preamble: What goes before the first event: the HTTP answer's head.
    ///   - cursor: The cursor as the client spelled it.
    ///   - grant: The permission that the stream lives by, if it needs one.
    /// - Returns: Whether there was room for one more channel; if not, nothing was sent.
    package func begin(
        _ id: StreamID, encoding: StreamEncoding, preamble: EncodedFrame, channel: Channel,
        cursor: String?, grant: StreamGrant? = nil
    ) -> Bool {
        // Before it is asked for what is new, so that nothing falls between.
        listen()
        guard let number = retain(channel) else { return false }
        let slot = Int(id.slot)
        while subscribers.count <= slot { subscribers.append(Subscriber()) }
        if case .absent = subscribers[slot].phase {
        } else {
            preconditionFailure("a slot holds one stream at a time")
        }
        statistics.subscribers[encoding.rawValue] += 1
        subscribers[slot] = Subscriber(
            id: id, phase: .ending, cohort: number, encoding: encoding, ageLeft: drawAge())
        transport.setPeerTimeout(id, milliseconds: configuration.peerTimeoutMilliseconds)
        if let grant {
            subscribers[slot].access = accesses.retain(grant.access)
            accessWatch.began(at: grant.changes, changes: hub.accessChanges)
        }
        guard channel != .broadcasts else {
            subscribers[slot].phase = .greeting
            transport.setDeadline(id, milliseconds: Limits.pushHelloMillisecondsMax)
            sendControl(preamble, to: id)
            return true
        }
        setFirstHeartbeat(slot)
        start(slot, preamble: preamble, cursor: cursor)
        return true
    }

    /// Brings the loop up to the hub's head and counts one more subscriber of a channel.
    func retain(_ channel: Channel) -> Int32? {
        switch channel {
        case .monitor, .broadcasts:
            synchronize()
            return cohorts.retain(channel, in: log)
        case .collection(let path, _):
            let (news, entry) = hub.news(after: log.head, with: path)
            apply(news)
            return cohorts.retain(channel, entry: entry)
        }
    }

    /// Replaces a stream's filter and position: the WebSocket message `subscribe`. A stream of one
    /// collection stays one, and what may be seen stays what it is.
    package func replace(_ id: StreamID, filter: ChangeFilter, cursor: String?) -> Replacement {
        guard let place = place(of: id) else { return .done }
        var channel = cohorts[subscribers[place].cohort].channel
        switch channel {
        case .monitor(let old):
            var filter = filter
            filter.visibility = old.visibility
            channel = .monitor(filter)
        case .collection, .broadcasts: guard filter == .all else { return .hasNoFilter }
        }
        guard let number = retain(channel) else { return .noRoom }
        transport.leave(id)
        releaseCohort(subscribers[place].cohort)
        subscribers[place].cohort = number
        start(place, preamble: nil, cursor: cursor)
        return .done
    }

    private func start(_ place: Int, preamble: EncodedFrame?, cursor: String?) {
        let resume = cohorts[subscribers[place].cohort].resume(from: cursor, in: log)
        subscribers[place].phase = .catchingUp(resume.position, owesReady: true)
        var first = preamble
        if let reason = resume.reset {
            var bytes = preamble?.bytes ?? []
            subscribers[place].encoding.appendReset(reason, to: &bytes)
            first = EncodedFrame(bytes)
        }
        advance(place, preamble: first)
    }

    /// Sends a lagging subscriber what it is owed until it is live, waits or its socket is full.
    func advance(_ place: Int, preamble: EncodedFrame?) {
        var preamble = preamble
        while case .catchingUp(let position, let owesReady) = subscribers[place].phase {
            let id = subscribers[place].id
            var frames = [preamble].compactMap { $0 }
            preamble = nil
            let step = nextStep(
                in: subscribers[place].cohort, encoding: subscribers[place].encoding,
                after: position, owesReady: owesReady)
            switch step {
            case .send(let catchUp):
                if let frame = catchUp.frame { frames.append(frame) }
                subscribers[place].phase = .catchingUp(
                    catchUp.position, owesReady: owesReady && !catchUp.isComplete)
                statistics.deliveries += UInt64(catchUp.entryCount)
            case .join, .wait: break
            }
            if let first = frames.first {
                switch transport.send(first, frames.count > 1 ? frames[1] : nil, to: id) {
                case .complete: break
                case .pending: return
                case .closed:
                    subscribers[place].phase = .ending
                    return
                }
            }
            switch step {
            case .send: continue
            case .wait(let key):
                wait(id, for: key)
                return
            case .join:
                join(place, at: position)
                return
            }
        }
    }

    /// What subscribers at `position` of a cohort do next.
    func nextStep(
        in number: Int32, encoding: StreamEncoding, after position: Position, owesReady: Bool
    ) -> NextStep {
        guard encoding != .push else { return nextBroadcasts(after: position) }
        guard !cohorts[number].includesChanges else {
            return nextStep(
                from: position, in: number, encoding: encoding, owesReady: owesReady)
        }
        let catchUp = catchUps.next(
            position: position, cohort: cohorts[number], encoding: encoding, owesReady: owesReady,
            log: log)
        return catchUp.frame == nil ? .join : .send(catchUp)
    }

    /// A stream's pending output has gone out: it is caught up from its position.
    package func drained(_ id: StreamID) {
        guard let place = place(of: id) else { return }
        // It reads, so it lives, whatever came of an earlier ping.
        subscribers[place].awaitsPong = false
        advance(place, preamble: takeOwedReset(place))
    }

    /// A stream is gone.
    package func closed(_ id: StreamID) {
        guard let place = place(of: id) else { return }
        transport.leave(id)
        statistics.subscribers[subscribers[place].encoding.rawValue] -= 1
        releaseCohort(subscribers[place].cohort)
        accesses.release(subscribers[place].access)
        subscribers[place] = Subscriber()
    }

    // MARK: Control frames

    /// Sends a frame that is no event: a heartbeat, a pong, an answer to a message.
    ///
    /// - Precondition: The stream has no pending output.
    package func sendControl(_ frame: EncodedFrame, to id: StreamID) {
        guard let place = place(of: id) else { return }
        switch transport.send(frame, nil, to: id) {
        case .complete: break
        case .pending:
            if case .live = subscribers[place].phase {
                transport.leave(id)
                subscribers[place].phase = .catchingUp(livePosition(of: place), owesReady: false)
            }
        case .closed:
            subscribers[place].phase = .ending
        }
    }

    /// Draws 32 hexadecimal digits.
    func drawIdentity() -> String {
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Digest.hexadecimal(bytes)
    }

    /// Draws a time for `retry:`, in milliseconds.
    package func drawRetryMilliseconds() -> Int {
        Int.random(in: configuration.retryMilliseconds, using: &random)
    }

    /// How a stream spells events; nil if it is gone.
    package func encoding(of id: StreamID) -> StreamEncoding? {
        place(of: id).map { subscribers[$0].encoding }
    }

    /// The slot of a stream that has not closed.
    func place(of id: StreamID) -> Int? {
        let slot = Int(id.slot)
        guard slot < subscribers.count, subscribers[slot].id == id else { return nil }
        if case .absent = subscribers[slot].phase { return nil }
        return slot
    }
}

/// What became of the wish for another filter.
package enum Replacement: Sendable {
    /// The stream has it.
    case done
    /// The loop has as many channels as it can; the old filter stays.
    case noRoom
    /// A stream of one collection has no filter.
    case hasNoFilter
}
