// SPDX-License-Identifier: MIT
//
// Streams whose events carry what changed. The live subscribers of such a cohort stand where its
// last event left them, not at the loop's head: while their next event is being read, whoever has
// caught up beyond them waits until they have it, so that a group never stands at two positions.

import Core
import Hub

/// What a lagging subscriber does next.
enum NextStep {
    /// It is sent something.
    case send(CatchUp)
    /// It has everything, and joins the live.
    case join
    /// It waits for the answer to the question of a position.
    case wait(ChangesKey)
}

extension FanOut {
    /// What a subscriber at `position` does next, in a cohort whose events carry what changed.
    func nextStep(
        from position: Position, in number: Int32, encoding: StreamEncoding, owesReady: Bool
    ) -> NextStep {
        let cohort = cohorts[number]
        if !cohort.owed(to: position, in: log).isEmpty {
            let key = ChangesKey(cohort: number, serial: cohort.serial, position: position)
            guard accessWatch.isSettled(changes: hub.accessChanges),
                case .collection(let path, _) = cohort.channel,
                let event = desk.event(from: key, stamp: hub.stamp(of: path))
            else { return .wait(key) }
            return .send(
                CatchUp(
                    frame: event.frame(encoding), position: event.reached,
                    isComplete: false, entryCount: 1))
        }
        let settled = Position(
            after: cohort.entry?.change.revision ?? .zero, at: cohort.timestamp(in: log))
        if owesReady {
            var buffer: [UInt8] = []
            let timestamp = cohort.timestamp(in: log)
            encoding.appendReady(
                cursor: .exact(timestamp, log.epoch, log.head), timestamp: timestamp, to: &buffer)
            return .send(
                CatchUp(
                    frame: EncodedFrame(buffer), position: settled, isComplete: true, entryCount: 0)
            )
        }
        if hasLiveMembers(number), cohort.live != settled {
            return .wait(
                ChangesKey(cohort: number, serial: cohort.serial, position: cohort.live))
        }
        cohorts.setLive(settled, for: number)
        return .join
    }

    /// Has a stream wait for the answer to a position's question, which is asked if nobody has.
    func wait(_ stream: StreamID?, for key: ChangesKey) {
        guard case .collection(let path, _) = cohorts[key.cohort].channel else { return }
        let stamp = hub.stamp(of: path)
        let waiter = stream.map { ChangesDesk.Waiter(stream: $0, stamp: stamp) }
        guard desk.wait(for: key, waiter) else { return }
        let isOrdered = key.position.isOrdered(path, hub)
        let since = isOrdered && !key.position.isStart ? key.position.floor : nil
        ask(ChangesQuestion(path: path, since: since, key: key, stamp: stamp))
    }

    /// A collection has changed: what changed is asked for, for those who are live.
    func tellWithChanges(_ number: Int32) {
        let cohort = cohorts[number]
        guard hasLiveMembers(number) else { return }
        wait(nil, for: ChangesKey(cohort: number, serial: cohort.serial, position: cohort.live))
    }

    /// The storage has answered.
    ///
    /// - Parameter answer: Nil if it could not: then the change is told without what changed.
    /// - Complexity: O(streams that wait and members of the cohort).
    package func changesAnswered(_ question: ChangesQuestion, _ answer: ChangesAnswer?) {
        let key = question.key
        guard let cohort = cohorts.cohort(key.cohort, serial: key.serial), let entry = cohort.entry
        else {
            _ = desk.endWait(for: key)
            return
        }
        let answer = answer ?? ChangesAnswer(change: entry.change, records: nil)
        if answer.change.revision > log.head { synchronize() }
        guard answer.change.revision <= log.head else {
            // The commit was read before the hub was told of it.
            desk.postpone(question, answer)
            return
        }
        // The hub tells of a permission's loss no later than of what was written after it.
        guard answer.records == nil || accessWatch.isSettled(changes: hub.accessChanges) else {
            desk.hold(question, answer)
            return
        }
        // What was written with a past timestamp before the answer's state is known by now.
        let isRewritten =
            !key.position.isOrdered(question.path, hub) && !answer.change.isTombstone
        if isRewritten, question.since != nil, answer.records != nil {
            let stamp = hub.stamp(of: question.path)
            ask(ChangesQuestion(path: question.path, since: nil, key: key, stamp: stamp))
            return
        }
        let told =
            entry.change == answer.change
            ? entry : Entry(unrendered: answer.change, host: entry.host)
        let event = ChangesEvent(
            told, records: answer.records, isRewritten: isRewritten, epoch: log.epoch)
        if cohorts[key.cohort].entry?.change == answer.change {
            desk.keep(event, from: key, stamp: question.stamp)
        }
        deliver(event, from: key, stamp: question.stamp)
    }

    /// Sends an event to all who stand at a position, and lets those go on who waited for that.
    private func deliver(_ event: ChangesEvent, from key: ChangesKey, stamp: UInt64) {
        let waiting = desk.endWait(for: key)
        if cohorts[key.cohort].live == key.position, hasLiveMembers(key.cohort) {
            cohorts.setLive(event.reached, for: key.cohort)
            var stalled: [(StreamID, BlockedMember)] = []
            // The position is the whole cohort's, so nobody waits for another turn.
            membersLeft = .max
            let firstSections = cohorts[key.cohort].firstSections
            for encoding in StreamEncoding.allCases {
                tell(
                    firstSections[encoding.rawValue], from: key.position, to: event.reached,
                    entryCount: 1, &stalled
                ) {
                    event.frame(encoding)
                }
            }
            for (id, outcome) in stalled {
                noteStalled(id, outcome, before: key.position, reached: event.reached)
            }
        }
        for waiter in waiting {
            let id = waiter.stream
            guard let place = place(of: id),
                case .catchingUp(let position, let owesReady) = subscribers[place].phase,
                subscribers[place].cohort == key.cohort, !transport.hasPendingOutput(id)
            else { continue }
            if position == key.position, waiter.stamp <= stamp {
                let frame = event.frame(subscribers[place].encoding)
                guard deliver(frame, to: place, reached: event.reached, owesReady: owesReady)
                else { continue }
            }
            advance(place, preamble: nil)
        }
        let cohort = cohorts.cohort(key.cohort, serial: key.serial)
        if let cohort, let entry = cohort.entry, entry.change.revision > cohort.live.revision {
            tellWithChanges(key.cohort)
        }
    }

    /// Sends one event to one subscriber; false if its socket did not take it whole.
    private func deliver(
        _ frame: EncodedFrame, to place: Int, reached: Position, owesReady: Bool
    ) -> Bool {
        subscribers[place].phase = .catchingUp(reached, owesReady: owesReady)
        statistics.deliveries += 1
        switch transport.send(frame, nil, to: subscribers[place].id) {
        case .complete: return true
        case .pending: return false
        case .closed:
            subscribers[place].phase = .ending
            return false
        }
    }
}

extension Position {
    /// Whether the subscriber has nothing yet.
    fileprivate var isStart: Bool { floor == Timestamp(milliseconds: .min) }

    /// Whether timestamps tell what happened after the position. Who comes from a poll gets what
    /// the next poll would have given.
    fileprivate func isOrdered(_ path: CollectionPath, _ hub: Hub) -> Bool {
        floorEnd > .zero || isStart || hub.isOrdered(path, after: revision)
    }
}
