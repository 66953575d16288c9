// SPDX-License-Identifier: MIT
//
// Histories do not grow for ever. To count a history's entries at each write would read through
// all of them. So the server remembers by how many entries each history may still grow, counts when
// that is used up or unknown (after a start), and then removes a hundredth more than it must: the
// cost is that of a hundred steps in an index per entry.
//
// What is remembered is a hint: a write that is undone after it was counted makes the next count
// come early, or at most a hundredth late.

import Core
import Storage
import Synchronization

/// Removes the oldest entries of histories that have become too long.
///
/// No tombstones are left of them. Those of entries that a client deleted count as entries.
final class HistoryTrimmer: Sendable {
    /// By how many entries a history may still grow, by its URI, or those of one kind and user.
    private let allowances = Mutex<[Scope: Int]>([:])

    /// Entries that are counted together.
    private struct Scope: Hashable {
        let history: String
        var kind: ResourceKind?
        var userID: String?
    }

    /// Makes a trimmer that has counted nothing.
    init() {}

    /// Removes what is too much after an entry was written.
    ///
    /// - Parameters:
    ///   - kind: What the entry is about.
    ///   - userID: Who made the change that it is about.
    /// - Throws: `StorageError`.
    /// - Complexity: O(1) amortized by a hundredth of the limit, or by the threshold that is set.
    func trim(
        _ history: ListAddress, kind: ResourceKind, userID: String?, settings: HistorySettings,
        transaction: any StorageTransaction
    ) throws {
        if settings.entriesPerBucketMax > 0 {
            let scope = Scope(history: history.uri)
            if !mayGrow(scope) {
                let left = try trimAll(
                    history, to: settings.entriesPerBucketMax, in: transaction)
                allow(scope, left)
            }
        }
        guard settings.trimmedCountMax > 0 else { return }
        let isByUser = !settings.trimmedUserIDs.isEmpty
        if isByUser {
            guard let userID, settings.trimmedUserIDs.contains(userID) else { return }
        }
        let scope = Scope(history: history.uri, kind: kind, userID: isByUser ? userID : nil)
        if !mayGrow(scope) {
            let left = try trimSome(
                history, of: kind, by: scope.userID, to: settings.trimmedCountMax,
                threshold: settings.trimThreshold,
                in: transaction)
            allow(scope, left)
        }
    }

    // MARK: Allowances

    /// Takes one entry off what a history may grow by; false if nothing is left or known.
    private func mayGrow(_ scope: Scope) -> Bool {
        allowances.withLock { allowances in
            guard let left = allowances[scope], left > 0 else { return false }
            allowances[scope] = left - 1
            return true
        }
    }

    private func allow(_ scope: Scope, _ entries: Int) {
        allowances.withLock { allowances in
            if allowances.count >= Limits.historyAllowancesMax { allowances = [:] }
            allowances[scope] = entries
        }
    }

    // MARK: Trimming

    /// Removes the oldest entries beyond `most`, and a hundredth more.
    ///
    /// - Returns: How many entries may be written before the next count.
    private func trimAll(
        _ history: ListAddress, to most: Int, in transaction: any StorageTransaction
    ) throws -> Int {
        var query = ObjectQuery(history.list)
        query.includesTombstones = true
        let count = try transaction.count(query)
        guard count > most else { return most - count }
        let slack = most / 100
        query.order = .oldestFirst
        query.limit = min(count - most + slack, Limits.historyTrimEntriesMax)
        var ids: [String] = []
        try transaction.visit(query) { entry in
            ids.append(entry.id)
            return true
        }
        try remove(ids, from: history, in: transaction)
        return max(most - (count - ids.count), 0)
    }

    /// Removes the oldest live entries about a kind of objects, and by a user if one is given,
    /// beyond `most` if there are more than that and `threshold` (the reference's rule).
    ///
    /// - Returns: How many entries may be written before the next count.
    /// - Complexity: O(*n*) in the length of the whole history.
    private func trimSome(
        _ history: ListAddress, of kind: ResourceKind, by userID: String?, to most: Int,
        threshold: Int, in transaction: any StorageTransaction
    ) throws -> Int {
        var query = ObjectQuery(history.list)
        query.limit = Limits.historyTrimEntriesMax
        var ids: [String] = []
        var visited = 0
        repeat {
            visited = 0
            try transaction.visit(query) { entry in
                visited += 1
                query.before = entry.timestamp
                if HistoryRecorder.isAbout(kind, entry, by: userID) { ids.append(entry.id) }
                return true
            }
        } while visited == Limits.historyTrimEntriesMax
        guard ids.count > most + threshold else { return most + threshold - ids.count }
        try remove(Array(ids[most...]), from: history, in: transaction)
        return threshold
    }

    private func remove(
        _ ids: [String], from history: ListAddress, in transaction: any StorageTransaction
    ) throws {
        try transaction.remove(ids, from: history.list)
        try transaction.removePermissions(of: ids.map(history.uri(of:)))
    }
}
