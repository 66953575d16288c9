// SPDX-License-Identifier: MIT

import Core

/// Where objects of one kind live: a parent's object URI and the kind's name.
///
/// For example, the records of a collection: parent `/buckets/main/collections/plugins`, resource
/// `record`. Buckets have the empty parent.
package struct ResourceList: Hashable, Sendable {
    /// The object URI of the parent; empty for buckets.
    package let parent: String
    /// `bucket`, `group`, `collection`, `record`, or a plugin's own kind.
    package let resource: String

    /// Makes a list's address.
    package init(parent: String, resource: String) {
        self.parent = parent
        self.resource = resource
    }

    /// The list of all buckets.
    package static let buckets = ResourceList(parent: "", resource: "bucket")
    /// The collections of a bucket.
    package static func collections(of bucket: String) -> ResourceList {
        ResourceList(parent: "/buckets/\(bucket)", resource: "collection")
    }
    /// The groups of a bucket.
    package static func groups(of bucket: String) -> ResourceList {
        ResourceList(parent: "/buckets/\(bucket)", resource: "group")
    }
    /// The records of a collection.
    package static func records(of path: CollectionPath) -> ResourceList {
        ResourceList(parent: path.uri, resource: "record")
    }

    /// The collection whose records these are, if they are records; their timestamp is what the
    /// change log follows.
    package var recordsOf: CollectionPath? {
        resource == "record" ? CollectionPath(uri: parent) : nil
    }
}

/// An object or the tombstone of one, as stored.
package struct StoredObject: Sendable {
    /// The id, unique within its list.
    package let id: String
    /// The timestamp of the last write to it.
    package let timestamp: Timestamp
    /// Whether this is the record of a deletion.
    package let isTombstone: Bool
    /// The complete JSON object, with its `id` and `last_modified` first, then the members in the
    /// order they were written. A tombstone is `{"id":…,"last_modified":…,"deleted":true}`.
    package let json: [UInt8]

    /// Makes an object of stored parts.
    package init(id: String, timestamp: Timestamp, isTombstone: Bool, json: [UInt8]) {
        self.id = id
        self.timestamp = timestamp
        self.isTombstone = isTombstone
        self.json = json
    }

    /// Makes a live object of its members, rendering `json`.
    ///
    /// - Parameter members: The object's members; `id` and `last_modified` among them are dropped.
    /// - Complexity: O(size of the members).
    package init(id: String, timestamp: Timestamp, members: JSONObject) {
        var members = members
        members["id"] = nil
        members["last_modified"] = nil
        var json = StoredObject.opening(id: id, timestamp: timestamp)
        if !members.isEmpty { json.append(UInt8(ascii: ",")) }
        JSONWriter.appendMembers(members, to: &json)
        json.append(UInt8(ascii: "}"))
        self.init(id: id, timestamp: timestamp, isTombstone: false, json: json)
    }

    /// Makes the tombstone of an object.
    package init(tombstone id: String, timestamp: Timestamp) {
        var json = StoredObject.opening(id: id, timestamp: timestamp)
        json.append(contentsOf: ",\"deleted\":true}".utf8)
        self.init(id: id, timestamp: timestamp, isTombstone: true, json: json)
    }

    private static func opening(id: String, timestamp: Timestamp) -> [UInt8] {
        var json: [UInt8] = []
        json.append(contentsOf: "{\"id\":".utf8)
        JSONWriter.append(string: id, to: &json)
        json.append(contentsOf: ",\"last_modified\":".utf8)
        DecimalNumber.append(timestamp.milliseconds, to: &json)
        return json
    }
}
