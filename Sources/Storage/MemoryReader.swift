// SPDX-License-Identifier: MIT

import Core

/// A transaction that reads one committed state of a memory storage.
class MemoryReader: StorageReader {
    /// The state that is read.
    final var state: MemoryState
    private let counters: StorageCounters

    /// Makes a reader of a state.
    init(_ state: MemoryState, counters: StorageCounters) {
        self.state = state
        self.counters = counters
    }

    /// Notes one question or change.
    final func count() {
        counters.addQuery()
    }

    package func object(_ id: String, in list: ResourceList) -> StoredObject? {
        count()
        guard let object = state.lists[list]?.byID[id], !object.isTombstone else { return nil }
        return object
    }

    package func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) throws {
        count()
        let limit = query.limit ?? Int.max
        precondition(limit >= 0)
        guard limit > 0, let list = state.lists[query.list] else { return }
        var visited = 0
        try list.visit(query) { object in
            visited += 1
            return try visit(object) && visited < limit
        }
    }

    package func count(_ query: ObjectQuery) -> Int {
        count()
        var matching = 0
        state.lists[query.list]?.visit(query) { _ in
            matching += 1
            return true
        }
        return matching
    }

    package func timestamp(of list: ResourceList) -> Timestamp? {
        count()
        return state.lists[list]?.timestamp
    }

    package func change(of path: CollectionPath) -> Change? {
        count()
        return state.changes[path.uri]
    }

    package func permissions(of uri: String) -> [String: Set<String>] {
        count()
        return state.permissions[uri] ?? [:]
    }

    package func permissions(of uris: [String]) -> [String: [String: Set<String>]] {
        count()
        var found: [String: [String: Set<String>]] = [:]
        for uri in uris { found[uri] = state.permissions[uri] }
        return found
    }

    package func uris(
        under prefix: String, grantedTo principals: Set<String>, permissions: Set<String>
    ) -> Set<String> {
        count()
        var found: Set<String> = []
        for (uri, granted) in state.permissions.elements(withPrefix: prefix) {
            let isGranted = granted.contains { permission, holders in
                permissions.contains(permission) && !holders.isDisjoint(with: principals)
            }
            if isGranted { found.insert(uri) }
        }
        return found
    }

    package func urisAboveRecords(
        grantedTo principals: Set<String>, permissions: Set<String>
    ) -> Set<String> {
        count()
        var found: Set<String> = []
        var place = state.permissions.startIndex
        while place < state.permissions.endIndex {
            let (uri, granted) = state.permissions[place]
            if let end = MemoryReader.endOfRecords(around: uri) {
                place = state.permissions.index(notBelow: end)
                continue
            }
            let isGranted = granted.contains { permission, holders in
                permissions.contains(permission) && !holders.isDisjoint(with: principals)
            }
            if isGranted { found.insert(uri) }
            place = state.permissions.index(after: place)
        }
        return found
    }

    /// The least text above the URIs of all records of the collection that a record lies in; nil
    /// if `uri` is not that of a record.
    private static func endOfRecords(around uri: String) -> String? {
        // `/buckets/B/collections/C/records/R`; "0" follows the slash.
        let parts = uri.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 6, parts[1] == "buckets" else { return nil }
        return parts[..<6].joined(separator: "/") + "0"
    }

    package func permissions(grantedTo principals: Set<String>) -> [String: Set<String>] {
        count()
        var found: [String: Set<String>] = [:]
        for (uri, granted) in state.permissions {
            for (permission, holders) in granted where !holders.isDisjoint(with: principals) {
                found[uri, default: []].insert(permission)
            }
        }
        return found
    }

    package func ids(ofAll resource: String) -> [String: [String]] {
        count()
        var found: [String: [String]] = [:]
        for (list, content) in state.lists where list.resource == resource {
            for (id, object) in content.byID where !object.isTombstone {
                found[list.parent, default: []].append(id)
            }
        }
        return found
    }

    package func groups(containing principals: Set<String>) -> Set<String> {
        count()
        var found: Set<String> = []
        for (uri, members) in state.members where !members.isDisjoint(with: principals) {
            found.insert(uri)
        }
        return found
    }
}
