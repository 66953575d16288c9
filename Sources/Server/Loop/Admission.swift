// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Counts the connections of all loops together, of which as many are served as the settings allow.
///
/// A few more are kept only to be told that they are refused: programs by 429 or 503 with
/// `Retry-After`, event sources, which an error would end for good, by 200 with a `retry:`.
final class Admission: Sendable {
    private let connectionsMax: Atomic<Int>
    private let count = Atomic(0)
    private let refusedCount = Atomic(0)

    /// Makes an admission for `connectionsMax` connections.
    init(connectionsMax: Int) {
        self.connectionsMax = Atomic(connectionsMax)
    }

    /// How many connections are open.
    var openCount: Int { count.load(ordering: .relaxed) }

    /// Sets how many connections are served. Those that are open stay.
    func setConnectionsMax(_ count: Int) { connectionsMax.store(count, ordering: .relaxed) }

    /// Counts a connection, and says whether it is one of those that may be served.
    func enter() -> Bool {
        count.add(1, ordering: .relaxed).newValue <= connectionsMax.load(ordering: .relaxed)
    }

    /// Counts a connection less.
    func leave() { count.subtract(1, ordering: .relaxed) }

    /// Counts a connection that is refused, and says whether it may stay to be told so.
    func enterRefused() -> Bool {
        if refusedCount.add(1, ordering: .relaxed).newValue <= Limits.refusedConnectionsMax {
            return true
        }
        leaveRefused()
        return false
    }

    /// Counts one of those less.
    func leaveRefused() { refusedCount.subtract(1, ordering: .relaxed) }
}
