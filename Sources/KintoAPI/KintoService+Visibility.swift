// SPDX-License-Identifier: MIT
//
// Where the list of changes is private (`heliograph.changes.private`), everyone is shown the
// entries of the collections whose records they may all read, over every way to the list.

import Core
import Hub
import Storage
import Wire

/// What of the monitored collections is shown to somebody.
struct ShownEntries: Sendable {
    /// The entries, newest first, tombstones not included.
    let entries: [Entry]
    /// The timestamp of the list, nil if there is none.
    let timestamp: Timestamp?

    /// Takes all entries, which everyone may see.
    init(_ all: (entries: [Entry], timestamp: Timestamp?)) {
        entries = all.entries
        timestamp = all.timestamp
    }

    /// The entries that a visibility shows.
    ///
    /// - Complexity: O(*n*).
    func visible(to visibility: Visibility) -> ShownEntries {
        let shown = entries.filter { visibility.shows($0.change.path) }
        return ShownEntries((shown, shown.first?.timestamp))
    }
}

extension KintoService {
    /// The plan of a request that shows the monitored collections; the storage is asked only for
    /// what the user may read, if that matters and is not known.
    ///
    /// - Throws: What `body` throws.
    func showing(
        _ exchange: Exchange, _ body: @escaping @Sendable (ShownEntries) throws -> Reply
    ) throws -> Plan {
        // The entries first, then the count, then the permissions: so a permission is never older
        // than the entry that it shows, which may be that of a collection made anew by others.
        let all = ShownEntries(changes.monitoredEntries())
        guard settings.changesArePrivate else { return .answer(exchange.finish(try body(all))) }
        let viewer = exchange.identity.viewer
        let count = changes.accessChanges
        guard !exchange.isSubrequest else {
            // What other parts of the batch did to permissions may yet be undone: it counts for
            // this answer, but is not remembered.
            return reading(exchange) { reader in
                try body(all.visible(to: self.findVisibility(of: viewer, reader)))
            }
        }
        if let known = visibilities.visibility(of: viewer, at: count) {
            return .answer(exchange.finish(try body(all.visible(to: known))))
        }
        return reading(exchange) { reader in
            try body(all.visible(to: self.visibility(of: viewer, at: count, reader)))
        }
    }

    /// What a viewer may read of the monitored collections.
    ///
    /// - Parameter count: The count of access changes before the transaction began.
    /// - Throws: `StorageError`.
    func visibility(
        of viewer: Viewer, at count: UInt64, _ reader: any StorageReader
    ) throws -> Visibility {
        if let known = visibilities.visibility(of: viewer, at: count) { return known }
        let found = try findVisibility(of: viewer, reader)
        return visibilities.remember(found, of: viewer, at: count)
    }

    /// A way to find out what everyone may read of the monitored collections, which calls its
    /// argument with nil if the storage cannot tell; nil where the list is public.
    package func publicVisibility(in storage: any Storage) -> BroadcastEmitter.Actions.FindPublic? {
        guard settings.changesArePrivate else { return nil }
        return { [weak storage] completion in
            guard let storage else { return completion(nil) }
            let everyone = Identity.anonymous.viewer
            let count = self.changes.accessChanges
            if let known = self.visibilities.visibility(of: everyone, at: count) {
                return completion(known)
            }
            storage.read(
                { try self.visibility(of: everyone, at: count, $0) },
                completion: { completion(try? $0.get()) })
        }
    }

    private func findVisibility(
        of viewer: Viewer, _ reader: any StorageReader
    ) throws -> Visibility {
        let identity = Identity(viewer).recognised(by: settings)
        return try Authorization(identity, settings: settings, reader: reader)
            .visibility(of: monitored)
    }
}
