// SPDX-License-Identifier: MIT

import Core
import Hub

/// The frames of one turn's changes: each distinct selection is encoded once per encoding.
struct LiveEncoder {
    /// The changes of the turn, oldest first, each collection once.
    let entries: [Entry]
    /// The log they are in.
    let log: ChangeLog

    private struct Key: Hashable {
        let places: [Int32]
        let encoding: StreamEncoding
        let epoch: Epoch
        let timestamp: Timestamp
    }

    private var frames: [Key: EncodedFrame] = [:]

    /// Makes an encoder for the changes of one turn.
    init(entries: [Entry], log: ChangeLog) {
        self.entries = entries
        self.log = log
    }

    /// The places of the entries that pass `filter`, or nil if none does.
    ///
    /// - Complexity: O(number of entries).
    func matching(_ filter: ChangeFilter) -> [Int32]? {
        var places: [Int32] = []
        for (place, entry) in entries.enumerated() where filter.matches(entry.change.path) {
            places.append(Int32(place))
        }
        return places.isEmpty ? nil : places
    }

    /// The frame of the entries at `places`, with cursors of `cohort`.
    ///
    /// - Complexity: O(length of the frame), or O(number of places) when it was made before.
    mutating func frame(
        of places: [Int32], _ encoding: StreamEncoding, for cohort: CohortTable.Cohort
    ) -> EncodedFrame {
        let key = Key(
            places: places, encoding: encoding, epoch: cohort.epoch(in: log),
            timestamp: cohort.timestamp(in: log))
        if let made = frames[key] { return made }
        var buffer: [UInt8] = []
        let selected = places.map { entries[Int($0)] }
        encoding.append(
            selected[...], restMinimum: nil, timestamp: key.timestamp, epoch: key.epoch,
            to: &buffer)
        let frame = EncodedFrame(buffer)
        frames[key] = frame
        return frame
    }
}
