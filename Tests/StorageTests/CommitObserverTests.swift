// SPDX-License-Identifier: MIT

import Core
import Synchronization
import Testing

@testable import Storage

@Suite("Who is told of commits")
struct CommitObserverTests {
    private var commit: Commit {
        let change = Change(
            path: CollectionPath(bucket: "b", collection: "c"),
            timestamp: Timestamp(milliseconds: 1), revision: Revision(1), isTombstone: false)
        return Commit(changes: [change])
    }

    @Test("is told in as few calls of the thousandth as of the first")
    func depth() {
        let depths = Mutex<[UInt]>([])
        let observer = CommitObserver()
        observer.set { commit in
            withUnsafePointer(to: commit) { pointer in
                depths.withLock { $0.append(UInt(bitPattern: pointer)) }
            }
        }
        for _ in 1...1_000 { observer.announce(commit) }
        let seen = depths.withLock { $0 }
        #expect(seen.count == 1_000)
        #expect(Set(seen).count == 1)
    }
}
