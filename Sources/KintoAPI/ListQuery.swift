// SPDX-License-Identifier: MIT
//
// The query of a list, read in two steps as the reference does: first the parameters it knows by
// name, all whose errors are told at once; then the filters, where the first error ends it.

import Core

/// One key of an order.
struct SortKey: Equatable {
    /// The member, dots leading into objects.
    let field: String
    /// Whether higher values come first.
    let isDescending: Bool
}

/// What the members of a list's objects can be called in queries.
enum KnownFields {
    /// Anything.
    case any
    /// These.
    case only(Set<String>)

    /// Whether a dotted path begins with a known name.
    func contains(_ field: String) -> Bool {
        switch self {
        case .any: return true
        case .only(let names): return names.contains(String(field.prefix { $0 != "." }))
        }
    }
}

/// A list as it is asked for.
struct ListQuery {
    /// The conditions, all of which hold.
    var filters: [Filter] = []
    /// The order; further keys decide between equals.
    var sorting: [SortKey] = []
    /// Objects on the page.
    var limit: Int
    /// The members that are shown; empty for all.
    var fields: [String] = []
    /// Whether tombstones are among the objects.
    var includesTombstones = false
    /// Whether `_to`, which is deprecated, was used.
    var usesDeprecatedTo = false

    /// Makes the query of valid parameters.
    ///
    /// - Throws: `APIError`, a 400, for what the list does not have.
    init(
        _ parameters: ListParameters, known: KnownFields, settings: KintoSettings, now: Timestamp
    ) throws(APIError) {
        limit = ListQuery.limit(parameters.limit, settings: settings)
        for (name, value) in parameters.conditions {
            guard let filter = try ListQuery.filter(name, value, known: known, now: now) else {
                continue
            }
            filters.append(filter)
            usesDeprecatedTo = usesDeprecatedTo || name == "_to"
        }
        includesTombstones = filters.contains { $0.field == "last_modified" }
        sorting = try ListQuery.sorting(parameters.sort, known: known)
        if !parameters.fields.isEmpty {
            let unknown = Set(parameters.fields.filter { !known.contains($0) })
            guard unknown.isEmpty else {
                let names = unknown.map { $0.prefix { $0 != "." } }.sorted().joined(separator: ",")
                throw .invalid(.body, "Invalid _fields parameter", "Fields \(names) do not exist")
            }
            fields = parameters.fields + ["id", "last_modified"]
        }
    }

    private static func limit(_ given: Int64?, settings: KintoSettings) -> Int {
        let most = settings.fetchObjectsMax
        guard let given else { return min(settings.paginateBy ?? most, most) }
        guard given > 0 else { return most }
        return min(Int(clamping: given), settings.paginateBy ?? most, most)
    }

    private static func sorting(
        _ words: [String], known: KnownFields
    ) throws(APIError) -> [SortKey] {
        var keys: [SortKey] = []
        for word in words {
            var field = word.trimmingWhiteSpace()
            let isDescending = field.hasPrefix("-")
            if isDescending || field.hasPrefix("+") { field.removeFirst() }
            guard isFieldName(field) else { continue }
            guard known.contains(field) else {
                throw .invalid(.query, nil, "Unknown sort field '\(field)'")
            }
            keys.append(SortKey(field: field, isDescending: isDescending))
        }
        if !keys.contains(where: { $0.field == "last_modified" }) {
            keys.append(SortKey(field: "last_modified", isDescending: true))
        }
        return keys
    }

    /// Whether a text is made of letters, digits, underscores and dots.
    private static func isFieldName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
    }

    private static func filter(
        _ parameter: String, _ value: JSONValue, known: KnownFields, now: Timestamp
    ) throws(APIError) -> Filter? {
        let name = parameter.trimmingWhiteSpace()
        let invalid = APIError.invalid(.query, name, "Invalid value for \(name)")
        switch name {
        case "_since", "_to", "_before":
            guard value.isNull || isTimestamp(value, now: now) else { throw invalid }
            return Filter(
                field: "last_modified", comparison: name == "_since" ? .gt : .lt, value: value)
        case _: if name.hasPrefix("_") { return nil }
        }
        let (comparison, field) = split(name)
        guard known.contains(field) else {
            throw .invalid(.query, name, "Unknown filter field '\(name)'")
        }
        if comparison == .like, value.string == nil { throw invalid }
        if hasNull(value) || field.utf8.contains(0) {
            throw .invalid(.query, name, "Invalid character 0x00")
        }
        var filter = Filter(field: field, comparison: comparison, value: value)
        if field == "last_modified" { filter = try onTimestamp(filter, now: now, else: invalid) }
        if field == "id" { filter = try onID(filter, else: invalid) }
        if field == "id" || field == "last_modified",
            comparison == .contains || comparison == .containsAny
        {
            throw .invalid(.query, name, "Field '\(field)' is not an array")
        }
        return filter
    }

    private static func split(_ name: String) -> (Comparison, String) {
        for comparison in Comparison.allCases {
            let prefix = "\(comparison.rawValue)_"
            guard name.utf8.starts(with: prefix.utf8) else { continue }
            let field = String(Substring(name.utf8.dropFirst(prefix.utf8.count)))
            if isFieldName(field) { return (comparison, field) }
        }
        return (.eq, name)
    }

    /// A filter on `last_modified`, its values as numbers.
    private static func onTimestamp(
        _ filter: Filter, now: Timestamp, else invalid: APIError
    ) throws(APIError) -> Filter {
        switch filter.comparison {
        case .has, .contains, .containsAny: return filter
        case .in, .exclude:
            var numbers: [JSONValue] = []
            for value in filter.value.array ?? [] {
                guard value.integer != nil, isTimestamp(value, now: now) else { throw invalid }
                numbers.append(value)
            }
            return Filter(
                field: filter.field, comparison: filter.comparison, value: .array(numbers))
        case .lt, .min, .max, .not, .eq, .gt, .like:
            guard isTimestamp(filter.value, now: now) else { throw invalid }
            guard filter.comparison != .like, let text = filter.value.string,
                let timestamp = Timestamp(quotedOrNot: text)
            else { return filter }
            return Filter(
                field: filter.field, comparison: filter.comparison,
                value: .integer(timestamp.milliseconds))
        }
    }

    /// A filter on `id`, its whole numbers as texts.
    private static func onID(
        _ filter: Filter, else invalid: APIError
    ) throws(APIError) -> Filter {
        switch filter.comparison {
        case .in, .exclude:
            let areTexts = (filter.value.array ?? []).allSatisfy { $0.string != nil }
            guard areTexts else { throw invalid }
            return filter
        case .lt, .min, .max, .not, .eq, .gt:
            guard let number = filter.value.integer else { return filter }
            return Filter(
                field: filter.field, comparison: filter.comparison,
                value: .string(String(number)))
        case .like, .has, .contains, .containsAny: return filter
        }
    }

    /// Whether a value is a timestamp from 1970 to tomorrow, quoted or not.
    private static func isTimestamp(_ value: JSONValue, now: Timestamp) -> Bool {
        let millisecondsPerDay: Int64 = 86_400_000
        let end = now.milliseconds + millisecondsPerDay
        switch value {
        case .number(let number): return number.double > -1 && number.double < Double(end)
        case .string(let text):
            guard let timestamp = Timestamp(quotedOrNot: text) else { return false }
            return timestamp.milliseconds >= 0 && timestamp.milliseconds < end
        case .null, .bool, .array, .object: return false
        }
    }

    private static func hasNull(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text.utf8.contains(0)
        case .array(let elements): elements.contains(where: hasNull)
        case .object(let object):
            object.members.contains { $0.key.utf8.contains(0) || hasNull($0.value) }
        case .null, .bool, .number: false
        }
    }
}
