// SPDX-License-Identifier: MIT
//
// Browsers that listen for broadcasts. They form one cohort of a loop, whose position is the number
// of the loop's newest broadcast: one frame goes to all of them. Who lags is owed the newest
// version of each broadcast above its number, so nothing is queued here either.

import Core
import Hub
import Wire

extension FanOut {
    /// Brings the loop's broadcasts up to the hub's, and sends what is new to all browsers that
    /// said `hello`.
    ///
    /// - Complexity: O(1) when nothing is new, else O(broadcasts + members sent to).
    func tellBroadcasts() {
        guard let table = hub.broadcasts(after: broadcasts.head) else { return }
        let before = broadcasts.head
        broadcasts = table
        startPacing()
        guard let number = cohorts.number(of: .broadcasts) else { return }
        let news = table.entries(after: before)
        let position = Position(after: Revision(before))
        let reached = Position(after: Revision(table.head))
        var stalled: [(StreamID, BlockedMember)] = []
        beginTelling()
        let first = cohorts[number].firstSections[StreamEncoding.push.rawValue]
        tell(first, from: position, to: reached, entryCount: news.count, &stalled) {
            EncodedFrame(WebSocketFrameEncoder.text(PushAnswer.broadcast(news)))
        }
        for (id, outcome) in stalled {
            noteStalled(id, outcome, before: position, reached: reached)
        }
        askToGoOn()
    }

    /// Whether a browser has said `hello`; nil if the stream is none of a browser's push service.
    func hasGreeted(_ id: StreamID) -> Bool? {
        guard let place = place(of: id), subscribers[place].encoding == .push else { return nil }
        if case .greeting = subscribers[place].phase { return false }
        return true
    }

    /// A browser has said `hello`: it is answered, and live from then on.
    func greet(_ id: StreamID, known: [PushMessage.Known]) {
        guard let place = place(of: id), hasGreeted(id) == false else { return }
        synchronize()
        let hello = PushAnswer.hello(uaid: drawIdentity(), known: known, table: broadcasts)
        subscribers[place].phase = .catchingUp(
            Position(after: Revision(broadcasts.head)), owesReady: false)
        setFirstHeartbeat(place)
        advance(place, preamble: EncodedFrame(WebSocketFrameEncoder.text(hello)))
    }

    /// What a browser is answered that listens for more; nil if there is nothing to answer, or its
    /// socket is full: then it is owed every broadcast anew.
    func answer(to known: [PushMessage.Known], from id: StreamID) -> [UInt8]? {
        synchronize()
        guard let place = place(of: id) else { return nil }
        guard transport.hasPendingOutput(id) else {
            return PushAnswer.subscribed(known, table: broadcasts)
        }
        if case .catchingUp = subscribers[place].phase {
            subscribers[place].phase = .catchingUp(Position(after: .zero), owesReady: false)
        }
        return nil
    }

    /// What a browser is owed that stands behind the loop's newest broadcast.
    func nextBroadcasts(after position: Position) -> NextStep {
        let owed = broadcasts.entries(after: position.revision.number)
        guard !owed.isEmpty else { return .join }
        let frame = EncodedFrame(WebSocketFrameEncoder.text(PushAnswer.broadcast(owed)))
        return .send(
            CatchUp(
                frame: frame, position: Position(after: Revision(broadcasts.head)),
                isComplete: true, entryCount: owed.count))
    }

    /// Where the live subscribers of a cohort stand.
    func livePosition(of cohort: CohortTable.Cohort) -> Position {
        switch cohort.channel {
        case .broadcasts: Position(after: Revision(broadcasts.head))
        case .monitor, .collection:
            cohort.includesChanges ? cohort.live : Position(after: log.head)
        }
    }
}

extension WebSocketStreams {
    /// Acts on a message of a browser's push service.
    func handlePush(_ text: [UInt8], from stream: StreamID, hasGreeted: Bool) {
        let message: PushMessage
        do {
            message = try PushMessage(parsing: text)
        } catch {
            close(stream, .internalError, error.reason)
            return
        }
        switch message {
        case .hello(let known):
            guard !hasGreeted else {
                close(stream, .internalError, "AlreadyGreeted")
                return
            }
            fanOut.greet(stream, known: known)
        case .subscribe, .register, .unregister, .acknowledgement, .ping:
            guard hasGreeted else {
                close(stream, .internalError, "HelloExpected")
                return
            }
            answerPush(message, to: stream)
        }
    }

    private func answerPush(_ message: PushMessage, to stream: StreamID) {
        switch message {
        case .hello, .acknowledgement: break
        case .subscribe(let known):
            guard let message = fanOut.answer(to: known, from: stream) else { return }
            answer(message, to: stream)
        case .register(let channel): answer(PushAnswer.registered(channel: channel), to: stream)
        case .unregister(let channel):
            answer(PushAnswer.unregistered(channel: channel), to: stream)
        case .ping: answer(PushAnswer.pong, to: stream)
        }
    }
}
