// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Decides which connections are taken: as many as the settings allow, over all loops together.
///
/// A few more are accepted only to be told so: programs get 503 with `Retry-After`, event sources,
/// which an error would end for good, 200 with a `retry:`. Beyond those the loop closes unseen.
final class Admission: Sendable {
    private let connectionsMax: Atomic<Int>
    private let count = Atomic(0)
    private let wasFull = Atomic(false)
    private let tellFull: @Sendable () -> Void

    /// Makes an admission for `connectionsMax` connections.
    ///
    /// - Parameter tellFull: Called when the limit is reached, once until there is room again.
    init(connectionsMax: Int, tellFull: @escaping @Sendable () -> Void) {
        self.connectionsMax = Atomic(connectionsMax)
        self.tellFull = tellFull
    }

    /// How many connections are open.
    var openCount: Int { count.load(ordering: .relaxed) }

    /// Sets how many connections are served. Those that are open stay.
    func setConnectionsMax(_ count: Int) { connectionsMax.store(count, ordering: .relaxed) }

    /// Counts a connection, and says whether it is served.
    func enter() -> Bool {
        let number = count.add(1, ordering: .relaxed).newValue
        guard number > connectionsMax.load(ordering: .relaxed) else { return true }
        if !wasFull.exchange(true, ordering: .relaxed) { tellFull() }
        return false
    }

    /// Counts a connection less.
    func leave() {
        let number = count.subtract(1, ordering: .relaxed).newValue
        guard number < connectionsMax.load(ordering: .relaxed) else { return }
        wasFull.store(false, ordering: .relaxed)
    }
}
