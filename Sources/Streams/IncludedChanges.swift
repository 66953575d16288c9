// SPDX-License-Identifier: MIT
//
// Events that carry what changed (`_include=changes`). What changed is in the storage, which a loop
// does not wait for: a position asks a question, the answer comes back later, and everyone who
// stands at that position then is sent the same frame. Meanwhile they are owed something and get
// nothing. The answer tells of the state that was read, which may be newer than the change that led
// to the question: it is told as what it is, so a revision and its records are always of one state.
//
// Records are told only to those who may read them when they are told: an answer that was read
// while permissions may have changed is held until they were asked for again. And who comes after a
// write sees it, though it may have moved no timestamp: an answer that was read before, by the
// hub's stamp of the collection, is not for them.

import Core
import Hub

/// What is asked of the storage: what changed in a collection.
package struct ChangesQuestion: Hashable, Sendable {
    /// The collection.
    package let path: CollectionPath
    /// Only what changed after this timestamp, tombstones included; nil for all there is.
    package let since: Timestamp?
    /// Where those stand who ask.
    let key: ChangesKey
    /// The hub's stamp of the collection before it is read.
    let stamp: UInt64
}

/// The answer to a `ChangesQuestion`, all of it from one state of the storage.
package struct ChangesAnswer: Sendable {
    /// The newest change of the collection.
    package let change: Change
    /// The records as a JSON array; nil if they are too many or the collection was deleted.
    package let records: [UInt8]?

    /// Makes an answer of its parts.
    package init(change: Change, records: [UInt8]?) {
        self.change = change
        self.records = records
    }
}

/// A position in the channel of a cohort.
struct ChangesKey: Hashable, Sendable {
    /// The number of the cohort.
    let cohort: Int32
    /// Which of the cohorts that had this number.
    let serial: UInt64
    /// The position.
    let position: Position
}

/// One event with what changed between a position and the change it tells of. It is rendered in an
/// encoding when the first subscriber needs it.
final class ChangesEvent {
    /// Where a subscriber stands that has it.
    let reached: Position
    private let entry: Entry
    private let records: [UInt8]?
    private let isRewritten: Bool
    private let cursor: Cursor
    /// The event in each encoding, by its raw value.
    private var frames = [EncodedFrame?](repeating: nil, count: StreamEncoding.allCases.count)

    /// Makes an event.
    ///
    /// - Parameters:
    ///   - records: The records that changed, as a JSON array; nil for an event that does not tell.
    ///   - isRewritten: Whether they are all there are, because what changed cannot be told.
    init(_ entry: Entry, records: [UInt8]?, isRewritten: Bool, epoch: Epoch) {
        self.entry = entry
        self.records = records
        self.isRewritten = isRewritten
        cursor = Cursor.exact(entry.timestamp, epoch, entry.change.revision)
        reached = Position(after: entry.change.revision, at: entry.timestamp)
    }

    /// The event in an encoding.
    ///
    /// - Complexity: O(length of the records), O(1) when it was rendered before.
    func frame(_ encoding: StreamEncoding) -> EncodedFrame {
        if let rendered = frames[encoding.rawValue] { return rendered }
        var buffer: [UInt8] = []
        if isRewritten { encoding.appendReset(.rewritten, to: &buffer) }
        encoding.append(entry: entry, changes: records, cursor: cursor, to: &buffer)
        let frame = EncodedFrame(buffer)
        frames[encoding.rawValue] = frame
        return frame
    }

    /// How many bytes it takes at most, rendered in every encoding.
    var byteCount: Int {
        let json = entry.json.count + (records?.count ?? 0)
        return (frames.count + 1) * (json + ChangesEvent.wordsBytesMax)
    }

    /// More than what an encoding adds to an event's JSON.
    private static let wordsBytesMax = 256
}

/// The questions of a loop that are not answered yet, who waits for them, and the events that were
/// made of answers since the log last changed.
struct ChangesDesk {
    /// A stream that waits for an answer.
    struct Waiter {
        /// The stream.
        let stream: StreamID
        /// The collection's stamp when it came: an answer that was read before that is not for it.
        let stamp: UInt64
    }

    private var waiting: [ChangesKey: [Waiter]] = [:]
    private var events: [ChangesKey: (event: ChangesEvent, stamp: UInt64)] = [:]
    private var eventBytes = 0
    /// Answers that are ahead of the log, which is about to learn of their change.
    private var early: [(question: ChangesQuestion, answer: ChangesAnswer)] = []
    /// Answers that wait until it is known who may read them.
    private var held: [(question: ChangesQuestion, answer: ChangesAnswer)] = []

    /// Notes that a stream waits for the answer to a position's question, if one does.
    ///
    /// - Returns: Whether the question is new and must be asked.
    mutating func wait(for key: ChangesKey, _ waiter: Waiter?) -> Bool {
        let isNew = waiting[key] == nil
        if let waiter {
            waiting[key, default: []].append(waiter)
        } else if isNew {
            waiting[key] = []
        }
        return isNew
    }

    /// Whether the question of a position is not answered yet.
    func isWaiting(for key: ChangesKey) -> Bool { waiting[key] != nil }

    /// Ends the wait for a question, and returns who waited.
    mutating func endWait(for key: ChangesKey) -> [Waiter] {
        waiting.removeValue(forKey: key) ?? []
    }

    /// Keeps an answer until the log has come to its change.
    mutating func postpone(_ question: ChangesQuestion, _ answer: ChangesAnswer) {
        early.append((question, answer))
    }

    /// The answers that were kept and are not ahead of `head` any more.
    mutating func takePostponed(upTo head: Revision) -> [(ChangesQuestion, ChangesAnswer)] {
        guard !early.isEmpty else { return [] }
        let due = early.filter { $0.answer.change.revision <= head }
        early.removeAll { $0.answer.change.revision <= head }
        return due.map { ($0.question, $0.answer) }
    }

    /// Keeps an answer until permissions were asked for again.
    mutating func hold(_ question: ChangesQuestion, _ answer: ChangesAnswer) {
        held.append((question, answer))
    }

    /// The answers that were held.
    mutating func takeHeld() -> [(question: ChangesQuestion, answer: ChangesAnswer)] {
        defer { held = [] }
        return held
    }

    /// The event that leads on from a position, if it was made since the log last changed, of what
    /// was read under that stamp of the collection.
    func event(from key: ChangesKey, stamp: UInt64) -> ChangesEvent? {
        guard let kept = events[key], kept.stamp == stamp else { return nil }
        return kept.event
    }

    /// Remembers an event for those who come to the same position.
    mutating func keep(_ event: ChangesEvent, from key: ChangesKey, stamp: UInt64) {
        if eventBytes + event.byteCount > Limits.catchUpCacheBytesMax { forgetEvents() }
        if let old = events.removeValue(forKey: key) { eventBytes -= old.event.byteCount }
        events[key] = (event, stamp)
        eventBytes += event.byteCount
    }

    /// Forgets all events; to be called when the log has changed.
    mutating func forgetEvents() {
        guard !events.isEmpty else { return }
        events.removeAll()
        eventBytes = 0
    }
}
