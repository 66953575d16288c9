// SPDX-License-Identifier: MIT

import Core

/// The members of entries of a history, as queries name them.
enum HistoryFields {
    /// All there are; others are refused.
    static let known: Set<String> = [
        "id", "last_modified", "deleted", "user_id", "uri", "action", "date", "resource_name",
        "bucket_id", "collection_id", "group_id", "record_id", "target",
    ]

    /// A filter as it is meant: ids are texts, also those that look like numbers.
    static func filter(_ filter: Filter) -> Filter {
        guard ["bucket_id", "collection_id", "group_id", "record_id"].contains(filter.field) else {
            return filter
        }
        return Filter(
            field: filter.field, comparison: filter.comparison, value: text(filter.value))
    }

    private static func text(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let number): .string(number.spelling)
        case .array(let values): .array(values.map(text))
        case .null, .bool, .string, .object: value
        }
    }
}

extension ListAddress {
    /// What the members of the list's objects can be called in queries.
    var knownFields: KnownFields {
        switch self {
        case .buckets, .groups, .collections, .records, .accounts: .any
        case .history: .only(HistoryFields.known)
        }
    }
}
