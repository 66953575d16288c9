// SPDX-License-Identifier: MIT

import Synchronization

/// What a storage has done since it was opened.
package struct StorageStatistics: Equatable, Sendable {
    /// Durable commits; one may carry many writes.
    package var commits = 0
    /// Writes that were committed.
    package var writes = 0
    /// Questions and changes put to the data; beginning and ending a transaction is none.
    package var queries = 0
}

/// The counters behind `StorageStatistics`, added to from every thread of a storage.
final class StorageCounters: Sendable {
    private let commits = Atomic(0)
    private let writes = Atomic(0)
    private let queries = Atomic(0)

    /// The counts by now; each is exact, but they are not read in one instant.
    var statistics: StorageStatistics {
        StorageStatistics(
            commits: commits.load(ordering: .relaxed), writes: writes.load(ordering: .relaxed),
            queries: queries.load(ordering: .relaxed))
    }

    /// Counts one commit of some writes.
    func addCommit(writes count: Int) {
        commits.add(1, ordering: .relaxed)
        writes.add(count, ordering: .relaxed)
    }

    /// Counts one question or change.
    func addQuery() {
        queries.add(1, ordering: .relaxed)
    }
}
