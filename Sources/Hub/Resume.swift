// SPDX-License-Identifier: MIT

import Core

/// Why a subscriber cannot go on from where it is; the whole list is sent instead.
package enum ResetReason: String, Sendable, CaseIterable {
    /// The cursor belongs to another history: a backup was restored, or the database replaced.
    case epoch
    /// The cursor claims more than has happened.
    case future
    /// The cursor is no cursor.
    case malformed
    /// The collection's past was rewritten: a record was written with a timestamp from the past, or
    /// the collection was deleted and made anew, so that what changed cannot be told.
    case rewritten
    /// What the subscriber may read of the list is not what it was.
    case access

    /// What it means, for clients' authors.
    package var meaning: String {
        switch self {
        case .epoch: "a backup was restored, or the database replaced"
        case .future: "the cursor claims more than has happened"
        case .malformed: "the cursor is no cursor"
        case .rewritten: "what changed cannot be told, because timestamps do not tell it"
        case .access: "the reader may read something else of the list than before"
        }
    }
}

/// Where a subscriber stands in the log: what it is owed is decided by this alone.
///
/// Nothing is queued for a subscriber; a position takes 32 bytes however far it lags.
package struct Position: Hashable, Sendable {
    /// Every change up to this revision that matches the filter has been sent.
    package var revision: Revision
    /// Up to and with this revision, only entries above `floor` are owed; later ones all are.
    package var floorEnd: Revision
    /// The timestamp that a poll left the subscriber with, or the list's at `revision`.
    package var floor: Timestamp
    /// Whether tombstones up to `floorEnd` are owed; a subscriber that starts from nothing has
    /// nothing to delete.
    package var owesOldTombstones: Bool

    /// The position of a subscriber that has seen everything up to `revision`.
    ///
    /// - Parameter timestamp: What the list's timestamp was there; asked for by streams that tell
    ///   what changed in a collection, whose records know timestamps only.
    package init(after revision: Revision, at timestamp: Timestamp = Timestamp(milliseconds: .min))
    {
        self.revision = revision
        floorEnd = .zero
        floor = timestamp
        owesOldTombstones = true
    }

    /// The position of a subscriber that is owed, of what happened up to `head`, only entries above
    /// `floor`.
    package init(above floor: Timestamp, head: Revision, owesOldTombstones: Bool) {
        revision = .zero
        floorEnd = head
        self.floor = floor
        self.owesOldTombstones = owesOldTombstones
    }

    /// Whether `change`, which is after the position, is owed.
    package func owes(_ change: Change) -> Bool {
        guard change.revision <= floorEnd else { return true }
        return change.timestamp > floor && (owesOldTombstones || !change.isTombstone)
    }
}

/// What a subscriber gets first: where it resumes, and why that is the start if it asked for
/// something else.
package struct Resume: Equatable, Sendable {
    /// Where the subscriber stands.
    package let position: Position
    /// Why its cursor was not taken, or nil.
    package let reset: ResetReason?
}

extension Resume {
    /// Decides where a subscriber with the cursor `text` resumes (DESIGN, section 3).
    ///
    /// Never fails: a cursor of another epoch, from the future, or malformed starts over, and says
    /// why, so that the subscriber ends in the right state and knows it.
    ///
    /// - Parameters:
    ///   - text: The cursor as sent; nil or empty for the whole list.
    ///   - epoch: The history of the list, and which part of it the subscriber may read.
    ///   - head: How far the history has come.
    ///   - highest: The highest timestamp of any change of the list; nil if it had none.
    package init(from text: String?, epoch: Epoch, head: Revision, highest: Timestamp?) {
        let everything = Position(
            above: Timestamp(milliseconds: .min), head: head, owesOldTombstones: false)
        guard let cursor = try? Cursor(parsing: text ?? "") else {
            self.init(position: everything, reset: .malformed)
            return
        }
        switch cursor {
        case .start:
            self.init(position: everything, reset: nil)
        case .timestamp(let floor):
            // Above every change of any kind: the history it comes from went further than this one.
            let isFuture = highest.map { floor > $0 } ?? false
            let above = Position(above: floor, head: head, owesOldTombstones: true)
            self.init(position: isFuture ? everything : above, reset: isFuture ? .future : nil)
        case .exact(let timestamp, let cursorEpoch, let revision):
            if !cursorEpoch.isSameHistory(as: epoch) {
                self.init(position: everything, reset: .epoch)
            } else if cursorEpoch != epoch {
                self.init(position: everything, reset: .access)
            } else if revision > head {
                self.init(position: everything, reset: .future)
            } else {
                self.init(position: Position(after: revision, at: timestamp), reset: nil)
            }
        }
    }
}

extension Resume {
    /// The same for a subscriber that is not told of old deletions.
    package var withoutOldTombstones: Resume {
        var position = position
        position.owesOldTombstones = false
        return Resume(position: position, reset: reset)
    }
}

extension ChangeLog {
    /// Decides where a subscriber of the whole log with the cursor `text` resumes.
    package func resume(from text: String?) -> Resume {
        Resume(from: text, epoch: epoch, head: head, highest: highestTimestamp)
    }

    /// The entries that a subscriber at `position` with `filter` is owed, oldest change first.
    ///
    /// - Complexity: O(*k*), where *k* is the number of entries after the position.
    package func owed(to position: Position, matching filter: ChangeFilter) -> [Entry] {
        entries(after: position.revision).filter {
            position.owes($0.change) && filter.matches($0.change.path)
        }
    }
}
