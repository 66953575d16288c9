// SPDX-License-Identifier: MIT
//
// The contract that every storage keeps (DESIGN, sections 2 and 6). Memory and SQLite pass one
// suite of tests, `StorageContractTests`.
//
// One thread runs all writes, one after another, several in one durable commit (group commit);
// a few threads read beside it, each transaction seeing one committed state. The bodies given to
// `read` and `write` run on those threads and may block; completions run there too and must not.

import Core

/// Objects, timestamps, permissions and the change log, durable or not.
package protocol Storage: AnyObject, Sendable {
    /// The identity of this history, made with the database.
    var epoch: Epoch { get }

    /// What was done so far.
    var statistics: StorageStatistics { get }

    /// The change log as committed: the newest change of each collection that ever had a records
    /// timestamp, tombstones included, by ascending revision.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(*n*) in the number of collections.
    func changeLog() throws -> [Change]

    /// Up to which revision the timestamps of a collection's records do not tell what happened in
    /// it, as committed (`Commit.rewrites`); collections that were never rewritten are not there.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of collections that were).
    func rewrites() throws -> [CollectionPath: Revision]

    /// The broadcasts as committed, by their ids.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of broadcasts).
    func broadcasts() throws -> [Broadcast]

    /// Sets who is told of commits: called on the writer's thread after each durable commit that
    /// moved a collection or changed who may read what, before the completions of its writes.
    ///
    /// To be called once, before the first write.
    func setCommitObserver(_ observer: @escaping @Sendable (Commit) -> Void)

    /// Runs `body` in a read transaction on a reader's thread, then `completion` with its result.
    ///
    /// The completion gets `StorageError.overloaded` or `.closed` at once if the job cannot wait.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StorageReader) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void)

    /// Runs `body` on the writer's thread; when its changes are durable, runs `completion`.
    ///
    /// If `body` throws, all it did is undone, and nothing of it is seen by anyone; other writes
    /// of the same commit are not affected. For that `body` may run twice, and only its second run
    /// counts: it must do nothing outside the transaction that cannot be done again.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StorageTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void)

    /// Finishes the jobs that wait, then closes files and ends threads. Blocks until done.
    func close()
}

/// What can be asked within a transaction.
package protocol StorageReader: AnyObject {
    /// The live object of that id, or nil.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(log *n*).
    func object(_ id: String, in list: ResourceList) throws -> StoredObject?

    /// Visits the objects that `query` asks for, in its order, until `visit` returns false.
    ///
    /// - Throws: `StorageError`, and what `visit` throws.
    /// - Complexity: O(log *n* + *k*), where *k* is the number of objects in the query's range.
    func visit(_ query: ObjectQuery, _ visit: (StoredObject) throws -> Bool) throws

    /// How many objects `query` asks for, its limit ignored.
    ///
    /// - Throws: `StorageError`.
    func count(_ query: ObjectQuery) throws -> Int

    /// The timestamp of a list, or nil if it never had a write nor was asked for before.
    ///
    /// - Throws: `StorageError`.
    func timestamp(of list: ResourceList) throws -> Timestamp?

    /// The newest change of a collection as the change log has it, nil if it never had a records
    /// timestamp. What a write transaction did itself gets its revision only at its end.
    ///
    /// - Throws: `StorageError`.
    func change(of path: CollectionPath) throws -> Change?

    /// The principals of each permission of an object: `["write": ["basicauth:…"]]`.
    ///
    /// - Throws: `StorageError`.
    func permissions(of uri: String) throws -> [String: Set<String>]

    /// The permissions of several objects at once; objects without any are absent.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries.
    func permissions(of uris: [String]) throws -> [String: [String: Set<String>]]

    /// The URIs that start with `prefix` on which one of `principals` has one of `permissions`.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries.
    func uris(
        under prefix: String, grantedTo principals: Set<String>, permissions: Set<String>
    ) throws -> Set<String>

    /// The URIs of what records lie in, buckets and collections, on which one of `principals` has
    /// one of `permissions`; those of groups may be among them. Records, which may be many more,
    /// are not looked at.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries; O(number of buckets, groups and collections that
    ///   `principals` have permissions on).
    func urisAboveRecords(
        grantedTo principals: Set<String>, permissions: Set<String>
    ) throws -> Set<String>

    /// All that `principals` are granted: the permissions, by the URI of the object.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries.
    func permissions(grantedTo principals: Set<String>) throws -> [String: Set<String>]

    /// The ids of all live objects of a resource, by the parent of their list.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: a constant number of queries; O(number of lists + number of objects).
    func ids(ofAll resource: String) throws -> [String: [String]]

    /// The URIs of the groups that have one of `principals` among their members
    /// (`setMembers(of:to:)`).
    ///
    /// - Throws: `StorageError`.
    func groups(containing principals: Set<String>) throws -> Set<String>
}

/// What can be done within a write transaction. It sees its own writes.
package protocol StorageTransaction: StorageReader {
    /// The time of this transaction's clock, in milliseconds since 1970.
    var now: Timestamp { get }

    /// The timestamp of a list; if it has none it gets one now, which the change log notes when
    /// they are records.
    ///
    /// - Throws: `StorageError`.
    func ensureTimestamp(of list: ResourceList) throws -> Timestamp

    /// Creates or replaces an object, with the timestamp that Kinto's rule gives it:
    ///
    /// * none given: `max(now, current + 1)`, where `current` is the list's timestamp;
    /// * given and equal to the current one: bumped by one;
    /// * given and higher: it becomes the list's;
    /// * given and lower: kept on the object, the list's stays. But the list's first timestamp,
    ///   when it has none yet, is the given one.
    ///
    /// A tombstone of that id is replaced.
    ///
    /// - Returns: The object as stored.
    /// - Throws: `StorageError`.
    @discardableResult
    func put(
        _ id: String, members: JSONObject, timestamp: Timestamp?, in list: ResourceList
    ) throws -> StoredObject

    /// Turns a live object into a tombstone; its timestamp follows the same rule as `put`'s.
    ///
    /// - Returns: The tombstone, or nil if there is no such live object.
    /// - Throws: `StorageError`.
    @discardableResult
    func delete(_ id: String, timestamp: Timestamp?, in list: ResourceList) throws -> StoredObject?

    /// Removes objects and tombstones without a trace: no tombstone is left, and the list's
    /// timestamp stays. Their permissions stay too. Ids that are not there are passed over.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(*k* log *n*), where *k* is the number of ids.
    func remove(_ ids: [String], from list: ResourceList) throws

    /// Removes everything that lies below an object: all lists whose parent is `uri` or begins with
    /// `uri/`, with objects, tombstones, timestamps and the permissions of every URI below. The
    /// change log gets a tombstone for each collection among them that had a records timestamp
    /// (its timestamp is `max(now, old + 1)`), the collection at `uri` itself included.
    ///
    /// Permissions and group members of `uri` itself are removed too.
    ///
    /// - Throws: `StorageError`.
    /// - Complexity: O(number of things removed).
    func removeTree(at uri: String) throws

    /// Replaces the given permissions of an object: those not named stay as they are, an empty set
    /// removes that permission.
    ///
    /// - Throws: `StorageError`.
    func setPermissions(_ permissions: [String: Set<String>], of uri: String) throws

    /// Removes all permissions of objects.
    ///
    /// - Throws: `StorageError`.
    func removePermissions(of uris: [String]) throws

    /// Sets the members of a group, for `groups(containing:)`; none removes it.
    ///
    /// - Throws: `StorageError`.
    func setMembers(of group: String, to principals: Set<String>) throws

    /// Announces a version of a broadcast.
    ///
    /// - Returns: Whether the broadcast is new.
    /// - Throws: `StorageError`.
    @discardableResult
    func announce(_ broadcast: Broadcast) throws -> Bool

    /// Removes everything: all objects, timestamps and permissions (the `flush` endpoint). The
    /// change log gets a tombstone for each collection. Broadcasts stay: their versions must not
    /// go back.
    ///
    /// - Throws: `StorageError`.
    func removeEverything() throws

    /// Stores an object or a tombstone exactly as given, in place of the one of that id, as copies
    /// of another storage do. The list's timestamp stays; if it has none, it gets the object's.
    ///
    /// - Throws: `StorageError`.
    func restore(_ object: StoredObject, in list: ResourceList) throws

    /// Sets the timestamp of a list, be it lower than before, as copies of another storage do. The
    /// change log notes it if it is new and the list is of records.
    ///
    /// - Throws: `StorageError`.
    func restoreTimestamp(_ timestamp: Timestamp, of list: ResourceList) throws

    /// Runs `body`; if it throws, what it did is undone and the error goes on (a part of a batch).
    ///
    /// - Throws: What `body` throws.
    func attempt<Value>(_ body: () throws -> Value) throws -> Value
}
