// SPDX-License-Identifier: MIT

import Core

/// Which collections are monitored: those in `changes.resources` but not among
/// `changes.excluded_collections`.
///
/// Addresses match exactly: `/buckets/main/collections/one` does not name `…/one2`.
package struct MonitoredResources: Sendable {
    /// What is included.
    package enum Inclusion: Sendable {
        /// Every collection of every bucket (`changes.resources = *`).
        case everything
        /// The named collections and those of the named buckets.
        case named(Set<ResourcePath>)
    }

    private let inclusion: Inclusion
    private let exclusions: Set<ResourcePath>

    /// Makes the set of what is included without what is excluded.
    package init(including inclusion: Inclusion, excluding exclusions: Set<ResourcePath> = []) {
        self.inclusion = inclusion
        self.exclusions = exclusions
    }

    /// Whether changes of the collection at `path` are shown.
    ///
    /// The collection that shows them, `monitor/changes`, never is among them.
    package func monitors(_ path: CollectionPath) -> Bool {
        guard path != .monitorChanges, !names(path, in: exclusions) else { return false }
        switch inclusion {
        case .everything: return true
        case .named(let resources): return names(path, in: resources)
        }
    }

    /// Whether changes of any collection in a bucket may be shown.
    ///
    /// - Complexity: O(number of resources).
    package func mayMonitor(bucket: String) -> Bool {
        guard !exclusions.contains(.bucket(bucket)) else { return false }
        switch inclusion {
        case .everything: return true
        case .named(let resources):
            return resources.contains { resource in
                switch resource {
                case .bucket(let named): named == bucket
                case .collection(let path): path.bucket == bucket
                }
            }
        }
    }

    private func names(_ path: CollectionPath, in resources: Set<ResourcePath>) -> Bool {
        resources.contains(.collection(path)) || resources.contains(.bucket(path.bucket))
    }
}

extension CollectionPath {
    /// The virtual collection whose records are the entries of the monitored ones.
    package static let monitorChanges = CollectionPath(bucket: "monitor", collection: "changes")
}
