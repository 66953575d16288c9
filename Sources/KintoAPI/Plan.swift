// SPDX-License-Identifier: MIT

import Core
import Hub
import Storage
import Wire

/// What a request needs before it can be answered.
///
/// A closure runs in one transaction, so that permissions, preconditions and writes of a request
/// are decided on one state. A write that throws `PasswordNeeded` is to be run again when the hash
/// is there; `PlanRunner` does. Whatever else a closure throws goes to
/// `KintoService.failure(_:for:)`, which has the answer; what a write did before it threw is undone
/// by the storage.
package enum Plan: Sendable {
    /// No storage: the answer is here.
    case answer(HTTPResponse)
    /// A read transaction. When it throws `StorageError.requiresWrite`, the same closure is to be
    /// run in a write transaction, where it may give a list its first timestamp.
    case read(@Sendable (any StorageReader) throws -> HTTPResponse)
    /// A write transaction.
    case write(@Sendable (any StorageTransaction) throws -> HTTPResponse)
    /// The request gives a login that may be that of an account: what is found out about it leads
    /// to the next plan.
    case verify(Login, then: @Sendable (LoginVerdict) -> Plan)
}

/// What the `monitor/changes` endpoints show; the hub is one.
package protocol ChangesSource: Sendable {
    /// The entries of all monitored collections, newest first, tombstones not included; and the
    /// list's timestamp, nil when there is none.
    func monitoredEntries() -> (entries: [Entry], timestamp: Timestamp?)

    /// The broadcasts that were announced.
    var broadcasts: BroadcastTable { get }

    /// How many commits changed who may read what.
    var accessChanges: UInt64 { get }

    /// A number that moves with every write to a collection's records or metadata.
    func stamp(of path: CollectionPath) -> UInt64
}

extension Hub: ChangesSource {}

/// A refusal on its way out of a write transaction, whose effects it undoes.
struct Refusal: Error {
    /// The complete answer.
    let response: HTTPResponse
}
