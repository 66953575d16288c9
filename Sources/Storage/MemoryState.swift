// SPDX-License-Identifier: MIT

import Core

/// All that a memory storage holds, as one value: a transaction changes a copy, and throwing the
/// copy away undoes it.
struct MemoryState: Sendable {
    /// The lists that have a timestamp.
    var lists = SortedMap<ResourceList, MemoryList>()
    /// By object URI and permission.
    var permissions = SortedMap<String, [String: Set<String>]>()
    /// The members of each group, by its URI.
    var members = SortedMap<String, Set<String>>()
    /// The newest change of each collection, by its URI.
    var changes = SortedMap<String, Change>()
    /// Up to which revision a collection's timestamps do not tell what happened in it.
    var rewrites: [CollectionPath: Revision] = [:]
    /// The broadcasts, by their ids.
    var broadcasts = SortedMap<String, Broadcast>()
    /// The last revision that was given.
    var revision = Revision.zero
}

/// The objects and tombstones of one list.
struct MemoryList: Sendable {
    /// The list's timestamp.
    var timestamp: Timestamp
    /// The objects by their id.
    private(set) var byID = SortedMap<String, StoredObject>()
    /// The objects by timestamp and id.
    private(set) var byTime = SortedMap<Place, StoredObject>()

    /// Where an object stands in the order of time.
    struct Place: Comparable, Sendable {
        /// The object's timestamp.
        let timestamp: Timestamp
        /// The object's id; empty for a place before all objects of that timestamp.
        let id: String

        static func < (left: Place, right: Place) -> Bool {
            left.timestamp == right.timestamp
                ? left.id < right.id : left.timestamp < right.timestamp
        }
    }

    /// Makes an empty list.
    init(timestamp: Timestamp) {
        self.timestamp = timestamp
    }

    /// Adds an object, in place of the one of that id.
    mutating func replace(with object: StoredObject) {
        if let old = byID[object.id] {
            byTime[Place(timestamp: old.timestamp, id: old.id)] = nil
        }
        byID[object.id] = object
        byTime[Place(timestamp: object.timestamp, id: object.id)] = object
    }

    /// Removes the object or tombstone of that id, if there is one.
    mutating func remove(_ id: String) {
        guard let old = byID[id] else { return }
        byTime[Place(timestamp: old.timestamp, id: old.id)] = nil
        byID[id] = nil
    }

    /// Visits what `query` asks for, without its limit, until `visit` returns false.
    ///
    /// - Complexity: O(log *n* + *k*) by time, O(*n*) by id, O(*i* log *n*) for *i* given ids.
    func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) rethrows {
        if let ids = query.ids {
            let found = Set(ids).compactMap { byID[$0] }.sorted { one, other in
                switch query.order {
                case .byID: one.id < other.id
                case .oldestFirst: one.place < other.place
                case .newestFirst: one.place > other.place
                }
            }
            for object in found where query.includes(object) {
                if try !visit(object) { return }
            }
            return
        }
        switch query.order {
        case .byID:
            for (_, object) in byID where query.includes(object) {
                if try !visit(object) { return }
            }
        case .oldestFirst:
            for (_, object) in range(of: query) where query.includes(object) {
                if try !visit(object) { return }
            }
        case .newestFirst:
            for (_, object) in range(of: query).reversed() where query.includes(object) {
                if try !visit(object) { return }
            }
        }
    }

    private func range(of query: ObjectQuery) -> Slice<SortedMap<Place, StoredObject>> {
        let start = query.after.map { Place(timestamp: $0.next, id: "") }
        let end = query.before.map { Place(timestamp: $0, id: "") }
        let first = start.map(byTime.index(notBelow:)) ?? byTime.startIndex
        let last = end.map(byTime.index(notBelow:)) ?? byTime.endIndex
        return byTime[first..<max(first, last)]
    }
}

extension StoredObject {
    fileprivate var place: MemoryList.Place { MemoryList.Place(timestamp: timestamp, id: id) }
}

extension ObjectQuery {
    /// Whether the object meets the conditions on timestamp and tombstones.
    fileprivate func includes(_ object: StoredObject) -> Bool {
        if object.isTombstone, !includesTombstones { return false }
        if let after, object.timestamp <= after { return false }
        if let before, object.timestamp >= before { return false }
        return true
    }
}

/// By parent, so that the lists below an object lie together.
extension ResourceList: Comparable {
    package static func < (left: ResourceList, right: ResourceList) -> Bool {
        left.parent == right.parent
            ? left.resource < right.resource : left.parent < right.parent
    }
}
