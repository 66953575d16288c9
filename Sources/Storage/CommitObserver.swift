// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Who is told of committed changes, if anyone is.
final class CommitObserver: Sendable {
    private let observer = Mutex<(@Sendable ([Change]) -> Void)?>(nil)

    /// Sets who is told; to be called once.
    func set(_ observer: @escaping @Sendable ([Change]) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Tells of the changes of a commit, by ascending revision; of none, nobody is told.
    func announce(_ changes: [Change]) {
        guard !changes.isEmpty else { return }
        observer.withLock { $0 }?(changes)
    }
}
