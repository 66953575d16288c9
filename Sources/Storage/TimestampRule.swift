// SPDX-License-Identifier: MIT

import Core

/// Kinto's rule for the timestamps of a list and of the objects in it.
enum TimestampRule {
    /// What one write gives to its object and to the list.
    struct Assignment: Equatable {
        /// The object's timestamp.
        let object: Timestamp
        /// The list's timestamp from now on; never below the one before.
        let list: Timestamp
    }

    /// The first timestamp of a list, or the next one: `max(now, current + 1)`.
    ///
    /// - Parameter current: The list's timestamp, or what it was when the list was removed.
    static func next(after current: Timestamp?, now: Timestamp) -> Timestamp {
        guard let current else { return now }
        return max(now, current.next)
    }

    /// What a write with an optional timestamp of the writer's own gets.
    ///
    /// Without one, the next timestamp. A given one that is higher becomes the list's; equal to the
    /// list's, it is bumped by one; lower, it is kept on the object and the list's stays.
    ///
    /// A list without a timestamp takes a given one as its first. But if it was removed before, its
    /// timestamps go on above the tombstone's, so that no poller misses the return: then a lower
    /// one is only kept on the object.
    ///
    /// - Parameters:
    ///   - given: The writer's own timestamp.
    ///   - current: The list's timestamp, nil if it has none.
    ///   - removed: If it has none, the timestamp of the tombstone that the change log has of it.
    static func assign(
        given: Timestamp?, current: Timestamp?, removed: Timestamp?, now: Timestamp
    ) -> Assignment {
        guard let given else {
            let next = next(after: current ?? removed, now: now)
            return Assignment(object: next, list: next)
        }
        guard let floor = current ?? removed else {
            return Assignment(object: given, list: given)
        }
        if given > floor { return Assignment(object: given, list: given) }
        if given == floor { return Assignment(object: given.next, list: given.next) }
        return Assignment(object: given, list: current ?? next(after: removed, now: now))
    }
}
