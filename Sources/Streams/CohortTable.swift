// SPDX-License-Identifier: MIT
//
// Cohorts (DESIGN, section 1): subscribers of one channel and encoding that are at the head. Nearly
// all subscribers are; one change moves a whole cohort with one frame. Channels are interned per
// loop, so that a subscriber keeps a number and equal channels meet. Those of single collections
// are found by their path, so that a change costs nothing for streams that it does not concern.

import Core
import Hub

/// The channels in use in one loop, each with the groups of its live subscribers.
package struct CohortTable {
    /// One channel and who listens to it.
    package struct Cohort {
        /// What is told.
        package let channel: Channel
        /// The newest entry of the collection that the channel is of; nil for the monitor feed, and
        /// for a collection that never had a records timestamp.
        package var entry: Entry?
        /// The timestamps of what the channel's visibility shows; nil if it has none.
        var visible: VisibleTimestamps?
        /// Where the live subscribers stand if events carry what changed; else it is the head.
        package var live = Position(after: .zero)
        /// Tells cohorts apart that had the same number one after another.
        package let serial: UInt64
        /// The first section of the live subscribers of each encoding, indexed by its raw value,
        /// or `SectionTable.none`.
        var firstSections: [Int32]
        /// How many subscribers, live or lagging, have this channel.
        package var subscriberCount: Int
    }

    /// The cohorts by their number; nil where a number is free.
    package private(set) var cohorts: [Cohort?] = []
    private var numbers: [Channel: Int32] = [:]
    private var free: [Int32] = []
    private var nextSerial: UInt64 = 0

    /// Makes an empty table.
    package init() {}

    /// How many distinct channels are in use.
    package var count: Int { numbers.count }

    /// Counts one more subscriber of `channel` and returns its number, or nil if the loop has
    /// `Limits.channelsPerLoopMax` channels already.
    ///
    /// - Parameter entry: The newest entry of the channel's collection.
    package mutating func retain(_ channel: Channel, entry: Entry? = nil) -> Int32? {
        if let number = numbers[channel] {
            cohorts[Int(number)]?.subscriberCount += 1
            return number
        }
        guard numbers.count < Limits.channelsPerLoopMax else { return nil }
        nextSerial += 1
        let cohort = Cohort(
            channel: channel, entry: entry, serial: nextSerial,
            firstSections: Array(
                repeating: SectionTable.none, count: StreamEncoding.allCases.count),
            subscriberCount: 1)
        let number: Int32
        if let reused = free.popLast() {
            number = reused
            cohorts[Int(number)] = cohort
        } else {
            number = Int32(cohorts.count)
            cohorts.append(cohort)
        }
        numbers[channel] = number
        return number
    }

    /// Counts one subscriber less; the last one ends the cohort.
    ///
    /// - Returns: The cohort if it has ended, whose sections are to be removed then.
    package mutating func release(_ number: Int32) -> Cohort? {
        guard var cohort = cohorts[Int(number)] else { return nil }
        cohort.subscriberCount -= 1
        guard cohort.subscriberCount == 0 else {
            cohorts[Int(number)] = cohort
            return nil
        }
        numbers[cohort.channel] = nil
        cohorts[Int(number)] = nil
        free.append(number)
        return cohort
    }

    /// The number of a collection's channel, or nil if nobody listens to it.
    package func number(of path: CollectionPath, includesChanges: Bool) -> Int32? {
        numbers[.collection(path, includesChanges: includesChanges)]
    }

    /// The number of a channel, or nil if nobody listens to it.
    package func number(of channel: Channel) -> Int32? { numbers[channel] }

    /// The cohort of a number, or nil if it is not the one with that serial any more.
    package func cohort(_ number: Int32, serial: UInt64) -> Cohort? {
        guard let cohort = cohorts[Int(number)], cohort.serial == serial else { return nil }
        return cohort
    }

    /// Takes note of where a cohort's live subscribers stand.
    package mutating func setLive(_ position: Position, for number: Int32) {
        cohorts[Int(number)]?.live = position
    }

    /// Changes a cohort of a number in use.
    mutating func update(_ number: Int32, _ body: (inout Cohort) -> Void) {
        guard var cohort = cohorts[Int(number)] else { return }
        body(&cohort)
        cohorts[Int(number)] = cohort
    }

    /// Takes note of a collection's newest entry.
    package mutating func set(_ entry: Entry, for number: Int32) {
        cohorts[Int(number)]?.entry = entry
    }

    /// The cohort of a number in use.
    package subscript(number: Int32) -> Cohort {
        guard let cohort = cohorts[Int(number)] else {
            preconditionFailure("a subscriber's channel is in use")
        }
        return cohort
    }

    /// Takes note of the first section of a cohort's live subscribers in an encoding.
    mutating func setFirstSection(
        _ section: Int32, of number: Int32, _ encoding: StreamEncoding
    ) {
        cohorts[Int(number)]?.firstSections[encoding.rawValue] = section
    }
}

extension CohortTable.Cohort {
    /// Whether events carry what changed.
    var includesChanges: Bool {
        switch channel {
        case .monitor, .broadcasts: false
        case .collection(_, let includesChanges): includesChanges
        }
    }

    /// The entries that a subscriber at `position` is owed, oldest change first.
    ///
    /// - Complexity: O(*k*) in the number of entries after the position, O(1) for a collection.
    func owed(to position: Position, in log: ChangeLog) -> [Entry] {
        switch channel {
        case .monitor(let filter): return log.owed(to: position, matching: filter)
        case .collection:
            guard let entry, entry.change.revision > position.revision, position.owes(entry.change)
            else { return [] }
            return [entry]
        case .broadcasts: return []
        }
    }

    /// The timestamp of what the channel shows, which a poll would have as its ETag.
    func timestamp(in log: ChangeLog) -> Timestamp {
        switch channel {
        case .monitor(let filter):
            (filter.visibility == nil ? log.timestamp : visible?.newest) ?? .zero
        case .collection: entry?.timestamp ?? .zero
        case .broadcasts: .zero
        }
    }

    /// The history that cursors name, and which part of it is shown.
    func epoch(in log: ChangeLog) -> Epoch {
        switch channel {
        case .monitor(let filter): log.epoch.viewed(filter.visibility?.digest ?? 0)
        case .collection, .broadcasts: log.epoch
        }
    }

    /// Decides where a subscriber with the cursor `text` resumes.
    func resume(from text: String?, in log: ChangeLog) -> Resume {
        switch channel {
        case .monitor(let filter) where filter.visibility != nil:
            // Polls tell no deletions, and who comes from one is told none of before: a bucket may
            // have been another's then.
            Resume(
                from: text, epoch: epoch(in: log), head: log.head, highest: visible?.highest
            ).withoutOldTombstones
        case .monitor, .broadcasts: log.resume(from: text)
        case .collection:
            Resume(from: text, epoch: log.epoch, head: log.head, highest: entry?.timestamp)
        }
    }
}
