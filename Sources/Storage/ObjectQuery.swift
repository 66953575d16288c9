// SPDX-License-Identifier: MIT

import Core

/// What a list is asked for; the storage answers in the order and with the limit given here.
///
/// Conditions on members of the JSON are not the storage's affair: the API filters what is visited.
package struct ObjectQuery: Sendable {
    /// The order of the visited objects.
    package enum Order: Sendable {
        /// By timestamp, newest first; equal timestamps by id, descending.
        case newestFirst
        /// By timestamp, oldest first; equal timestamps by id, ascending.
        case oldestFirst
        /// By id, ascending by its bytes.
        case byID
    }

    /// Which list.
    package var list: ResourceList
    /// Whether tombstones are visited too.
    package var includesTombstones = false
    /// Only objects with a timestamp above this.
    package var after: Timestamp?
    /// Only objects with a timestamp below this.
    package var before: Timestamp?
    /// Only objects with one of these ids.
    package var ids: [String]?
    /// The order.
    package var order = Order.newestFirst
    /// At most so many objects; nil for all.
    package var limit: Int?

    /// Makes a query for all live objects of a list.
    package init(_ list: ResourceList) {
        self.list = list
    }
}
