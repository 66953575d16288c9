// SPDX-License-Identifier: MIT

import Core

/// Why a subscriber's cursor could not be resumed; the whole list is sent instead.
package enum ResetReason: String, Sendable {
    /// The cursor belongs to another history: a backup was restored, or the database replaced.
    case epoch
    /// The cursor claims more than has happened.
    case future
    /// The cursor is no cursor.
    case malformed
}

/// Where a subscriber stands in the log: what it is owed is decided by this alone.
///
/// Nothing is queued for a subscriber; a position takes 32 bytes however far it lags.
package struct Position: Equatable, Sendable {
    /// Every change up to this revision that matches the filter has been sent.
    package var revision: Revision
    /// Up to and with this revision, only entries above `floor` are owed; later ones all are.
    package var floorEnd: Revision
    /// The timestamp that a poll left the subscriber with.
    package var floor: Timestamp
    /// Whether tombstones up to `floorEnd` are owed; a subscriber that starts from nothing has
    /// nothing to delete.
    package var owesOldTombstones: Bool

    /// The position of a subscriber that has seen everything up to `revision`.
    package init(after revision: Revision) {
        self.revision = revision
        floorEnd = .zero
        floor = Timestamp(milliseconds: .min)
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

extension ChangeLog {
    /// Decides where a subscriber with the cursor `text` resumes (DESIGN, section 3).
    ///
    /// Never fails: a cursor of another epoch, from the future, or malformed starts over, and says
    /// why, so that the subscriber ends in the right state and knows it.
    ///
    /// - Parameter text: The cursor as sent; nil or empty for the whole list.
    package func resume(from text: String?) -> Resume {
        let everything = Position(
            above: Timestamp(milliseconds: .min), head: head, owesOldTombstones: false)
        guard let cursor = try? Cursor(parsing: text ?? "") else {
            return Resume(position: everything, reset: .malformed)
        }
        switch cursor {
        case .start:
            return Resume(position: everything, reset: nil)
        case .timestamp(let floor):
            // Above every change of any kind: the history it comes from went further than this one.
            if let highestTimestamp, floor > highestTimestamp {
                return Resume(position: everything, reset: .future)
            }
            let position = Position(above: floor, head: head, owesOldTombstones: true)
            return Resume(position: position, reset: nil)
        case .exact(_, let cursorEpoch, let revision):
            guard cursorEpoch == epoch else { return Resume(position: everything, reset: .epoch) }
            guard revision <= head else { return Resume(position: everything, reset: .future) }
            return Resume(position: Position(after: revision), reset: nil)
        }
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
