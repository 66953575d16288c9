// SPDX-License-Identifier: MIT
//
// What the permissions endpoint lists: an entry per object on which the user was granted something,
// by the object itself or by a setting for all objects of its kind. What is only inherited from an
// object above has no entry; on the object itself, a permission brings those it includes.
//
// However many objects there are, the storage is asked four times at most: for the grants, and for
// the buckets, groups and collections when a setting grants something on all of them.

import Core
import Storage

/// Makes the entries of the permissions endpoint.
struct PermissionEntries {
    /// The settings.
    let settings: KintoSettings
    /// Finds the kind of an object by its URI.
    let router: Router
    /// The storage.
    let reader: any StorageReader
    /// Everything that the user is.
    let principals: Set<String>

    /// The kinds whose objects are listed for what settings grant on them. The reference leaves
    /// records out.
    private static let expandedKinds: [ResourceKind] = [.bucket, .group, .collection]

    /// What entries are called in settings when they are not about an object.
    private static let rootName = "root"

    /// The entries as objects whose id is the URI, in no order.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(*n*) in the number of entries, and of all buckets, groups and collections if
    ///   settings grant something on them.
    func all() throws -> [StoredObject] {
        var granted = try reader.permissions(grantedTo: principals)
        let (onKinds, onRoot) = grantsOfSettings
        try expand(onKinds, into: &granted)
        var entries = granted.compactMap { uri, permissions in
            router.object(at: uri).map { entry(of: $0, uri: uri, permissions) }
        }
        if !onRoot.isEmpty {
            entries.append(PermissionEntries.entry("/", PermissionEntries.rootName, onRoot, []))
        }
        return entries
    }

    /// What settings such as `bucket_write_principals` grant the user, by kind, and what they let
    /// the user make that lies in nothing.
    private var grantsOfSettings: (onKinds: [ResourceKind: Set<String>], onRoot: Set<String>) {
        var onKinds: [ResourceKind: Set<String>] = [:]
        var onRoot: Set<String> = []
        for (name, holders) in settings.principals where !holders.isDisjoint(with: principals) {
            let words = name.split(separator: "_").map(String.init)
            guard words.count == 3, let kind = ResourceKind(rawValue: words[0]) else { continue }
            switch words[1] {
            case "read", "write": onKinds[kind, default: []].insert(words[1])
            case "create":
                // To make something is a permission on what it will lie in.
                let permission = "\(kind.rawValue):create"
                if let parent = PermissionEntries.parent(of: permission) {
                    onKinds[parent, default: []].insert(permission)
                } else if router.hasEndpoint(at: "/\(kind.plural)") {
                    onRoot.insert(permission)
                }
            case _: continue
            }
        }
        return (onKinds, onRoot)
    }

    /// The kind of objects that have a permission to create.
    private static func parent(of permission: String) -> ResourceKind? {
        expandedKinds.first { $0.permissions.contains(permission) }
    }

    /// Adds what settings grant on all objects of a kind.
    private func expand(
        _ onKinds: [ResourceKind: Set<String>], into granted: inout [String: Set<String>]
    ) throws {
        for kind in PermissionEntries.expandedKinds {
            guard let permissions = onKinds[kind] else { continue }
            for (parent, ids) in try reader.ids(ofAll: kind.rawValue) {
                for id in ids {
                    granted["\(parent)/\(kind.plural)/\(id)", default: []]
                        .formUnion(permissions)
                }
            }
        }
    }

    private func entry(
        of object: Router.Object, uri: String, _ permissions: Set<String>
    ) -> StoredObject {
        var members = object.variables.map { ($0.name, JSONValue.string($0.value)) }
        members.append(("\(object.kind.rawValue)_id", .string(object.id)))
        let all = permissions.reduce(into: Set()) { $0.formUnion(object.kind.included(in: $1)) }
        return PermissionEntries.entry(uri, object.kind.rawValue, all, members)
    }

    private static func entry(
        _ uri: String, _ name: String, _ permissions: Set<String>,
        _ variables: [JSONObject.Member]
    ) -> StoredObject {
        let members: [JSONObject.Member] = [
            ("uri", .string(uri)), ("resource_name", .string(name)),
            ("permissions", .array(permissions.sorted().map(JSONValue.string))),
        ]
        let json = JSONWriter.bytes(.object(JSONObject(members + variables)))
        return StoredObject(
            id: uri, timestamp: Timestamp(milliseconds: 0), isTombstone: false, json: json)
    }
}

extension ResourceKind {
    /// The permissions on an object that come with one on the same object, itself included.
    ///
    /// `read:attributes` is what lets those who may make something in an object read what the
    /// object says of itself.
    fileprivate func included(in permission: String) -> Set<String> {
        let attributes: Set<String> = permissions.count > 2 ? ["read:attributes"] : []
        switch permission {
        case "write": return attributes.union(permissions)
        case _: return attributes.union([permission])
        }
    }
}
