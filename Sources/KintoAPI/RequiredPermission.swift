// SPDX-License-Identifier: MIT
//
// Which permissions grant which. A permission on an object is granted by permissions on the object
// itself, its collection or its bucket (Kinto's documentation, "Permissions").

import Core

/// A permission on one object that grants what is asked for.
struct Grant: Equatable {
    /// The URI of the object.
    let uri: String
    /// The permission.
    let permission: String
}

/// Something that is to be done to an object or a list.
struct RequiredPermission {
    /// What is to be done.
    enum Action: String {
        /// Read an object or a list.
        case read
        /// Change or delete an object, or delete from a list.
        case write
        /// Make an object in a list.
        case create
    }

    /// What is to be done.
    let action: Action
    /// The list it concerns.
    let list: ListAddress
    /// The id of the object it concerns; nil if it is the list.
    let id: String?

    /// The permissions that allow it, each enough, those of one object in a row. None for the lists
    /// of buckets and accounts, which only settings grant.
    var grants: [Grant] {
        guard let id else { return RequiredPermission.listGrants(action, list) }
        return RequiredPermission.objectGrants(action, list, id: id)
    }

    /// The name of the permission in settings.
    private static func createPermission(_ list: ListAddress) -> String {
        "\(list.kind.rawValue):create"
    }

    private static func listGrants(_ action: Action, _ list: ListAddress) -> [Grant] {
        guard let parent = list.parentURI, let bucket = list.bucket else { return [] }
        var grants: [Grant] = []
        if list.kind == .record {
            let uri = ResourcePath.bucket(bucket).uri
            grants.append(Grant(uri: uri, permission: "write"))
            if action == .read { grants.append(Grant(uri: uri, permission: "read")) }
        }
        grants.append(Grant(uri: parent, permission: "write"))
        switch action {
        case .write: break
        case .create: grants.append(Grant(uri: parent, permission: createPermission(list)))
        case .read: grants.append(Grant(uri: parent, permission: "read"))
        }
        return grants
    }

    private static func objectGrants(
        _ action: Action, _ list: ListAddress, id: String
    ) -> [Grant] {
        let uri = list.uri(of: id)
        var above: [String] = []
        if let bucket = list.bucket { above.append(ResourcePath.bucket(bucket).uri) }
        if list.kind == .record, let collection = list.parentURI { above.append(collection) }
        let all = above + [uri]
        switch action {
        case .write: return all.map { Grant(uri: $0, permission: "write") }
        case .create: return []
        case .read:
            // Who may make something in an object may read what the object says of itself.
            let creation: [Grant]
            switch list.kind {
            case .bucket:
                creation = ["collection:create", "group:create"].map {
                    Grant(uri: uri, permission: $0)
                }
            case .collection: creation = [Grant(uri: uri, permission: "record:create")]
            case .group, .record, .history, .account: creation = []
            }
            return all.flatMap {
                [Grant(uri: $0, permission: "write"), Grant(uri: $0, permission: "read")]
            } + creation
        }
    }

    /// The permissions on an object of the list itself that let it be shown or deleted there.
    var sharedPermissions: Set<String> {
        switch action {
        case .create: return []
        case .write: return ["write"]
        case .read:
            switch list.kind {
            case .bucket: return ["read", "write", "collection:create", "group:create"]
            case .collection: return ["read", "write", "record:create"]
            case .group, .record, .history, .account: return ["read", "write"]
            }
        }
    }
}
