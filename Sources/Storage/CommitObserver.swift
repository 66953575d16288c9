// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Who is told of commits, if anyone is.
final class CommitObserver: Sendable {
    /// Keeps the closure as it is. Bare in the mutex, whose value is generic, it would come back
    /// from each `withLock` wrapped once more to fit, and be kept so: every commit would leave the
    /// next one a longer way, until the stack ends.
    private struct Listener: Sendable {
        let tell: @Sendable (Commit) -> Void
    }

    private let listener = Mutex<Listener?>(nil)

    /// Sets who is told; to be called once.
    func set(_ observer: @escaping @Sendable (Commit) -> Void) {
        listener.withLock { $0 = Listener(tell: observer) }
    }

    /// Tells of a commit; of one that did nothing to tell, nobody is told.
    func announce(_ commit: Commit) {
        guard !commit.isEmpty else { return }
        listener.withLock { $0 }?.tell(commit)
    }
}
