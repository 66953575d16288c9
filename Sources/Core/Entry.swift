// SPDX-License-Identifier: MIT

/// One line of `monitor/changes`: the newest timestamp of one monitored collection.
///
/// The JSON form is rendered once, when the entry is made, and shared by every answer and event
/// that shows it.
package struct Entry: Sendable {
    /// The UUID form of the MD5 of `http_host` and the collection's URI (kinto-changes).
    package let id: String
    /// The change that the entry shows.
    package let change: Change
    /// The host that the entry names (`changes.http_host`).
    package let host: String
    /// The entry as a JSON object, `{"id":…,"last_modified":…,"bucket":…,"collection":…,"host":…}`,
    /// with `"deleted":true` at its end if the collection ceased to exist.
    package let json: [UInt8]

    /// Makes the entry that shows `change` under the name of `host`.
    ///
    /// - Parameter id: The result of `makeID(host:path:)`, which is dear enough to keep.
    /// - Complexity: O(length of the JSON form).
    package init(id: String, change: Change, host: String) {
        self.id = id
        self.change = change
        self.host = host
        var json: [UInt8] = []
        json.reserveCapacity(128 + host.utf8.count)
        json.append(contentsOf: "{\"id\":\"\(id)\",\"last_modified\":".utf8)
        DecimalNumber.append(change.timestamp.milliseconds, to: &json)
        json.append(contentsOf: ",\"bucket\":\"".utf8)
        json.append(contentsOf: change.path.bucket.utf8)
        json.append(contentsOf: "\",\"collection\":\"".utf8)
        json.append(contentsOf: change.path.collection.utf8)
        json.append(contentsOf: "\",\"host\":".utf8)
        JSONWriter.append(string: host, to: &json)
        if change.isTombstone { json.append(contentsOf: ",\"deleted\":true".utf8) }
        json.append(UInt8(ascii: "}"))
        self.json = json
    }

    /// The collection's records timestamp.
    package var timestamp: Timestamp { change.timestamp }

    /// The id that kinto-changes gives the collection's entry on `host`.
    ///
    /// - Complexity: O(length of the URI).
    package static func makeID(host: String, path: CollectionPath) -> String {
        Digest.uuid(Digest.md5(Array((host + path.uri).utf8)))
    }
}
