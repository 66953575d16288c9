// SPDX-License-Identifier: MIT

import Core

/// Which entries of the monitor feed a subscriber wants.
///
/// The conditions are joined by *and*; the resources among themselves by *or*. Two filters that
/// name the same things in another order are equal, so that their subscribers share a cohort.
package struct ChangeFilter: Hashable, Sendable {
    /// Only entries of this bucket (`bucket=` in the query).
    package var bucket: String?
    /// Only entries of collections with this id, in any bucket (`collection=` in the query).
    package var collection: String?
    /// Only entries in one of these; nil for all, empty for none (`resource=`, `resources`).
    package var resources: Set<ResourcePath>?
    /// Only entries that the subscriber may read, which no query decides; nil where the list is
    /// public.
    package var visibility: Visibility?

    /// Makes a filter of its conditions, by default none: everything passes.
    package init(
        bucket: String? = nil, collection: String? = nil, resources: Set<ResourcePath>? = nil,
        visibility: Visibility? = nil
    ) {
        self.bucket = bucket
        self.collection = collection
        self.resources = resources
        self.visibility = visibility
    }

    /// The filter that everything passes.
    package static let all = ChangeFilter()

    /// Whether a change of the collection at `path` passes.
    package func matches(_ path: CollectionPath) -> Bool {
        if let bucket, bucket != path.bucket { return false }
        if let collection, collection != path.collection { return false }
        if let visibility, !visibility.shows(path) { return false }
        guard let resources else { return true }
        return resources.contains(.collection(path)) || resources.contains(.bucket(path.bucket))
    }
}
