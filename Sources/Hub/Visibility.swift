// SPDX-License-Identifier: MIT

import Core

/// What somebody may read of the monitored collections.
///
/// Named by what grants it rather than by the collections themselves: a collection that is made in
/// a bucket that may be read is shown without anything being found out anew. Whoever may read the
/// same has an equal visibility, whoever they are, so that their streams share a cohort.
package struct Visibility: Hashable, Sendable {
    /// Tells a visibility from others in cursors: 48 bits, zero if everything may be read.
    package let digest: UInt64
    private let scope: Scope

    private enum Scope: Equatable {
        case everything
        case only(buckets: Set<String>, collections: Set<CollectionPath>)
    }

    /// Everything may be read.
    package static let everything = Visibility(digest: 0, scope: .everything)
    /// Nothing may be read.
    package static let nothing = Visibility(buckets: [], collections: [])

    private init(digest: UInt64, scope: Scope) {
        self.digest = digest
        self.scope = scope
    }

    /// Makes a visibility of what may be read.
    ///
    /// - Parameters:
    ///   - buckets: The buckets in which all collections may be read.
    ///   - collections: The collections that may be read; of these buckets, or of others.
    /// - Complexity: O(*n* log *n*).
    package init(buckets: Set<String>, collections: Set<CollectionPath>) {
        let others = collections.filter { !buckets.contains($0.bucket) }
        self.init(
            digest: Visibility.digest(
                buckets.map { ResourcePath.bucket($0).uri } + others.map(\.uri)),
            scope: .only(buckets: buckets, collections: others))
    }

    /// Whether changes of the collection at `path` are shown.
    package func shows(_ path: CollectionPath) -> Bool {
        switch scope {
        case .everything: true
        case .only(let buckets, let collections):
            buckets.contains(path.bucket) || collections.contains(path)
        }
    }

    /// How many buckets and collections are named.
    package var nameCount: Int {
        switch scope {
        case .everything: 0
        case .only(let buckets, let collections): buckets.count + collections.count
        }
    }

    /// Equal names have equal digests after a restart too: cursors outlive the server.
    private static func digest(_ uris: [String]) -> UInt64 {
        let text = uris.sorted().joined(separator: "\n")
        let bytes = Digest.hmacSHA256(key: [], message: Array(text.utf8))
        let bits = bytes.prefix(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return max(bits, 1)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    package static func == (left: Visibility, right: Visibility) -> Bool {
        left.digest == right.digest && left.scope == right.scope
    }
}
