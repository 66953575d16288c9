// SPDX-License-Identifier: MIT
//
// Pages. A token holds the values that the last object of a page has in the members the list is
// sorted by, and its id: the next page begins behind them, whatever was written in between.

import Core
import Storage

/// Where a page begins: behind an object of these values.
struct PageToken {
    /// The values by the name of the sort key. A name that is not there was missing.
    let lastObject: JSONObject
    /// How many objects came before the page.
    let offset: Int64
    /// Makes the token one of a kind: one that deletes can be used once.
    let nonce: String

    /// Makes the token of the page behind `object`.
    init(behind object: StoredObject, sorting: [SortKey], offset: Int, nonce: String) throws {
        let record = try StoredRecord.parse(object)
        var values = JSONObject()
        for key in sorting { values[key.field] = NestedMember.find(key.field, in: record) }
        values["id"] = .string(object.id)
        lastObject = values
        self.offset = Int64(offset)
        self.nonce = nonce
    }

    /// Reads a token, nil if it is none.
    init?(_ text: String) {
        guard let bytes = Base64.decode(text[...]), let value = try? JSONParser.parse(bytes),
            let object = value.object, let lastObject = object["last_object"]?.object,
            let offset = object["offset"]?.integer, offset >= 0, offset < 1 << 53,
            let nonce = object["nonce"]?.string
        else { return nil }
        self.lastObject = lastObject
        self.offset = offset
        self.nonce = nonce
    }

    /// The token as text.
    var encoded: String {
        let value: JSONValue = [
            "last_object": .object(lastObject), "offset": .integer(offset),
            "nonce": .string(nonce),
        ]
        return Base64.encode(JSONWriter.bytes(value))
    }

    /// The timestamp of the last object, nil if the token has none that a timestamp can be.
    var timestamp: Timestamp? {
        guard let integer = lastObject["last_modified"]?.integer,
            abs(integer.clampedAwayFromMinimum) < 1_000_000_000_000_000_000
        else { return nil }
        return Timestamp(milliseconds: integer)
    }
}

extension Int64 {
    /// The number, or the next one if it has no positive counterpart.
    fileprivate var clampedAwayFromMinimum: Int64 { Swift.max(self, -Int64.max) }
}
