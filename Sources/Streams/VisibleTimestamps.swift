// SPDX-License-Identifier: MIT
//
// A list that shows only a part of the log has a timestamp of its own: that of the whole would tell
// when something changed that its reader may not know of. It is kept up to date with each change
// instead of being looked for, so that a change costs the same for a thousand visibilities as for a
// thousand filters.

import Core
import Hub

/// The timestamps of what a visibility shows of the log.
struct VisibleTimestamps: Equatable {
    /// The timestamp of the list: the highest of its live entries, nil if it has none.
    private(set) var newest: Timestamp?
    /// The highest timestamp of any change that was shown, deletions included; nil if none was.
    private(set) var highest: Timestamp?
    /// A collection whose entry has the newest timestamp.
    private var newestPath: CollectionPath?

    /// Finds the timestamps in a log.
    ///
    /// - Complexity: O(*n*).
    init(of visibility: Visibility, in log: ChangeLog) {
        find(of: visibility, in: log)
    }

    /// Brings the timestamps up to a log that has taken `entries`.
    ///
    /// - Complexity: O(number of entries), but O(size of the log) when the collection that had the
    ///   newest timestamp goes, or goes back.
    mutating func note(_ entries: [Entry], of visibility: Visibility, in log: ChangeLog) {
        var isLost = false
        for entry in entries where visibility.shows(entry.change.path) {
            highest = max(highest ?? entry.timestamp, entry.timestamp)
            let isLive = !entry.change.isTombstone
            if isLive, entry.timestamp >= newest ?? entry.timestamp {
                newest = entry.timestamp
                newestPath = entry.change.path
                isLost = false
            } else if entry.change.path == newestPath {
                isLost = true
            }
        }
        if isLost { find(of: visibility, in: log) }
    }

    private mutating func find(of visibility: Visibility, in log: ChangeLog) {
        newest = nil
        newestPath = nil
        for entry in log.entries(after: .zero) where visibility.shows(entry.change.path) {
            highest = max(highest ?? entry.timestamp, entry.timestamp)
            if !entry.change.isTombstone, entry.timestamp >= newest ?? entry.timestamp {
                newest = entry.timestamp
                newestPath = entry.change.path
            }
        }
    }
}

extension CohortTable {
    /// Counts one more subscriber of a channel that is no collection's, as `retain(_:entry:)` does.
    ///
    /// - Complexity: O(size of the log) for a new channel with a visibility, else O(1).
    mutating func retain(_ channel: Channel, in log: ChangeLog) -> Int32? {
        guard let number = retain(channel) else { return nil }
        if case .monitor(let filter) = channel, let visibility = filter.visibility,
            self[number].visible == nil
        {
            update(number) { $0.visible = VisibleTimestamps(of: visibility, in: log) }
        }
        return number
    }

    /// Brings the timestamps that a cohort shows up to a log that has taken `entries`.
    ///
    /// - Complexity: As `VisibleTimestamps.note`.
    mutating func note(_ entries: [Entry], for number: Int32, in log: ChangeLog) {
        guard case .monitor(let filter)? = cohorts[Int(number)]?.channel,
            let visibility = filter.visibility
        else { return }
        update(number) { $0.visible?.note(entries, of: visibility, in: log) }
    }
}
