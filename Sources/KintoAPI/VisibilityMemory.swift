// SPDX-License-Identifier: MIT
//
// What is remembered of who may read what, so that a poll costs no query and thousands of streams
// are not asked for one by one.
//
// It is remembered by the user, not by the user's principals: these have the user's own id among
// them, so no two users have the same ones, and so the groups need not be asked for either.
//
// Invariants:
// 1. What is remembered was read when the count of access changes was `changes` or higher, and is
//    told only to who asks with that count. So nobody is told what was taken away before.
// 2. Equal visibilities are one value that shares its storage, so that comparing them is cheap and
//    a thousand users who may read the same cost one list of names.

import Core
import Hub
import Synchronization

/// What viewers of the monitor feed may read, as long as nobody's access changes.
final class VisibilityMemory: Sendable {
    private struct State {
        /// The count of access changes that everything here was read at.
        var changes: UInt64 = 0
        var visibilities: [Viewer: Visibility] = [:]
        /// Every visibility in use once.
        var distinct: Set<Visibility> = []
        /// Those of the last count: most people may read the same as before.
        var former: Set<Visibility> = []
        /// How many viewers and names there are.
        var size = 0

        mutating func forget() {
            former = distinct
            visibilities = [:]
            distinct = []
            size = 0
        }
    }

    private let state = Mutex(State())
    private let sizeMax: Int

    /// Makes an empty memory.
    ///
    /// - Parameter sizeMax: Beyond so many viewers and names everything is forgotten.
    init(sizeMax: Int = Limits.rememberedVisibilitiesMax) {
        self.sizeMax = sizeMax
    }

    /// What is remembered of a viewer; nil if nothing is.
    ///
    /// - Parameter changes: The count of access changes by now.
    func visibility(of viewer: Viewer, at changes: UInt64) -> Visibility? {
        state.withLock { $0.changes == changes ? $0.visibilities[viewer] : nil }
    }

    /// Remembers what a viewer may read.
    ///
    /// - Parameter changes: The count of access changes before it was read.
    /// - Returns: The visibility, or an equal one that was known before.
    /// - Complexity: O(1), or O(number of names) if an equal one was known.
    func remember(
        _ visibility: Visibility, of viewer: Viewer, at changes: UInt64
    ) -> Visibility {
        state.withLock { state in
            if changes > state.changes {
                state.forget()
                state.changes = changes
            }
            guard changes == state.changes else { return visibility }
            let size = 1 + visibility.nameCount
            guard size <= sizeMax else { return visibility }
            let isKnown = state.distinct.contains(visibility)
            if state.size + (isKnown ? 1 : size) > sizeMax { state.forget() }
            let former = state.former.firstIndex(of: visibility).map { state.former[$0] }
            let (isNew, shared) = state.distinct.insert(former ?? visibility)
            if isNew { state.size += shared.nameCount }
            if state.visibilities.updateValue(shared, forKey: viewer) == nil { state.size += 1 }
            return shared
        }
    }
}
