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
    package var uri: String { String(joining: "/buckets/", bucket, "/collections/", collection) }

    /// Reads `/buckets/B/collections/C` and nothing longer or shorter.
    package init?(uri: String) {
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
    package init?(uri: String) {
        var rest = Substring(uri).utf8
        guard let bucket = ResourcePath.id(after: "/buckets/", in: &rest) else { return nil }
        if rest.isEmpty {
            self = .bucket(bucket)
            return
        }
        guard let collection = ResourcePath.id(after: "/collections/", in: &rest), rest.isEmpty
        else { return nil }
        self = .collection(CollectionPath(bucket: bucket, collection: collection))
    }

    /// Takes a word and the id that follows it off the front of a URI; nil if it has no such front.
    private static func id(
        after word: StaticString, in rest: inout Substring.UTF8View
    ) -> String? {
        let isThere = word.withUTF8Buffer { rest.starts(with: $0) }
        guard isThere else { return nil }
        rest = rest.dropFirst(word.utf8CodeUnitCount)
        let id = Substring(rest.prefix { $0 != UInt8(ascii: "/") })
        guard ResourceID.isValid(id) else { return nil }
        rest = rest.dropFirst(id.utf8.count)
        return String(id)
    }

    /// Whether an object's URI is that of something records lie in, or of a group or an account:
    /// `/buckets/B` has two slashes, `/buckets/B/collections/C` four, a record's URI six.
    ///
    /// - Complexity: O(length of `uri`).
    package static func isAboveRecords(uri: String) -> Bool {
        var uri = uri
        return uri.withUTF8 { bytes in
            var slashes = 0
            for byte in bytes where byte == UInt8(ascii: "/") { slashes += 1 }
            return slashes <= 4
        }
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
        case .bucket(let bucket): String(joining: "/buckets/", bucket)
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
    package static func isValid(_ id: String) -> Bool { isValid(id[...]) }

    /// The same of a part of a text.
    ///
    /// - Complexity: O(length of `id`).
    package static func isValid(_ id: Substring) -> Bool {
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
