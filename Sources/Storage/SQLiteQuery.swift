// SPDX-License-Identifier: MIT
//
// All SQL of every day, so that a connection compiles each text once. Those that go through a list
// name their index: each is one range of it, in its order (the tests ask for the query plan).

/// A statement that requests use.
enum SQLiteQuery: Hashable {
    /// Transactions.
    case beginRead, beginWrite, commit, rollback, savepoint, release, rollbackPart
    /// Lists and their timestamps.
    case list, insertList, moveList, deleteList, listsAt, listsBelow, lists
    /// Objects and tombstones.
    case object, idsOfAll, replaceObject, replaceTombstone, buryObject, deleteObjects
    /// Some objects or tombstones.
    case deleteObjectsOfIDs
    /// The objects of a list, in an order.
    case visit(ObjectQuery.Order, withTombstones: Bool, ofIDs: Bool)
    /// How many there are.
    case count(withTombstones: Bool, ofIDs: Bool)
    /// Permissions.
    case permissions, permissionsOfMany, permissionsGranted, urisGranted, urisAboveRecordsGranted
    /// Changes of permissions.
    case insertPermission, deletePermission, deletePermissionsOf
    /// Permissions of several objects.
    case deletePermissionsOfMany, deletePermissionsBelow
    /// Members of groups.
    case groups, insertMember, deleteMembers, deleteMembersBelow
    /// The change log.
    case changes, lastRevision, change, replaceChange, rewrites, replaceRewrite
    /// Broadcasts.
    case broadcasts, insertBroadcast, updateBroadcast
    /// The file.
    case dataVersion
    /// Everything.
    case deleteAllObjects, deleteAllLists, deleteAllPermissions, deleteAllMembers
}

extension SQLiteQuery {
    /// The text that is compiled.
    var sql: String {
        switch self {
        case .beginRead: "BEGIN"
        case .beginWrite: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .savepoint: "SAVEPOINT part"
        case .release: "RELEASE part"
        case .rollbackPart: "ROLLBACK TO part"

        case .list: "SELECT id, last_modified FROM lists WHERE parent = ?1 AND resource = ?2"
        case .insertList:
            "INSERT INTO lists (parent, resource, last_modified) VALUES (?1, ?2, ?3)"
        case .moveList: "UPDATE lists SET last_modified = ?2 WHERE id = ?1"
        case .deleteList: "DELETE FROM lists WHERE id = ?1"
        case .listsAt: "\(Self.selectLists) WHERE parent = ?1 \(Self.inOrder)"
        case .listsBelow:
            "\(Self.selectLists) WHERE parent >= ?1 AND parent < ?2 \(Self.inOrder)"
        case .lists: "\(Self.selectLists) \(Self.inOrder)"

        case .object:
            "SELECT last_modified, data FROM objects"
                + " WHERE list = \(Self.listID) AND id = ?3 AND deleted = 0"
        case .idsOfAll: Self.idsOfAllSQL
        case .replaceObject:
            """
            INSERT INTO objects (list, id, last_modified, deleted, data)
            VALUES (?1, ?2, ?3, 0, ?4)
            ON CONFLICT (list, id) DO UPDATE SET
            last_modified = excluded.last_modified, deleted = 0, data = excluded.data
            """
        case .buryObject: Self.buryObjectSQL
        case .replaceTombstone: Self.replaceTombstoneSQL
        case .deleteObjects: "DELETE FROM objects WHERE list = ?1"
        case .deleteObjectsOfIDs: Self.deleteObjectsOfIDsSQL
        case .visit(let order, let withTombstones, let ofIDs):
            Self.select(
                "id, last_modified, deleted, data", order, withTombstones, ofIDs)
                + " ORDER BY \(Self.terms(of: order)) LIMIT ?5"
        case .count(let withTombstones, let ofIDs):
            Self.select("count(*)", .oldestFirst, withTombstones, ofIDs)

        case .permissions, .permissionsOfMany, .permissionsGranted, .urisGranted,
            .urisAboveRecordsGranted, .insertPermission, .deletePermission,
            .deletePermissionsOf, .deletePermissionsOfMany, .deletePermissionsBelow, .groups,
            .insertMember, .deleteMembers, .deleteMembersBelow:
            permissionsSQL

        case .changes:
            """
            SELECT bucket, collection, revision, last_modified, deleted FROM changes
            ORDER BY revision
            """
        case .lastRevision: "SELECT max(revision) FROM changes"
        case .change: Self.changeSQL
        case .replaceChange: Self.replaceChangeSQL
        case .rewrites: "SELECT bucket, collection, revision FROM rewrites"
        case .replaceRewrite: Self.replaceRewriteSQL
        case .broadcasts: "SELECT id, version, time FROM broadcasts ORDER BY id"
        case .insertBroadcast: "INSERT INTO broadcasts (id, version, time) VALUES (?1, ?2, ?3)"
        case .updateBroadcast: "UPDATE broadcasts SET version = ?2, time = ?3 WHERE id = ?1"

        case .dataVersion: "PRAGMA data_version"

        case .deleteAllObjects: "DELETE FROM objects"
        case .deleteAllLists: "DELETE FROM lists"
        case .deleteAllPermissions: "DELETE FROM permissions"
        case .deleteAllMembers: "DELETE FROM members"
        }
    }

    private static let idsOfAllSQL = """
        SELECT lists.parent, objects.id FROM lists JOIN objects INDEXED BY objects_by_id
        ON objects.list = lists.id WHERE lists.resource = ?1 AND objects.deleted = 0
        """

    private static let changeSQL = """
        SELECT bucket, collection, revision, last_modified, deleted FROM changes
        WHERE bucket = ?1 AND collection = ?2
        """

    private static let deleteObjectsOfIDsSQL = """
        DELETE FROM objects INDEXED BY objects_by_id
        WHERE list = ?1 AND id IN (SELECT value FROM json_each(?2))
        """

    private static let buryObjectSQL = """
        UPDATE objects SET last_modified = ?3, deleted = 1, data = NULL
        WHERE list = ?1 AND id = ?2 AND deleted = 0
        """

    private static let replaceTombstoneSQL = """
        INSERT INTO objects (list, id, last_modified, deleted, data)
        VALUES (?1, ?2, ?3, 1, NULL)
        ON CONFLICT (list, id) DO UPDATE SET
        last_modified = excluded.last_modified, deleted = 1, data = NULL
        """

    private static let replaceChangeSQL = """
        INSERT INTO changes (bucket, collection, revision, last_modified, deleted)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (bucket, collection) DO UPDATE SET revision = excluded.revision,
        last_modified = excluded.last_modified, deleted = excluded.deleted
        """

    private static let replaceRewriteSQL = """
        INSERT INTO rewrites (bucket, collection, revision) VALUES (?1, ?2, ?3)
        ON CONFLICT (bucket, collection) DO UPDATE SET revision = excluded.revision
        """

    /// The text of a statement about permissions or groups.
    private var permissionsSQL: String {
        switch self {
        case .permissions: "SELECT permission, principal FROM permissions WHERE uri = ?1"
        case .permissionsOfMany:
            """
            SELECT uri, permission, principal FROM permissions
            WHERE uri IN (SELECT value FROM json_each(?1))
            """
        case .permissionsGranted:
            """
            SELECT uri, permission FROM permissions INDEXED BY permissions_by_principal
            WHERE principal IN (SELECT value FROM json_each(?1))
            """
        case .urisGranted:
            """
            SELECT DISTINCT uri FROM permissions
            WHERE principal IN (SELECT value FROM json_each(?1)) AND uri >= ?2 AND uri < ?3
            AND permission IN (SELECT value FROM json_each(?4))
            """
        case .urisAboveRecordsGranted: Self.urisAboveRecordsGrantedSQL
        case .insertPermission:
            "INSERT INTO permissions (uri, permission, principal) VALUES (?1, ?2, ?3)"
        case .deletePermission:
            "DELETE FROM permissions WHERE uri = ?1 AND permission = ?2 AND principal = ?3"
        case .deletePermissionsOf: "DELETE FROM permissions WHERE uri = ?1"
        case .deletePermissionsOfMany:
            "DELETE FROM permissions WHERE uri IN (SELECT value FROM json_each(?1))"
        case .deletePermissionsBelow:
            "DELETE FROM permissions WHERE uri = ?1 OR (uri >= ?2 AND uri < ?3)"
        case .groups: "SELECT uri FROM members WHERE principal = ?1"
        case .insertMember: "INSERT INTO members (uri, principal) VALUES (?1, ?2)"
        case .deleteMembers: "DELETE FROM members WHERE uri = ?1"
        case .deleteMembersBelow:
            "DELETE FROM members WHERE uri = ?1 OR (uri >= ?2 AND uri < ?3)"
        case .beginRead, .beginWrite, .commit, .rollback, .savepoint, .release, .rollbackPart,
            .list, .insertList, .moveList, .deleteList, .listsAt, .listsBelow, .lists, .object,
            .idsOfAll, .replaceObject, .replaceTombstone, .buryObject, .deleteObjects,
            .deleteObjectsOfIDs, .visit, .count, .changes,
            .lastRevision, .change, .replaceChange, .rewrites, .replaceRewrite, .broadcasts,
            .insertBroadcast,
            .updateBroadcast, .dataVersion, .deleteAllObjects, .deleteAllLists,
            .deleteAllPermissions, .deleteAllMembers:
            preconditionFailure("no statement about permissions")
        }
    }

    private static let urisAboveRecordsGrantedSQL = """
        SELECT DISTINCT uri FROM permissions INDEXED BY permissions_above_records
        WHERE principal IN (SELECT value FROM json_each(?1))
        AND uri NOT GLOB '/buckets/*/*/*/*' AND permission IN (SELECT value FROM json_each(?2))
        """

    private static let listID = "(SELECT id FROM lists WHERE parent = ?1 AND resource = ?2)"
    private static let inOrder = "ORDER BY parent, resource"
    private static let selectLists = "SELECT id, parent, resource, last_modified FROM lists"

    private static func select(
        _ columns: String, _ order: ObjectQuery.Order, _ withTombstones: Bool, _ ofIDs: Bool
    ) -> String {
        let index: String
        switch order {
        case .byID: index = "objects_by_id"
        case .newestFirst, .oldestFirst: index = ofIDs ? "objects_by_id" : "objects_by_time"
        }
        return "SELECT \(columns) FROM objects INDEXED BY \(index) WHERE list = \(listID)"
            + " AND last_modified > ?3 AND last_modified < ?4"
            + (withTombstones ? "" : " AND deleted = 0")
            + (ofIDs ? " AND id IN (SELECT value FROM json_each(?6))" : "")
    }

    private static func terms(of order: ObjectQuery.Order) -> String {
        switch order {
        case .newestFirst: "last_modified DESC, id DESC"
        case .oldestFirst: "last_modified, id"
        case .byID: "id"
        }
    }
}
