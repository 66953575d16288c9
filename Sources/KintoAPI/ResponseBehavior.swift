// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// What a client wants to be told of an object it changed (`Response-Behavior`).
enum ResponseBehavior: String, CaseIterable {
    /// The whole object.
    case full
    /// The members that changed.
    case light
    /// The members that changed to something else than was asked for.
    case diff

    /// Reads the field of a request, noting what is invalid.
    init(_ fields: HTTPFields, errors: inout ValidationErrors) {
        let value = fields["Response-Behavior"] ?? ""
        self = ResponseBehavior(rawValue: value) ?? .full
        if !value.isEmpty, value != rawValue {
            let known = ResponseBehavior.allCases.map(\.rawValue).joined(separator: ", ")
            errors.add(.header, "Response-Behavior", "\"\(value)\" is not one of \(known)")
        }
    }

    /// The changed members to be told, or nil for the whole object.
    func data(
        _ changes: JSONObject, before: JSONObject, after: StoredObject
    ) throws -> JSONObject? {
        guard self != .full else { return nil }
        let members = try StoredRecord.parse(after)
        let changed = changes.keys.filter { key in
            (before[key] ?? .null) != (members[key] ?? .null)
        }
        let told =
            self == .light
            ? changed : changed.filter { (changes[$0] ?? .null) != (members[$0] ?? .null) }
        return JSONObject(told.map { ($0, members[$0] ?? .null) })
    }
}
