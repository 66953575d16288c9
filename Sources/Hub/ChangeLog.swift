// SPDX-License-Identifier: MIT
//
// The change log (DESIGN, section 1): one entry per monitored collection, ordered by revision. A
// new change of a collection moves its entry to the end, so the log is its own compaction and as
// long as the number of collections. It is a doubly linked list threaded through an array of
// slots, with a dictionary from collection to slot: a change is O(1), and what a position is owed
// is found by walking back from the end.
//
// Invariants, checked in debug builds:
// 1. Walking from the first to the last slot, revisions strictly increase.
// 2. Every slot is on the list once and in the dictionary under its own path.
// 3. No revision is above the head.
// 4. `timestamp` is the highest of the entries that are not tombstones, nil if there is none.
//
// Rejected: an array sorted by revision (a change would move half of it), a log with history and
// trimming (subscribers need states, not history).

import Core

/// The newest entry of each monitored collection, ordered by revision.
///
/// A value: the hub owns one and every loop a copy of its own, which it brings up to date by
/// `apply(_:head:)`.
package struct ChangeLog: Sendable {
    /// The history that the revisions belong to.
    package let epoch: Epoch
    /// The newest revision known, also of changes that are not monitored.
    package private(set) var head: Revision
    /// The timestamp of the list: the highest of its live entries, nil if it has none.
    package private(set) var timestamp: Timestamp?
    /// The highest timestamp of any change the log has seen, deletions included; nil when empty.
    package private(set) var highestTimestamp: Timestamp?
    /// How many live entries there are.
    package private(set) var liveCount = 0

    private var slots: [Slot] = []
    private var places: [CollectionPath: Int32] = [:]
    private var first: Int32 = -1
    private var last: Int32 = -1

    private struct Slot: Sendable {
        var entry: Entry
        var previous: Int32
        var next: Int32
    }

    /// Makes an empty log of a history that has come to `head`.
    package init(epoch: Epoch, head: Revision = .zero) {
        self.epoch = epoch
        self.head = head
    }

    /// How many collections the log knows, tombstones included.
    package var count: Int { slots.count }

    /// Takes a newer entry of a collection, which goes to the end of the log.
    ///
    /// - Parameter entry: Its revision must be above every one in the log.
    /// - Complexity: O(1), but O(*n*) when the entry that had the list's timestamp goes back.
    package mutating func append(_ entry: Entry) {
        precondition(
            last < 0 || slots[Int(last)].entry.change.revision < entry.change.revision,
            "revisions must increase")
        let isLive = !entry.change.isTombstone
        var replaced: Entry?
        if let place = places[entry.change.path] {
            replaced = slots[Int(place)].entry
            unlink(place)
            slots[Int(place)].entry = entry
            link(place)
        } else {
            let place = Int32(slots.count)
            slots.append(Slot(entry: entry, previous: -1, next: -1))
            places[entry.change.path] = place
            link(place)
        }
        if let replaced, !replaced.change.isTombstone { liveCount -= 1 }
        if isLive { liveCount += 1 }
        head = max(head, entry.change.revision)
        highestTimestamp = max(highestTimestamp ?? entry.timestamp, entry.timestamp)
        updateTimestamp(replacing: replaced, by: entry)
    }

    /// Takes entries that another log has and this one has not, and the head it came to.
    ///
    /// - Complexity: O(number of entries).
    package mutating func apply(_ entries: [Entry], head newHead: Revision) {
        for entry in entries { append(entry) }
        head = max(head, newHead)
        checkInvariants()
    }

    /// Notes that the history went on without a change that this log keeps.
    package mutating func advance(to revision: Revision) {
        head = max(head, revision)
    }

    /// The entry of a collection, live or a tombstone.
    package func entry(of path: CollectionPath) -> Entry? {
        places[path].map { slots[Int($0)].entry }
    }

    /// Returns the entries with a revision above `revision`, oldest first, tombstones included.
    ///
    /// - Complexity: O(*k*), where *k* is the number of entries returned.
    package func entries(after revision: Revision) -> [Entry] {
        var place = last
        var found: [Entry] = []
        while place >= 0, slots[Int(place)].entry.change.revision > revision {
            found.append(slots[Int(place)].entry)
            place = slots[Int(place)].previous
        }
        found.reverse()
        return found
    }

    /// Returns the live entries, newest timestamp first as polls show them; equal timestamps by
    /// revision, later first.
    ///
    /// - Complexity: O(*n* log *n*).
    package func liveEntries() -> [Entry] {
        entries(after: .zero).filter { !$0.change.isTombstone }.sorted {
            ($0.timestamp, $0.change.revision) > ($1.timestamp, $1.change.revision)
        }
    }

    private mutating func unlink(_ place: Int32) {
        let slot = slots[Int(place)]
        if slot.previous >= 0 {
            slots[Int(slot.previous)].next = slot.next
        } else {
            first = slot.next
        }
        if slot.next >= 0 {
            slots[Int(slot.next)].previous = slot.previous
        } else {
            last = slot.previous
        }
    }

    private mutating func link(_ place: Int32) {
        slots[Int(place)].previous = last
        slots[Int(place)].next = -1
        if last >= 0 { slots[Int(last)].next = place } else { first = place }
        last = place
    }

    private mutating func updateTimestamp(replacing old: Entry?, by new: Entry) {
        if !new.change.isTombstone, new.timestamp >= timestamp ?? new.timestamp {
            timestamp = new.timestamp
            return
        }
        guard let old, !old.change.isTombstone, old.timestamp == timestamp else { return }
        timestamp = highestLiveTimestamp()
    }

    private func highestLiveTimestamp() -> Timestamp? {
        var highest: Timestamp?
        for slot in slots where !slot.entry.change.isTombstone {
            highest = max(highest ?? slot.entry.timestamp, slot.entry.timestamp)
        }
        return highest
    }

    /// Stops the program in debug builds if an invariant of the header does not hold.
    ///
    /// - Complexity: O(*n*), in release builds O(1).
    package func checkInvariants() {
        #if DEBUG
            var seen = 0
            var place = first
            var previous: Int32 = -1
            while place >= 0 {
                let slot = slots[Int(place)]
                precondition(slot.previous == previous, "2: the links agree")
                precondition(places[slot.entry.change.path] == place, "2: found by path")
                if previous >= 0 {
                    let before = slots[Int(previous)].entry.change.revision
                    precondition(before < slot.entry.change.revision, "1: revisions increase")
                }
                precondition(slot.entry.change.revision <= head, "3: not above the head")
                seen += 1
                previous = place
                place = slot.next
            }
            precondition(previous == last, "2: the last slot ends the list")
            precondition(seen == slots.count && seen == places.count, "2: each slot once")
            precondition(timestamp == highestLiveTimestamp(), "4: the list's timestamp")
        #endif
    }
}
