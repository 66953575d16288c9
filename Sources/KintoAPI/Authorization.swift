// SPDX-License-Identifier: MIT

import Core
import Hub
import Storage

/// Decides what a user may, within one transaction.
struct Authorization {
    /// What the user may see of a list.
    enum Access {
        /// Everything.
        case all
        /// Only the objects of these ids, which are shared with the user.
        case shared([String])
    }

    /// Who holds which permissions everywhere, by the names of the settings that say so.
    let everywhere: [String: Set<String>]
    /// How many ways to log in a refusal names.
    private let challenges: Int
    /// Who the user is.
    let identity: Identity
    private let reader: any StorageReader
    /// Everything the user is.
    let principals: Set<String>

    /// Finds out who the user is.
    ///
    /// - Throws: `StorageError`.
    init(_ identity: Identity, settings: KintoSettings, reader: any StorageReader) throws {
        everywhere = settings.principals
        challenges = settings.authenticationPolicies.count
        self.identity = identity
        self.reader = reader
        principals = try identity.principals(reader)
    }

    /// Refuses what the user may not do.
    ///
    /// - Throws: `APIError`, 401 or 403; `StorageError`.
    func require(_ required: RequiredPermission) throws {
        guard try isAllowed(required) else { throw refusal }
    }

    /// Refuses what the user may not do to an object that does not exist, unless its absence is no
    /// secret to the user: who may read the list is told so.
    ///
    /// - Throws: `APIError`, 401 or 403; `StorageError`.
    func requireOnUnknown(_ list: ListAddress) throws {
        let setting = RequiredPermission(action: .write, list: list, id: nil)
        let grants = RequiredPermission(action: .read, list: list, id: nil).grants
        guard try isAllowed(grants, action: setting.action, kind: list.kind) else { throw refusal }
    }

    /// What of a list the user may read, or delete.
    ///
    /// - Throws: `APIError`, 401 or 403, if nothing; `StorageError`.
    func access(_ action: RequiredPermission.Action, to list: ListAddress) throws -> Access {
        let required = RequiredPermission(action: action, list: list, id: nil)
        if try isAllowed(required) { return .all }
        let prefix = "\(list.uri)/"
        let uris = try reader.uris(
            under: prefix, grantedTo: principals, permissions: required.sharedPermissions)
        let ids = uris.compactMap { uri -> String? in
            let id = uri.utf8.dropFirst(prefix.utf8.count)
            return id.contains(UInt8(ascii: "/")) ? nil : String(Substring(id))
        }
        if !ids.isEmpty { return .shared(ids.sorted()) }
        guard try mayCreateDirectly(in: list) else { throw refusal }
        return .shared([])
    }

    /// Which collections' records the user may all read: those for which `access(.read, to:)` is
    /// `.all`, found out for all at once.
    ///
    /// - Parameter monitored: What else is not named.
    /// - Throws: `StorageError`.
    /// - Complexity: One query, however many collections there are.
    func visibility(of monitored: MonitoredResources) throws -> Visibility {
        // What grants reading a list of records (`RequiredPermission`), whatever it is granted on.
        let names = ["read", "write"]
        if names.contains(where: { isGrantedBySettings($0, kind: .record) }) {
            return .everything
        }
        let uris = try reader.urisAboveRecords(grantedTo: principals, permissions: Set(names))
        var buckets: Set<String> = []
        var collections: Set<CollectionPath> = []
        for uri in uris {
            switch ResourcePath(uri: uri) {
            case .bucket(let bucket)? where monitored.mayMonitor(bucket: bucket):
                buckets.insert(bucket)
            case .collection(let path)? where monitored.monitors(path):
                collections.insert(path)
            case .bucket, .collection, nil: break
            }
        }
        return Visibility(buckets: buckets, collections: collections)
    }

    /// The permissions of an object as the user sees them: only who may write it sees any.
    ///
    /// - Throws: `StorageError`.
    func visiblePermissions(of uri: String) throws -> [String: Set<String>] {
        let permissions = try reader.permissions(of: uri)
        let writers = permissions["write"] ?? []
        let isWriter = writers.contains(owner(of: uri)) || !writers.isDisjoint(with: principals)
        return isWriter ? permissions : [:]
    }

    private var refusal: APIError {
        identity.isAnonymous
            ? .unauthorized(challenges: challenges) : .forbidden
    }

    /// Whether the user may do something.
    ///
    /// - Throws: `StorageError`.
    func isAllowed(_ required: RequiredPermission) throws -> Bool {
        try isAllowed(required.grants, action: required.action, kind: required.list.kind)
    }

    private func isAllowed(
        _ grants: [Grant], action: RequiredPermission.Action, kind: ResourceKind
    ) throws -> Bool {
        if isEverywhereGranted(on: kind) {
            let names = grants.isEmpty ? [action.rawValue] : grants.map(\.permission)
            if names.contains(where: { isGrantedBySettings($0, kind: kind) }) { return true }
        }
        // One object after another, as most is granted by the bucket already.
        var known: (uri: String, permissions: [String: Set<String>])?
        return try grants.contains { grant in
            let permissions: [String: Set<String>]
            if let known, known.uri == grant.uri {
                permissions = known.permissions
            } else {
                permissions = try reader.permissions(of: grant.uri)
                known = (grant.uri, permissions)
            }
            let holders = permissions[grant.permission] ?? []
            return !holders.isDisjoint(with: principals)
        }
    }

    /// Whether settings grant anything to anyone on all objects of a kind.
    private func isEverywhereGranted(on kind: ResourceKind) -> Bool {
        everywhere.keys.contains { $0.utf8.starts(with: kind.rawValue.utf8) }
    }

    /// Whether a setting such as `bucket_write_principals` grants a permission everywhere.
    private func isGrantedBySettings(_ permission: String, kind: ResourceKind) -> Bool {
        let isOfKind = permission.utf8.starts(with: kind.rawValue.utf8)
        let name =
            isOfKind
            ? String(permission.map { $0 == ":" ? "_" : $0 }) : "\(kind.rawValue)_\(permission)"
        let holders = everywhere["\(name)_principals"] ?? []
        return !holders.isDisjoint(with: principals)
    }

    /// Whether the list's own parent, or a setting, lets the user make objects in it.
    private func mayCreateDirectly(in list: ListAddress) throws -> Bool {
        let permission = "\(list.kind.rawValue):create"
        if isGrantedBySettings(permission, kind: list.kind) { return true }
        guard let parent = list.parentURI else { return false }
        let holders = try reader.permissions(of: parent)[permission] ?? []
        return !holders.isDisjoint(with: principals)
    }
}
