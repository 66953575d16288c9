// SPDX-License-Identifier: MIT
//
// Each list is copied oldest first, a page in one transaction together with how far it came. So a
// list that is only partly here looks as it did at the source at an earlier time, whatever ended
// the import; and its timestamp becomes the source's when all of it is here, not before.
//
// A list that has its source's timestamp and as many objects is not read again. What has the
// timestamp but another number of objects was written at the source with timestamps of the past,
// or was removed and made again: then ids and timestamps are compared, all of them.

import Core
import Storage

/// Copies all lists of a source, and later what changed in them.
final class Importer {
    /// What cannot be copied although the rest can.
    private(set) var problems: [String] = []
    private let source: KintoSource
    private let sourceName: String
    private let target: ImportTarget
    private let progress: ImportProgress
    private let asksForRecordPermissions: Bool
    /// The buckets whose permissions are shown to nobody or at least not to the user.
    private(set) var hiddenPermissions = 0
    private var refused: Set<ImportedList> = []

    /// Makes an importer.
    ///
    /// - Parameters:
    ///   - sourceName: The address of the source, by which a later import knows what is its own.
    ///   - asksForRecordPermissions: Whether each record is asked for its permissions.
    init(
        _ source: KintoSource, named sourceName: String, to target: ImportTarget,
        progress: ImportProgress, asksForRecordPermissions: Bool
    ) {
        self.source = source
        self.sourceName = sourceName
        self.target = target
        self.progress = progress
        self.asksForRecordPermissions = asksForRecordPermissions
    }

    /// Copies until nothing changed at the source during a whole round.
    ///
    /// - Returns: Whether that was reached; if not, the next run brings the rest.
    /// - Throws: `ImportFailure`, `StorageError`.
    func run() throws -> Bool {
        if source.showsAccounts { try copyAccounts() }
        for _ in 0..<Limits.importRoundsMax {
            if try !runRound() { return true }
        }
        return false
    }

    /// Copies the accounts. Each is a list of its own for Kinto, and the timestamp of all of them
    /// tells nothing; so they are always compared.
    private func copyAccounts() throws {
        let found = try look(at: .accounts)
        if accepts(.accounts, found) { try compare(.accounts, found.state) }
    }

    /// Copies every list once; returns whether one of them had changed.
    private func runRound() throws -> Bool {
        var lists = [ImportedList.buckets]
        var hasChanged = false
        while !lists.isEmpty {
            if try copy(lists) { hasChanged = true }
            var below: [ImportedList] = []
            for list in lists where list.kind == .bucket || list.kind == .collection {
                for id in try target.ids(of: list) { below += list.lists(in: id) }
            }
            lists = below.filter { !isMadeBySource($0) }
        }
        return hasChanged
    }

    /// Whether the list is no list of stored records, but the source's view of its changes.
    private func isMadeBySource(_ list: ImportedList) -> Bool {
        source.servesChanges && list.kind == .record
            && list.parent == CollectionPath.monitorChanges.uri
    }

    private func copy(_ lists: [ImportedList]) throws -> Bool {
        var hasChanged = false
        var rest = lists.filter { !refused.contains($0) }[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Limits.importBatchRequestsMax))
            rest = rest.dropFirst(some.count)
            for (list, head) in zip(some, try source.heads(of: some)) {
                switch head {
                case .present(let head): if try copy(list, head) { hasChanged = true }
                case .missing: continue
                case .refused(let failure):
                    if list == .buckets { throw failure }
                    refuse(list, "\(failure)")
                }
            }
        }
        return hasChanged
    }

    /// Copies one list as far as it is not here; returns whether anything was.
    private func copy(_ list: ImportedList, _ head: KintoSource.Head) throws -> Bool {
        let found = try look(at: list)
        guard accepts(list, found) else { return false }
        let state = found.state
        if state.isComplete, state.timestamp == head.timestamp {
            if found.count == head.count { return false }
            try compare(list, state)
            return true
        }
        progress.begin(list.uri, count: head.count)
        if state.isComplete, head.timestamp < state.timestamp {
            try compare(list, state)
            return true
        }
        guard let end = try follow(list, from: state) else { return true }
        let count = try look(at: list).count
        if case .present(let now) = try source.heads(of: [list])[0],
            now.timestamp == end.timestamp, now.count != count
        {
            try compare(list, end)
        }
        return true
    }

    // MARK: What is here

    private struct Found: Sendable {
        /// How far the list was copied; the start if it never was.
        let state: ImportState
        /// The list's timestamp here.
        let timestamp: Timestamp?
        /// How many live objects it has here.
        let count: Int
        /// Whether an import has written to it before.
        let isKnown: Bool
    }

    private func look(at list: ImportedList) throws -> Found {
        let sourceName = sourceName
        return try target.write { transaction in
            let state = try transaction.importState(of: list)
            return Found(
                state: state
                    ?? ImportState(
                        source: sourceName, position: .zero, isComplete: false, timestamp: .zero),
                timestamp: try transaction.timestamp(of: list.list),
                count: try transaction.count(ObjectQuery(list.list)), isKnown: state != nil)
        }
    }

    /// Whether the list here is as an import of this source left it; if not, it stays untouched.
    private func accepts(_ list: ImportedList, _ found: Found) -> Bool {
        let state = found.state
        let reason: String
        if state.source != sourceName {
            reason = "is a copy of \(state.source)"
        } else if found.isKnown, found.timestamp != state.timestamp {
            reason = "was written to here since it was copied"
        } else if !found.isKnown, found.count > 0 {
            reason = "has objects here already"
        } else {
            return true
        }
        refuse(list, "\(list.uri) \(reason): it is left as it is")
        return false
    }

    private func refuse(_ list: ImportedList, _ problem: String) {
        refused.insert(list)
        problems.append(problem)
        progress.say("heliograph: \(problem)")
    }

    // MARK: Copying

    /// Copies what is newer than `state`; returns where that ended, nil if the list is gone.
    private func follow(_ list: ImportedList, from start: ImportState) throws -> ImportState? {
        var state = start
        let asksForPermissions = list.kind != .record || asksForRecordPermissions
        // Several objects may have one timestamp, of which only some may have come.
        let after = Timestamp(milliseconds: max(0, state.position.milliseconds - 1))
        var query: String? = KintoSource.pageQuery(after: after, isWhole: !asksForPermissions)
        while let next = query {
            guard let page = try source.page(of: list, query: next) else { return nil }
            let objects =
                asksForPermissions
                ? try complete(page.objects, of: list)
                : try page.objects.map { try imported($0, of: list) }
            query = page.next
            state.isComplete = query == nil
            let last = page.objects.last?["last_modified"]?.integer
            let reached = Timestamp(milliseconds: last ?? state.position.milliseconds)
            state.position = state.isComplete ? page.timestamp : max(state.position, reached)
            state.timestamp = state.position
            try write(objects, state, to: list)
        }
        return state
    }

    /// Objects with their permissions, of what a page tells of them. One that has changed since
    /// the page was read is left out: it comes again, further behind.
    private func complete(
        _ listed: [JSONObject], of list: ImportedList
    ) throws -> [ImportedObject] {
        let living = listed.filter { $0["deleted"]?.bool != true }
        let found = try source.objects(living.compactMap { $0["id"]?.string }, of: list)
        return try listed.compactMap { summary throws in
            if summary["deleted"]?.bool == true { return try imported(summary, of: list) }
            guard let id = summary["id"]?.string, let object = found[id],
                object.members["last_modified"] == summary["last_modified"]
            else { return nil }
            if list.kind == .bucket, object.permissions.isEmpty { hiddenPermissions += 1 }
            return try imported(object.members, object.permissions, of: list)
        }
    }

    private func imported(
        _ members: JSONObject, _ permissions: [String: Set<String>] = [:], of list: ImportedList
    ) throws(ImportFailure) -> ImportedObject {
        guard let object = ImportedObject(members, permissions: permissions, in: list) else {
            let id = members["id"].map { JSONWriter.string($0) } ?? "without id"
            throw .unexpected("an object (\(id)) has no id or timestamp that can be stored here")
        }
        return object
    }

    private func write(
        _ objects: [ImportedObject], _ state: ImportState, to list: ImportedList
    ) throws {
        try target.write { transaction in
            for object in objects { try transaction.store(object, in: list) }
            try transaction.store(state, of: list)
        }
        progress.add(objects)
    }

    // MARK: Comparing

    /// Makes a list the same as the source's, whatever happened to either.
    private func compare(_ list: ImportedList, _ before: ImportState) throws {
        // If this is interrupted, the next run starts over.
        var state = before
        state.isComplete = false
        state.position = .zero
        try write([], state, to: list)
        var timestamp: Timestamp?
        var theirs: [String: JSONObject] = [:]
        for onlyTombstones in [true, false] {
            var query: String? = KintoSource.pageQuery(
                after: onlyTombstones ? .zero : nil, isWhole: false, onlyTombstones: onlyTombstones)
            while let next = query {
                guard let page = try source.page(of: list, query: next) else { return }
                timestamp = timestamp ?? page.timestamp
                for var object in page.objects {
                    guard let id = object["id"]?.string else { continue }
                    if onlyTombstones { object["deleted"] = true }
                    theirs[id] = object
                }
                query = page.next
            }
        }
        try removeWhatIsNot(in: theirs, of: list, state)
        for page in try missing(theirs, of: list) {
            try write(try complete(page, of: list), state, to: list)
        }
        // What changed since the first page was read comes with the next round.
        state.timestamp = timestamp ?? state.timestamp
        state.position = state.timestamp
        state.isComplete = true
        try write([], state, to: list)
    }

    private func removeWhatIsNot(
        in theirs: [String: JSONObject], of list: ImportedList, _ state: ImportState
    ) throws {
        let known = Set(theirs.keys)
        try target.write { transaction in
            var query = ObjectQuery(list.list)
            query.includesTombstones = true
            var gone: [String] = []
            try transaction.visit(query) { object in
                if !known.contains(object.id) { gone.append(object.id) }
                return true
            }
            for id in gone { try transaction.removeCopy(of: id, in: list) }
            try transaction.remove(gone, from: list.list)
            try transaction.store(state, of: list)
        }
    }

    /// What of `theirs` is not here with the same timestamp, in pages.
    private func missing(
        _ theirs: [String: JSONObject], of list: ImportedList
    ) throws -> [[JSONObject]] {
        var missing = try target.write { transaction in
            var rest = theirs
            var query = ObjectQuery(list.list)
            query.includesTombstones = true
            try transaction.visit(query) { object in
                let timestamp = rest[object.id]?["last_modified"]?.integer
                let isTombstone = rest[object.id]?["deleted"]?.bool == true
                if timestamp == object.timestamp.milliseconds, isTombstone == object.isTombstone {
                    rest[object.id] = nil
                }
                return true
            }
            return Array(rest.values)
        }[...]
        var pages: [[JSONObject]] = []
        while !missing.isEmpty {
            pages.append(Array(missing.prefix(Limits.importPageObjects)))
            missing = missing.dropFirst(Limits.importPageObjects)
        }
        return pages
    }
}
