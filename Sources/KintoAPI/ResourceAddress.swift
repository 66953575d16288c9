// SPDX-License-Identifier: MIT

import Core
import Storage

/// The kinds of objects that the API stores.
enum ResourceKind: String {
    /// A bucket: collections and groups live in it.
    case bucket
    /// A group of users.
    case group
    /// A collection of records.
    case collection
    /// A record.
    case record
    /// An entry of a bucket's history.
    case history
    /// An account that users log in with.
    case account

    /// The permissions that an object of this kind has, in the order that messages tell them.
    var permissions: [String] {
        switch self {
        case .bucket: ["read", "write", "collection:create", "group:create"]
        case .collection: ["read", "write", "record:create"]
        case .group, .record, .history, .account: ["read", "write"]
        }
    }

    /// The last word of the URI of a list of such objects.
    var plural: String {
        switch self {
        case .bucket: "buckets"
        case .group: "groups"
        case .collection: "collections"
        case .record: "records"
        case .history: "history"
        case .account: "accounts"
        }
    }
}

/// Where a list of objects is: `/buckets`, `/buckets/B/groups`, `/buckets/B/collections`,
/// `/buckets/B/collections/C/records`, `/buckets/B/history` or `/accounts`.
enum ListAddress: Hashable {
    /// All buckets.
    case buckets
    /// The groups of a bucket.
    case groups(bucket: String)
    /// The collections of a bucket.
    case collections(bucket: String)
    /// The records of a collection.
    case records(CollectionPath)
    /// The history of a bucket.
    case history(bucket: String)
    /// All accounts.
    case accounts

    /// What is listed.
    var kind: ResourceKind {
        switch self {
        case .buckets: .bucket
        case .groups: .group
        case .collections: .collection
        case .records: .record
        case .history: .history
        case .accounts: .account
        }
    }

    /// The URI of the object that the list is of; nil for buckets and
    /// accounts.
    var parentURI: String? {
        switch self {
        case .buckets, .accounts: nil
        case .groups(let bucket), .collections(let bucket), .history(let bucket):
            ResourcePath.bucket(bucket).uri
        case .records(let path): path.uri
        }
    }

    /// The URI of the list.
    var uri: String { String(joining: parentURI ?? "", "/", kind.plural) }

    /// Where the storage keeps the list.
    var list: ResourceList { ResourceList(parent: parentURI ?? "", resource: kind.rawValue) }

    /// The URI of an object of the list.
    func uri(of id: String) -> String {
        String(joining: parentURI ?? "", "/", kind.plural, "/", id)
    }

    /// The bucket that everything of the list lies in; nil for buckets and accounts.
    var bucket: String? {
        switch self {
        case .buckets, .accounts: nil
        case .groups(let bucket), .collections(let bucket), .history(let bucket): bucket
        case .records(let path): path.bucket
        }
    }
}
