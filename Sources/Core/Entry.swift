// SPDX-License-Identifier: MIT

/// One line of `monitor/changes`: the newest timestamp of one collection.
///
/// The JSON form of a monitored collection's entry is rendered once, when the entry is made, and
/// shared by every answer and event that shows it. Other collections may be many and are rarely
/// shown: their entries are rendered when that happens.
package struct Entry: Sendable {
    /// The change that the entry shows.
    package let change: Change
    /// The host that the entry names (`changes.http_host`).
    package let host: String
    private let rendering: Rendering?

    private struct Rendering: Sendable {
        let id: String
        let json: [UInt8]
    }

    /// Makes the entry that shows `change` under the name of `host`.
    ///
    /// - Parameter id: The result of `makeID(host:path:)`, which is dear enough to keep.
    /// - Complexity: O(length of the JSON form).
    package init(id: String, change: Change, host: String) {
        self.change = change
        self.host = host
        rendering = Rendering(id: id, json: Entry.render(id: id, change: change, host: host))
    }

    /// Makes an entry that is rendered each time it is shown.
    package init(unrendered change: Change, host: String) {
        self.change = change
        self.host = host
        rendering = nil
    }

    /// The UUID form of the MD5 of `http_host` and the collection's URI (kinto-changes).
    ///
    /// - Complexity: O(1) if the entry is rendered, else O(length of the URI).
    package var id: String { rendering?.id ?? Entry.makeID(host: host, path: change.path) }

    /// The entry as a JSON object, `{"id":…,"last_modified":…,"bucket":…,"collection":…,"host":…}`,
    /// with `"deleted":true` at its end if the collection ceased to exist.
    ///
    /// - Complexity: O(1) if the entry is rendered, else O(its length).
    package var json: [UInt8] {
        rendering?.json ?? Entry.render(id: id, change: change, host: host)
    }

    /// The collection's records timestamp.
    package var timestamp: Timestamp { change.timestamp }

    /// The id that kinto-changes gives the collection's entry on `host`.
    ///
    /// - Complexity: O(length of the URI).
    package static func makeID(host: String, path: CollectionPath) -> String {
        Digest.uuid(Digest.md5(Array((host + path.uri).utf8)))
    }

    /// What an entry is rendered from.
    package struct Parts: Sendable {
        /// Its id.
        package let id: String
        /// The change that it shows.
        package let change: Change
        /// The host that it names.
        package let host: String

        /// Makes the parts of an entry.
        package init(id: String, change: Change, host: String) {
            self.id = id
            self.change = change
            self.host = host
        }
    }

    /// The members of an entry.
    package static let form = JSONForm<Parts>([
        .member("id", .text, "Stands for the collection: made of `host` and its URI.") { $0.id },
        .member("last_modified", .timestamp, "The newest timestamp of the collection's records.") {
            $0.change.timestamp
        },
        .member("bucket", .text, "The id of the bucket.") { $0.change.path.bucket },
        .member("collection", .text, "The id of the collection.") { $0.change.path.collection },
        .member("host", .text, "The server, as its settings name it.") { $0.host },
        .optional("deleted", .yes, "The collection ceased to exist.") {
            $0.change.isTombstone ? true : nil
        },
    ])

    private static func render(id: String, change: Change, host: String) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(128 + host.utf8.count)
        form.append(Parts(id: id, change: change, host: host), to: &json)
        return json
    }
}
