// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Who is told of commits, if anyone is.
final class CommitObserver: Sendable {
    private let observer = Mutex<(@Sendable (Commit) -> Void)?>(nil)

    /// Sets who is told; to be called once.
    func set(_ observer: @escaping @Sendable (Commit) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Tells of a commit; of one that did nothing to tell, nobody is told.
    func announce(_ commit: Commit) {
        guard !commit.isEmpty else { return }
        observer.withLock { $0 }?(commit)
    }
}
