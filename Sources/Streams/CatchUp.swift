// SPDX-License-Identifier: MIT

import Core
import Hub

/// What a lagging subscriber is sent next, encoded once for all that stand where it stands.
package struct CatchUp: Sendable {
    /// The events, and `ready` if it was owed and this is the end; nil if there is nothing to send.
    package let frame: EncodedFrame?
    /// Where the subscriber stands when it has the frame.
    package let position: Position
    /// Whether that is the head.
    package let isComplete: Bool
    /// How many entries the frame carries.
    package let entryCount: Int
}

/// Encodes what is owed, and remembers it until the log changes: after a restart thousands of
/// subscribers come back with a few different cursors.
package struct CatchUpCache {
    private struct Key: Hashable {
        let encoding: StreamEncoding
        let cohort: UInt64
        let revision: Revision
        let floor: Timestamp
        let floorEnd: Revision
        let owesOldTombstones: Bool
        let owesReady: Bool
    }

    private var kept: [Key: CatchUp] = [:]
    private var keptBytes = 0
    /// Over how long changes are told to paced streams, which `ready` tells; 0 for at once.
    private let windowMilliseconds: Int

    /// Makes an empty cache.
    package init(windowMilliseconds: Int = 0) {
        self.windowMilliseconds = windowMilliseconds
    }

    /// Forgets everything; to be called when the log has changed.
    package mutating func clear() {
        guard !kept.isEmpty else { return }
        kept.removeAll()
        keptBytes = 0
    }

    /// The next frame for a subscriber at `position`, of at most about
    /// `Limits.catchUpFrameBytesMax`.
    ///
    /// - Parameters:
    ///   - cohort: Whose filter decides what is owed.
    ///   - owesReady: Whether the subscriber is still to be told that it is caught up.
    /// - Complexity: O(*n*) in the number of entries after the position, O(1) when remembered.
    package mutating func next(
        position: Position, cohort: CohortTable.Cohort, encoding: StreamEncoding,
        owesReady: Bool, log: ChangeLog
    ) -> CatchUp {
        let key = Key(
            encoding: encoding, cohort: cohort.serial, revision: position.revision,
            floor: position.floor, floorEnd: position.floorEnd,
            owesOldTombstones: position.owesOldTombstones, owesReady: owesReady)
        if let remembered = kept[key] { return remembered }
        let made = make(
            position: position, cohort: cohort, encoding: encoding, owesReady: owesReady, log: log)
        let bytes = made.frame?.count ?? 0
        if keptBytes + bytes > Limits.catchUpCacheBytesMax { clear() }
        kept[key] = made
        keptBytes += bytes
        return made
    }

    private func make(
        position: Position, cohort: CohortTable.Cohort, encoding: StreamEncoding,
        owesReady: Bool, log: ChangeLog
    ) -> CatchUp {
        let owed = cohort.owed(to: position, in: log)
        let timestamp = cohort.timestamp(in: log)
        let epoch = cohort.epoch(in: log)
        var length = 0
        var end = 0
        while end < owed.count, length < Limits.catchUpFrameBytesMax {
            length += owed[end].json.count
            end += 1
        }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(length + end * 96 + 128)
        let rest = owed[end...].map(\.timestamp).min()
        encoding.append(
            owed[..<end], restMinimum: rest, timestamp: timestamp, epoch: epoch, to: &buffer)
        let isComplete = end == owed.count
        if isComplete, owesReady {
            encoding.appendReady(
                cursor: .exact(timestamp, epoch, log.head), timestamp: timestamp,
                windowMilliseconds: encoding.isPaced ? windowMilliseconds : 0, to: &buffer)
        }
        var reached = position
        if isComplete {
            reached = Position(after: log.head)
        } else {
            reached.revision = owed[end - 1].change.revision
        }
        return CatchUp(
            frame: buffer.isEmpty ? nil : EncodedFrame(buffer), position: reached,
            isComplete: isComplete, entryCount: end)
    }
}
