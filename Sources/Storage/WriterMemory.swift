// SPDX-License-Identifier: MIT
//
// Nearly every write asks again who the user is, what the bucket and the collection grant, and
// whether the collection is there. Only the writer changes those, so what it has read stays true
// from one job to the next, until a job changes it.
//
// Invariants: 1. what is kept here is what the transaction sees; 2. whatever takes tables back
// (a part that is undone, a commit that failed) takes this back, too: all is forgotten if anything
// that may be kept here was written meanwhile; 3. if another program wrote to the file, all is
// forgotten before the next job.

import Core

/// What the writer remembers of the tables.
final class WriterMemory {
    /// A place to which the memory can be taken back.
    struct Mark {
        fileprivate let changes: Int
    }

    /// A list and the id of an object in it.
    private struct Place: Hashable {
        let list: ResourceList
        let id: String
    }

    /// An object, or that there is none.
    private struct Finding {
        let object: StoredObject?
    }

    /// The permissions of an object.
    private typealias Permissions = [String: Set<String>]

    private var objects = BoundedMemory<Place, Finding>(bytesMax: bytesMax)
    private var permissions = BoundedMemory<String, Permissions>(bytesMax: bytesMax)
    private var groups = BoundedMemory<String, Set<String>>(bytesMax: bytesMax)
    /// The permissions that were asked for last, of a record maybe: a write asks for those of its
    /// object several times, and nobody after it.
    private var latest: (uri: String, permissions: Permissions)?
    private var rows: [ResourceList: SQLiteGroup.Row] = [:]
    private var revision: Revision?
    private var dataVersion: Int64?
    /// How often something was written that may be kept here.
    private var changes = 0

    private static let bytesMax = Limits.writerMemoryBytesMax / 4

    // MARK: Groups of jobs

    /// Forgets everything if another program has written to the file.
    ///
    /// - Parameter dataVersion: SQLite's number, which changes with the writes of others.
    func begin(dataVersion: Int64) {
        if self.dataVersion != dataVersion { forget() }
        self.dataVersion = dataVersion
    }

    /// What the last commit left of lists and revisions.
    var lastCommit: (rows: [ResourceList: SQLiteGroup.Row], revision: Revision?) {
        (rows, revision)
    }

    /// Remembers what a commit left of lists and revisions.
    ///
    /// - Complexity: O(1); what is too much is forgotten.
    func committed(rows: [ResourceList: SQLiteGroup.Row], revision: Revision) {
        self.rows = rows.count <= Limits.writerMemoryListsMax ? rows : [:]
        self.revision = revision
    }

    /// Forgets everything.
    func forget() {
        objects.forgetAll()
        permissions.forgetAll()
        groups.forgetAll()
        latest = nil
        rows = [:]
        revision = nil
    }

    // MARK: Undoing

    /// The present place.
    var mark: Mark { Mark(changes: changes) }

    /// Goes back to where it was at `mark`, as the savepoint does the tables.
    func undo(to mark: Mark) {
        if mark.changes != changes { forget() }
    }

    // MARK: Objects

    /// The object of an id, found out by `read` if it is not known; records are not kept.
    ///
    /// - Throws: What `read` throws.
    func object(
        _ id: String, in list: ResourceList, read: () throws -> StoredObject?
    ) rethrows -> StoredObject? {
        guard WriterMemory.keeps(list) else { return try read() }
        let place = Place(list: list, id: id)
        if let known = objects.value(of: place) { return known.object }
        let object = try read()
        let bytes = WriterMemory.entryBytes + (object?.json.count ?? 0)
        objects.keep(Finding(object: object), bytes: bytes, for: place)
        return object
    }

    /// Notes that an object was written, or ceased to be there.
    func write(_ id: String, in list: ResourceList) {
        guard WriterMemory.keeps(list) else { return }
        changes += 1
        objects.forget(Place(list: list, id: id))
    }

    /// Notes that anything may have been written.
    func writeAnything() {
        changes += 1
        forget()
    }

    private static func keeps(_ list: ResourceList) -> Bool {
        list.resource != "record" && list.resource != "history"
    }

    // MARK: Permissions and groups

    /// The permissions of an object, found out by `read` if they are not known.
    ///
    /// - Throws: What `read` throws.
    func permissions(
        of uri: String, read: () throws -> [String: Set<String>]
    ) rethrows -> [String: Set<String>] {
        if let latest, latest.uri == uri { return latest.permissions }
        if let known = permissions.value(of: uri) { return known }
        let found = try read()
        keep(found, of: uri)
        return found
    }

    /// Notes what the permissions of an object are now.
    func set(_ permissions: [String: Set<String>], of uri: String) {
        changes += 1
        keep(permissions, of: uri)
    }

    /// Notes that an object has other permissions than before.
    func forgetPermissions(of uri: String) {
        changes += 1
        if latest?.uri == uri { latest = nil }
        permissions.forget(uri)
    }

    private func keep(_ found: Permissions, of uri: String) {
        guard ResourcePath.isAboveRecords(uri: uri) else {
            latest = (uri, found)
            return
        }
        let names = found.values.reduce(0) { $0 + $1.count }
        permissions.keep(found, bytes: WriterMemory.entryBytes * (1 + names), for: uri)
    }

    /// The groups that have a principal among their members, found out by `read` if they are not
    /// known.
    ///
    /// - Throws: What `read` throws.
    func groups(
        containing principal: String, read: () throws -> Set<String>
    ) rethrows -> Set<String> {
        if let known = groups.value(of: principal) { return known }
        let found = try read()
        groups.keep(found, bytes: WriterMemory.entryBytes * (1 + found.count), for: principal)
        return found
    }

    /// Notes that the members of a group were changed.
    func changeMembers() {
        changes += 1
        groups.forgetAll()
    }

    /// About what a name takes with what the dictionary needs for it.
    static let entryBytes = 200
}
