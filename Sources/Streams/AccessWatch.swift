// SPDX-License-Identifier: MIT
//
// When permissions are asked for again. A stream begins with a permission that was read from the
// storage at a known count of changes; when the count is higher, it may have been taken away:
//
//   resting ──(the count is above the one of the last check)──▶ checking ──(answered)──▶ pausing
//      ▲                                                                                    │
//      └────────────────────────────────(the pause has ended)◀──────────────────────────────┘
//
// A check begins by noting the count, then reads. So what is committed later raises the count above
// the noted one, and the next check sees it; nothing falls between a check and a change.

/// Decides when a loop asks again for the permissions that its streams live by.
package struct AccessWatch {
    private enum Phase {
        case resting, checking, pausing
    }

    private var phase = Phase.resting
    /// The count of changes before the last check, or the last time nobody had to be checked.
    private var checkedAt: UInt64
    private var isOverdue = false

    /// Makes a watch that begins with the present count of changes.
    package init(changes: UInt64) {
        checkedAt = changes
    }

    /// A stream begins whose permission was read when the count was `count` or higher.
    package mutating func began(at count: UInt64, changes: UInt64) {
        if count < changes { isOverdue = true }
    }

    /// Whether permissions are known as of that count of changes: no check is owed or on its way.
    package func isSettled(changes: UInt64) -> Bool {
        if case .checking = phase { return false }
        return !isOverdue && checkedAt >= changes
    }

    /// Whether a check is to begin now; if so, it has begun.
    ///
    /// - Parameters:
    ///   - changes: The present count of changes.
    ///   - hasStreams: Whether there is any permission to check.
    package mutating func begins(changes: UInt64, hasStreams: Bool) -> Bool {
        guard case .resting = phase else { return false }
        guard hasStreams else {
            checkedAt = changes
            isOverdue = false
            return false
        }
        guard isOverdue || changes > checkedAt else { return false }
        checkedAt = changes
        isOverdue = false
        phase = .checking
        return true
    }

    /// The check that had begun is done.
    ///
    /// - Parameter isAnswered: False if the storage could not be asked: then it must be again.
    package mutating func ended(isAnswered: Bool) {
        phase = .pausing
        if !isAnswered { isOverdue = true }
    }

    /// Enough time has passed for the next check.
    package mutating func pauseEnded() { phase = .resting }
}
