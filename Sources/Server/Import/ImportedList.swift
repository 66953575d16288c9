// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Storage

/// A list that `heliograph import` copies.
struct ImportedList: Hashable {
    /// What is listed.
    enum Kind: String {
        /// Accounts, with the digests of their passwords.
        case account
        /// Buckets.
        case bucket
        /// Groups of a bucket.
        case group
        /// Collections of a bucket.
        case collection
        /// Records of a collection.
        case record
    }

    /// What is listed.
    let kind: Kind
    /// The URI of the object that the list lies in; empty for buckets and accounts.
    let parent: String

    /// All buckets.
    static let buckets = ImportedList(kind: .bucket, parent: "")
    /// All accounts that the user may see.
    static let accounts = ImportedList(kind: .account, parent: "")

    /// The list's URI, the same at the source and here.
    var uri: String { "\(parent)/\(kind.rawValue)s" }

    /// Where the storage keeps the list.
    var list: ResourceList { ResourceList(parent: parent, resource: kind.rawValue) }

    /// The URI of one of its objects.
    func uri(of id: String) -> String { "\(uri)/\(id)" }

    /// The lists that lie in one of its objects.
    func lists(in id: String) -> [ImportedList] {
        switch kind {
        case .bucket:
            [.group, .collection].map { ImportedList(kind: $0, parent: uri(of: id)) }
        case .collection: [ImportedList(kind: .record, parent: uri(of: id))]
        case .account, .group, .record: []
        }
    }

    /// Whether one of its objects may have that id here.
    func isValidID(_ id: String) -> Bool {
        kind == .account ? AccountID.isValid(id) : ResourceID.isValid(id)
    }
}
