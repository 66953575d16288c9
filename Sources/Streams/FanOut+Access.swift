// SPDX-License-Identifier: MIT
//
// A stream of one collection lives by a permission, and so does one of the monitor feed where that
// shows everyone something else. When permissions may have changed, those that streams live by are
// asked for again (`AccessWatch`), each once however many streams share it. The streams of those
// that are gone end; those of the monitor feed are shown what their viewers may read by now.

import Core
import Hub

extension FanOut {
    /// The permissions to be asked for again now, if any are; `accessChecked` is to follow.
    ///
    /// Called after a wake, after a stream began, and when a pause has ended.
    ///
    /// - Complexity: O(number of permissions) when it is time, else O(1).
    package func accessesToCheck() -> [StreamAccess]? {
        let isDue = accessWatch.begins(changes: hub.accessChanges, hasStreams: !accesses.isEmpty)
        return isDue ? accesses.accesses : nil
    }

    /// The permissions were asked for; the streams that live by one that is gone end.
    ///
    /// - Parameters:
    ///   - lost: Those that are gone; nil if the storage could not be asked.
    ///   - visibilities: What viewers of the monitor feed may read, of those who still may see it.
    /// - Complexity: O(number of streams) if any is gone or there are any viewers.
    package func accessChecked(
        lost: [StreamAccess]?, visibilities: [Viewer: Visibility] = [:]
    ) {
        accessWatch.ended(isAnswered: lost != nil)
        show(visibilities)
        let numbers = Set((lost ?? []).compactMap { accesses.number(of: $0) })
        if !numbers.isEmpty { endStreams(livingBy: numbers) }
        for (question, answer) in desk.takeHeld() { changesAnswered(question, answer) }
    }

    private func endStreams(livingBy numbers: Set<Int32>) {
        for place in subscribers.indices where numbers.contains(subscribers[place].access) {
            switch subscribers[place].phase {
            case .absent, .greeting, .ending: break
            case .catchingUp, .parked, .live:
                end(subscribers[place].id, farewell: subscribers[place].encoding.revocation())
            }
        }
    }

    /// Enough time has passed since `accessChecked` for permissions to be asked for again.
    package func accessPauseEnded() { accessWatch.pauseEnded() }
}

/// A permission that a stream begins with.
package struct StreamGrant: Sendable {
    /// What may be read, and by whom.
    package let access: StreamAccess
    /// The hub's `accessChanges` before the permission was read.
    package let changes: UInt64

    /// Makes a grant of its parts.
    package init(access: StreamAccess, changes: UInt64) {
        self.access = access
        self.changes = changes
    }
}
