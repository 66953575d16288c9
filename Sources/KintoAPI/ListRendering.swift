// SPDX-License-Identifier: MIT
//
// Bodies made of stored bytes: what was checked and rendered at the write is not at each read.

import Core
import Storage

/// Renders answers of objects.
enum ListRendering {
    /// `{"data":…}`, with the permissions of the object before it if they are told.
    ///
    /// - Complexity: O(length of the body).
    static func wrap(_ json: [UInt8], permissions: [String: Set<String>]? = nil) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(json.count + 128)
        body.append(UInt8(ascii: "{"))
        if let permissions {
            body.append(contentsOf: "\"permissions\":".utf8)
            JSONWriter.append(object(permissions), to: &body)
            body.append(UInt8(ascii: ","))
        }
        body.append(contentsOf: "\"data\":".utf8)
        body.append(contentsOf: json)
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// `[…]` of stored objects, or of some of their members.
    ///
    /// - Parameter fields: The members; empty for all.
    /// - Complexity: O(length of the array).
    static func array(_ objects: some Sequence<StoredObject>, fields: [String] = []) throws
        -> [UInt8]
    {
        var body: [UInt8] = []
        body.append(UInt8(ascii: "["))
        var isFirst = true
        for object in objects {
            if !isFirst { body.append(UInt8(ascii: ",")) }
            isFirst = false
            if fields.isEmpty {
                body.append(contentsOf: object.json)
            } else {
                let record = try StoredRecord.parse(object)
                JSONWriter.append(NestedMember.select(fields, of: record), to: &body)
            }
        }
        body.append(UInt8(ascii: "]"))
        return body
    }

    /// Permissions by name, their principals in order.
    static func object(_ permissions: [String: Set<String>]) -> JSONObject {
        let names = permissions.keys.sorted()
        return JSONObject(
            names.map { name in
                let principals = (permissions[name] ?? []).sorted()
                return (name, .array(principals.map(JSONValue.string)))
            })
    }
}
