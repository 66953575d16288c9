// SPDX-License-Identifier: MIT

@testable import Storage

/// Holds up the storage's threads until a test opens it.
final class Gate: Sendable {
    private let isOpen = Monitor(false)

    func open() {
        isOpen.withLock { $0 = true }
        isOpen.wakeAll()
    }

    func wait() {
        isOpen.wait { $0 ? () : nil }
    }
}
