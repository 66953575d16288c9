// SPDX-License-Identifier: MIT

import Core

/// What the history plugin does.
package struct HistorySettings: Sendable, Equatable {
    /// `history.exclude_resources`: objects whose changes leave no entry, and those below them.
    package var excludedResources: [String] = []
    /// `history.exclude_user_ids`: users whose changes leave no entry.
    package var excludedUserIDs: [String] = []
    /// `history.auto_trim_max_count`: entries kept of each kind of object in a bucket; any number
    /// if not positive.
    package var trimmedCountMax = -1
    /// `history.auto_trim_user_ids`: only entries of these users are counted and removed so, each
    /// user's apart; of everybody together if empty.
    package var trimmedUserIDs: [String] = []
    /// `history.auto_trim_threshold`: how many too many there are when the oldest are removed.
    package var trimThreshold = 100
    /// `heliograph.history.entries_per_bucket_max`: entries kept in the history of a bucket,
    /// whatever they are about; 0 for any number.
    package var entriesPerBucketMax = Limits.historyEntriesDefault

    /// Makes the settings that the plugin has when nothing is set.
    package init() {}

    /// What the root tells of the plugin.
    var capability: JSONValue {
        var members: [JSONObject.Member] = [
            ("description", "Track changes on data."),
            ("url", "http://kinto.readthedocs.io/en/latest/api/1.x/history.html"),
        ]
        if trimmedCountMax > 0 {
            members.append(("auto_trim_max_count", .integer(Int64(trimmedCountMax))))
        }
        if !trimmedUserIDs.isEmpty {
            let users = trimmedUserIDs.map(JSONValue.string)
            members.append(("auto_trim_user_ids", .array(users)))
        }
        if !excludedResources.isEmpty {
            let resources = excludedResources.map(HistorySettings.parts)
            members.append(("excluded_resources", .array(resources)))
        }
        return .object(JSONObject(members))
    }

    /// Whether a text is the URI of a bucket, a group, a collection or a record.
    static func isResource(_ uri: String) -> Bool {
        let words = uri.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.first == "", words.count.isMultiple(of: 2) == false, words.count > 2 else {
            return false
        }
        let names = stride(from: 1, to: words.count, by: 2).map { words[$0] }
        let ids = stride(from: 2, to: words.count, by: 2).map { words[$0] }
        let kinds = [
            ["buckets"], ["buckets", "groups"], ["buckets", "collections"],
            ["buckets", "collections", "records"],
        ]
        return kinds.contains(names) && ids.allSatisfy { ResourceID.isValid($0) }
    }

    /// The ids in a URI: `/buckets/B/collections/C` as `{"bucket":"B","collection":"C"}`.
    private static func parts(of uri: String) -> JSONValue {
        let names = ["buckets": "bucket", "groups": "group", "collections": "collection"]
        let words = uri.split(separator: "/").map(String.init)
        let members = stride(from: 0, to: words.count - 1, by: 2).map { place in
            (names[words[place]] ?? "record", JSONValue.string(words[place + 1]))
        }
        return .object(JSONObject(members))
    }
}
