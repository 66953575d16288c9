// SPDX-License-Identifier: MIT

/// The address of one collection: its bucket's id and its own.
package struct CollectionPath: Hashable, Sendable {
    /// The id of the bucket.
    package let bucket: String
    /// The id of the collection within the bucket.
    package let collection: String

    /// Makes an address of two ids, which must be valid (`ResourceID.isValid`).
    package init(bucket: String, collection: String) {
        self.bucket = bucket
        self.collection = collection
    }

    /// The collection's object URI, `/buckets/B/collections/C`.
    package var uri: String { "/buckets/\(bucket)/collections/\(collection)" }

    /// Reads `/buckets/B/collections/C` and nothing longer or shorter.
    package init?(uri: some StringProtocol) {
        guard case .collection(let path)? = ResourcePath(uri: uri) else { return nil }
        self = path
    }
}

/// What a subscription or the setting `changes.resources` names: a bucket or one collection.
package enum ResourcePath: Hashable, Sendable {
    /// All collections of a bucket, `/buckets/B`.
    case bucket(String)
    /// One collection, `/buckets/B/collections/C`.
    case collection(CollectionPath)

    /// Reads an object URI of a bucket or a collection; a trailing slash is not accepted.
    ///
    /// - Complexity: O(length of `uri`).
    package init?(uri: some StringProtocol) {
        let parts = String(uri).split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 3 || parts.count == 5, parts[0].isEmpty, parts[1] == "buckets",
            ResourceID.isValid(parts[2])
        else { return nil }
        if parts.count == 3 {
            self = .bucket(parts[2])
            return
        }
        guard parts[3] == "collections", ResourceID.isValid(parts[4]) else { return nil }
        self = .collection(CollectionPath(bucket: parts[2], collection: parts[4]))
    }

    /// What `init(uri:)` reads, as a regular expression.
    package static let pattern =
        "^/buckets/\(ResourceID.pattern)(/collections/\(ResourceID.pattern))?$"

    /// Whether the collection at `path` is what this names, or lies in it.
    package func contains(_ path: CollectionPath) -> Bool {
        switch self {
        case .bucket(let bucket): bucket == path.bucket
        case .collection(let collection): collection == path
        }
    }

    /// The object URI.
    package var uri: String {
        switch self {
        case .bucket(let bucket): "/buckets/\(bucket)"
        case .collection(let path): path.uri
        }
    }
}

/// The ids of buckets, groups, collections and records.
package enum ResourceID {
    /// What is valid, as a regular expression without anchors.
    package static let pattern = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,\(Limits.resourceIDBytesMax - 1)}"

    /// Whether `id` matches Kinto's default pattern `^[a-zA-Z0-9][a-zA-Z0-9_-]*$` and is at most
    /// `Limits.resourceIDBytesMax` long.
    ///
    /// - Complexity: O(length of `id`).
    package static func isValid(_ id: some StringProtocol) -> Bool {
        var isFirst = true
        var count = 0
        for byte in id.utf8 {
            count += 1
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                break
            case UInt8(ascii: "_"), UInt8(ascii: "-"):
                if isFirst { return false }
            default:
                return false
            }
            isFirst = false
        }
        return count > 0 && count <= Limits.resourceIDBytesMax
    }
}
