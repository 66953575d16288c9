// SPDX-License-Identifier: MIT
//
// Which objects a list query selects. What the storage can decide (ids, timestamps, order, limit)
// is pushed down to it; records are parsed only when a filter or an order looks into them.

import Core
import Storage

/// Finds the objects of a list query.
struct ListSelection {
    /// Visits objects as `StorageReader.visit` does.
    typealias Visitor = (ObjectQuery, (StoredObject) throws -> Bool) throws -> Void

    /// The part that the storage decides.
    private var pushed: ObjectQuery
    /// The conditions that records are parsed for.
    private var residual: [Filter] = []
    private let query: ListQuery
    private let token: PageToken?
    private let order: Order

    private enum Order {
        /// By timestamp or id: the storage has it.
        case stored(ObjectQuery.Order)
        /// Any other.
        case sorted
    }

    /// Prepares a selection.
    ///
    /// - Parameters:
    ///   - sharedIDs: The only objects that are shown, nil for all.
    ///   - token: Where the page begins.
    init(_ query: ListQuery, of list: ResourceList, sharedIDs: [String]?, token: PageToken?) {
        self.query = query
        self.token = token
        pushed = ObjectQuery(list)
        pushed.ids = sharedIDs
        pushed.includesTombstones = query.includesTombstones
        order = ListSelection.order(query.sorting)
        for filter in query.filters where !push(filter) { residual.append(filter) }
    }

    /// Prepares a selection among entries that are made for one request: the visitor gives them all
    /// in any order, and their ids are not those that queries ask for.
    init(_ query: ListQuery, ofEntriesOf list: ResourceList, token: PageToken?) {
        self.query = query
        self.token = token
        pushed = ObjectQuery(list)
        order = .sorted
        residual = query.filters
    }

    /// The objects of the page and, if there are more, the first of the next page.
    ///
    /// - Throws: What the visitor throws, and `StorageError`.
    func page(_ visit: Visitor) throws -> [StoredObject] {
        switch order {
        case .stored(let stored): return try storedPage(stored, visit)
        case .sorted: return try sortedPage(visit)
        }
    }

    /// How many live objects meet the conditions, on all pages.
    ///
    /// - Throws: `StorageError`.
    func count(_ reader: any StorageReader) throws -> Int {
        guard residual.isEmpty else { return try count(reader.visit) }
        var counted = pushed
        counted.includesTombstones = false
        return try reader.count(counted)
    }

    /// How many live objects meet the conditions, each looked at.
    ///
    /// - Throws: What the visitor throws, and `StorageError`.
    func count(_ visit: Visitor) throws -> Int {
        var counted = pushed
        counted.includesTombstones = false
        var count = 0
        try visit(counted) { object in
            let record = try StoredRecord.parse(object)
            if residual.allSatisfy({ $0.matches(record) }) { count += 1 }
            return true
        }
        return count
    }

    private static func order(_ sorting: [SortKey]) -> Order {
        guard let first = sorting.first else { return .stored(.newestFirst) }
        if first.field == "id", !first.isDescending { return .stored(.byID) }
        if sorting.allSatisfy({ $0.field == "last_modified" }) {
            return .stored(first.isDescending ? .newestFirst : .oldestFirst)
        }
        return .sorted
    }

    /// Lets the storage decide a condition, if it can.
    private mutating func push(_ filter: Filter) -> Bool {
        if filter.field == "id" {
            let ids: [String]
            switch (filter.comparison, filter.value) {
            case (.eq, .string(let id)): ids = [id]
            case (.in, .array(let values)): ids = values.compactMap(\.string)
            case (_, _): return false
            }
            pushed.ids = pushed.ids.map { known in ids.filter(known.contains) } ?? ids
            return true
        }
        guard filter.field == "last_modified", let value = filter.value.integer else {
            return false
        }
        switch filter.comparison {
        case .gt: raise(value)
        case .min: raise(value - 1)
        case .lt: lower(value)
        case .max: lower(value + 1)
        case .eq:
            raise(value - 1)
            lower(value + 1)
        case .not, .in, .exclude, .like, .has, .contains, .containsAny: return false
        }
        return true
    }

    private mutating func raise(_ milliseconds: Int64) {
        let bound = Timestamp(milliseconds: milliseconds)
        pushed.after = max(pushed.after ?? bound, bound)
    }

    private mutating func lower(_ milliseconds: Int64) {
        let bound = Timestamp(milliseconds: milliseconds)
        pushed.before = min(pushed.before ?? bound, bound)
    }

    private func storedPage(
        _ order: ObjectQuery.Order, _ visit: Visitor
    ) throws -> [StoredObject] {
        var narrowed = pushed
        narrowed.order = order
        if let token { narrow(&narrowed, to: token) }
        if residual.isEmpty, token == nil { narrowed.limit = query.limit + 1 }
        var page: [StoredObject] = []
        try visit(narrowed) { object in
            if let token, !isBehind(token, object, order) { return true }
            if !residual.isEmpty {
                let record = try StoredRecord.parse(object)
                guard residual.allSatisfy({ $0.matches(record) }) else { return true }
            }
            page.append(object)
            return page.count <= query.limit
        }
        return page
    }

    /// Skips what is certainly before the page; objects that share the last one's timestamp stay.
    private func narrow(_ query: inout ObjectQuery, to token: PageToken) {
        guard let timestamp = token.timestamp else { return }
        switch query.order {
        case .newestFirst:
            query.before = min(query.before ?? timestamp.next, timestamp.next)
        case .oldestFirst:
            let bound = Timestamp(milliseconds: timestamp.milliseconds - 1)
            query.after = max(query.after ?? bound, bound)
        case .byID: break
        }
    }

    private func isBehind(
        _ token: PageToken, _ object: StoredObject, _ order: ObjectQuery.Order
    ) -> Bool {
        let id = token.lastObject["id"]?.string
        let ids = id.map { ValueOrder.compareBytes(object.id, $0) }
        switch order {
        case .byID: return ids ?? 1 > 0
        case .newestFirst:
            guard let timestamp = token.timestamp else { return true }
            return object.timestamp < timestamp || object.timestamp == timestamp && ids ?? 0 < 0
        case .oldestFirst:
            guard let timestamp = token.timestamp else { return false }
            return object.timestamp > timestamp || object.timestamp == timestamp && ids ?? 0 > 0
        }
    }

    private func sortedPage(_ visit: Visitor) throws -> [StoredObject] {
        var found: [(object: StoredObject, keys: [JSONValue?])] = []
        let last: [JSONValue?]? = token.map { token in
            query.sorting.map { token.lastObject[$0.field] } + [token.lastObject["id"]]
        }
        try visit(pushed) { object in
            let record = try StoredRecord.parse(object)
            guard residual.allSatisfy({ $0.matches(record) }) else { return true }
            let keys =
                query.sorting.map { NestedMember.find($0.field, in: record) }
                + [.string(object.id)]
            if let last, compare(keys, last) <= 0 { return true }
            found.append((object, keys))
            return true
        }
        found.sort { compare($0.keys, $1.keys) < 0 }
        return found.prefix(query.limit + 1).map(\.object)
    }

    /// Compares the values of the sort keys, then ids, descending.
    private func compare(_ left: [JSONValue?], _ right: [JSONValue?]) -> Int {
        for (place, pair) in zip(left, right).enumerated() {
            let order = ValueOrder.compare(pair.0, pair.1)
            guard order != 0 else { continue }
            let isDescending = place >= query.sorting.count || query.sorting[place].isDescending
            return isDescending ? -order : order
        }
        return 0
    }
}
