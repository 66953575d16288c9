// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// Who is told of committed changes, if anyone was named (`Storage.setCommitObserver(_:)`).
final class CommitObserver: Sendable {
    private let observer = Mutex<(@Sendable ([Change]) -> Void)?>(nil)

    /// Makes one that tells nobody.
    init() {}

    /// Names who is told from now on.
    func set(_ observer: @escaping @Sendable ([Change]) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Tells of the changes of one commit, by ascending revision; of none, nothing is told.
    func tell(_ changes: [Change]) {
        guard !changes.isEmpty, let observer = observer.withLock({ $0 }) else { return }
        observer(changes)
    }
}
