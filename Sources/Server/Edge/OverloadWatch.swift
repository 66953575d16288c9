// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Synchronization

/// What is looked at once a second, beside the loops: how much memory is in use, and whether the
/// operator is to be told of refusals.
final class OverloadWatch: Sendable {
    /// The memory's gauge, if it has a limit.
    let gauge: MemoryGauge?
    private let refusals: RefusalCounts
    private let tell: @Sendable (RefusalLog.Notice) -> Void
    private let log = Mutex(RefusalLog())
    private let memory = Atomic(-1)
    private let isStopped = Atomic(false)

    /// Makes a watch that has not begun.
    init(
        gauge: MemoryGauge?, refusals: RefusalCounts,
        tell: @escaping @Sendable (RefusalLog.Notice) -> Void
    ) {
        self.gauge = gauge
        self.refusals = refusals
        self.tell = tell
    }

    /// The memory in use when it was last looked at; nil if it is not looked at.
    var memoryBytes: Int? {
        let bytes = memory.load(ordering: .relaxed)
        return bytes < 0 ? nil : bytes
    }

    /// Looks now, and once a second until it is stopped.
    func start() {
        guard !isStopped.load(ordering: .relaxed) else { return }
        look()
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { [weak self] in
            self?.start()
        }
    }

    /// Ends the looking.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Looks once.
    func look() {
        if let bytes = gauge?.read() { memory.store(bytes, ordering: .relaxed) }
        for notice in log.withLock({ $0.update(refusals.all) }) { tell(notice) }
    }
}
