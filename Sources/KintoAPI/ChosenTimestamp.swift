// SPDX-License-Identifier: MIT

import Core
import Storage

/// The timestamps that clients choose for objects.
enum ChosenTimestamp {
    /// A timestamp further from 1970 than this, in milliseconds, is a mistake: the year 33658.
    private static let millisecondsMax: Int64 = 1_000_000_000_000_000

    /// The timestamp that `members` choose, nil if none, or one that has passed for `existing`.
    ///
    /// - Throws: `APIError`, a 400, for one beyond all time.
    static func of(
        _ members: JSONObject, replacing existing: StoredObject?
    ) throws(APIError) -> Timestamp? {
        guard case .number(let number)? = members["last_modified"], isInteger(number) else {
            return nil
        }
        guard let milliseconds = number.integer, milliseconds > -millisecondsMax,
            milliseconds < millisecondsMax
        else {
            throw .invalid(
                .body, "last_modified", "\(number.spelling) is not a timestamp in milliseconds")
        }
        let timestamp = Timestamp(milliseconds: milliseconds)
        if let existing, timestamp <= existing.timestamp { return nil }
        return timestamp
    }

    /// The timestamp that a query chooses for a deletion, nil if none or one that has passed.
    ///
    /// - Throws: `APIError`, a 400, for what is no timestamp.
    static func of(
        _ query: RequestQuery, deleting object: StoredObject
    ) throws(APIError) -> Timestamp? {
        guard let parameter = query["last_modified"] else { return nil }
        let text = parameter.values[0]
        if text.isEmpty { return nil }
        switch RequestQuery.native(text) {
        case .null, .bool: return nil
        case .number(let number) where number.double <= Double(object.timestamp.milliseconds):
            return nil
        case .number, .string, .array, .object: break
        }
        guard parameter.values.count == 1, let timestamp = Timestamp(quotedOrNot: text),
            abs(timestamp.milliseconds) < millisecondsMax
        else {
            throw .invalid(.query, "last_modified", "Invalid value for last_modified")
        }
        return timestamp <= object.timestamp ? nil : timestamp
    }

    private static func isInteger(_ number: JSONNumber) -> Bool {
        !number.spelling.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    }
}
