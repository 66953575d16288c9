// SPDX-License-Identifier: MIT

import Core

/// Somebody's permission to read, which a stream lives by.
package struct StreamAccess: Hashable, Sendable {
    /// Who reads.
    package let viewer: Viewer
    /// The collection that is read; nil for the monitor feed, which shows what its viewer may read.
    package let path: CollectionPath?

    /// Makes an access of its parts.
    package init(viewer: Viewer, path: CollectionPath?) {
        self.viewer = viewer
        self.path = path
    }
}

/// The permissions that the streams of a loop live by, each once, so that a stream keeps a number
/// and a permission is asked for once for all who share it.
package struct AccessTable {
    private struct Row {
        var access: StreamAccess
        var streamCount: Int
    }

    private var rows: [Row?] = []
    private var numbers: [StreamAccess: Int32] = [:]
    private var free: [Int32] = []

    /// The number of a stream that needs no permission.
    package static let none: Int32 = -1

    /// Makes an empty table.
    package init() {}

    /// The permissions in use.
    ///
    /// - Complexity: O(*n*).
    package var accesses: [StreamAccess] { Array(numbers.keys) }

    /// Whether none is in use.
    package var isEmpty: Bool { numbers.isEmpty }

    /// The number of a permission in use, or nil.
    package func number(of access: StreamAccess) -> Int32? { numbers[access] }

    /// Counts one more stream that lives by `access`, and returns the number of it.
    package mutating func retain(_ access: StreamAccess) -> Int32 {
        if let number = numbers[access] {
            rows[Int(number)]?.streamCount += 1
            return number
        }
        let number: Int32
        let row = Row(access: access, streamCount: 1)
        if let reused = free.popLast() {
            number = reused
            rows[Int(number)] = row
        } else {
            number = Int32(rows.count)
            rows.append(row)
        }
        numbers[access] = number
        return number
    }

    /// Counts one stream less; `none` is none.
    package mutating func release(_ number: Int32) {
        guard number >= 0, var row = rows[Int(number)] else { return }
        row.streamCount -= 1
        guard row.streamCount == 0 else {
            rows[Int(number)] = row
            return
        }
        numbers[row.access] = nil
        rows[Int(number)] = nil
        free.append(number)
    }
}
