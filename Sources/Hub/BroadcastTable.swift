// SPDX-License-Identifier: MIT
//
// The change log of broadcasts: one entry per id. Publishing a newer version gives the entry the
// next number, so that who knows a number is owed the entries above it, however far it lags.

import Core

/// The newest version of each broadcast. There are few: `Limits.broadcastsMax`.
package struct BroadcastTable: Sendable {
    /// One broadcast's newest version.
    package struct Entry: Equatable, Sendable {
        /// What it is of.
        package let id: String
        /// The version.
        package let version: String
        /// Grows by one with every version that is published, whatever it is of.
        package let number: UInt64
    }

    /// The number of the newest entry.
    package private(set) var head: UInt64 = 0
    private var entries: [String: Entry] = [:]

    /// Makes an empty table.
    package init() {}

    /// How many broadcasts there are.
    package var count: Int { entries.count }

    /// All entries by their ids.
    ///
    /// - Complexity: O(*n* log *n*).
    package var all: [Entry] { entries.values.sorted { $0.id < $1.id } }

    /// The version of a broadcast, nil if there is no such broadcast.
    package func version(of id: String) -> String? { entries[id]?.version }

    /// The entries above a number, oldest first.
    ///
    /// - Complexity: O(*n* log *n*).
    package func entries(after number: UInt64) -> [Entry] {
        entries.values.filter { $0.number > number }.sorted { $0.number < $1.number }
    }

    /// Takes a version over; one that is known already is no news.
    package mutating func publish(_ broadcast: Broadcast) {
        guard entries[broadcast.id]?.version != broadcast.version else { return }
        head += 1
        entries[broadcast.id] = Entry(
            id: broadcast.id, version: broadcast.version, number: head)
    }
}
