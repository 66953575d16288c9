// SPDX-License-Identifier: MIT

import Core
import Wire

/// The body of a request that writes an object: `{"data":…,"permissions":…}`.
struct ObjectBody {
    /// How the body changes an object.
    enum Style {
        /// The body is the object.
        case replace
        /// The body has the members that change.
        case patch
        /// The body is merged member by member, null removes (RFC 7396).
        case mergePatch
    }

    /// The members of the object; nil if there is no `data`.
    var data: JSONObject?
    /// The principals of the permissions that are set; null, which removes, is nil. The permissions
    /// themselves are nil if the body has none.
    var permissions: [String: Set<String>?]?
    /// Whether the body is without any member.
    var isEmpty = true

    /// Reads a body, noting what is invalid.
    ///
    /// - Complexity: O(size of the body).
    init(_ bytes: [UInt8], kind: ResourceKind, style: Style, errors: inout ValidationErrors) {
        guard let members = RequestBody.object(bytes, &errors) else { return }
        isEmpty = members.isEmpty
        let unknown = members.members.filter { $0.key != "data" && $0.key != "permissions" }
        guard unknown.isEmpty else {
            errors.add(.body, "", RequestBody.unrecognized(JSONObject(unknown)))
            return
        }
        if let value = members["data"] {
            if var object = value.object {
                if style == .replace {
                    ObjectSchema.validate(&object, kind: kind, prefix: "data.", errors: &errors)
                }
                data = object
            } else {
                errors.add(.body, "data", RequestBody.notMapping(value))
            }
        }
        if let value = members["permissions"] {
            readPermissions(value, kind: kind, errors: &errors)
        }
    }

    private mutating func readPermissions(
        _ value: JSONValue, kind: ResourceKind, errors: inout ValidationErrors
    ) {
        guard let members = value.object else {
            errors.add(.body, "permissions", RequestBody.notMapping(value))
            return
        }
        var permissions: [String: Set<String>?] = [:]
        for (name, value) in members.members {
            guard kind.permissions.contains(name) else {
                let known = kind.permissions.joined(separator: ", ")
                errors.add(.body, "permissions", "\"\(name)\" is not one of \(known)")
                return
            }
            if value.isNull {
                permissions[name] = .some(nil)
                continue
            }
            let path = "permissions.\(name)"
            if let texts = ObjectSchema.texts(value, path: path, errors: &errors) {
                permissions[name] = Set(texts)
            }
        }
        self.permissions = permissions
    }
}

/// Bodies of any kind.
enum RequestBody {
    /// The JSON object that a body is, an empty one if there is no body; nil with a note if it is
    /// something else.
    ///
    /// - Complexity: O(size of the body).
    static func object(_ bytes: [UInt8], _ errors: inout ValidationErrors) -> JSONObject? {
        guard let value = value(bytes, &errors) else {
            errors.add(.body, "", "Required")
            return nil
        }
        guard let object = value.object else {
            errors.add(.body, "", notMapping(value))
            return nil
        }
        return object
    }

    /// The JSON object or array that a body is, an empty object if there is no body; nil with a
    /// note if it is something else.
    ///
    /// - Complexity: O(size of the body).
    static func value(_ bytes: [UInt8], _ errors: inout ValidationErrors) -> JSONValue? {
        guard !bytes.isEmpty else { return .object(JSONObject()) }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            errors.add(.body, "", "Invalid JSON: \(error)")
            return nil
        }
        switch value {
        case .object, .array: return value
        case .null, .bool, .number, .string:
            errors.add(.body, "", "Should be a JSON object or an array")
            return nil
        }
    }

    /// Says that a value should be an object.
    static func notMapping(_ value: JSONValue) -> String {
        "\"\(JSONWriter.string(value))\" is not a mapping type: "
            + "Does not implement dict-like functionality."
    }

    /// Says that members should not be there.
    static func unrecognized(_ members: JSONObject) -> String {
        "Unrecognized keys in mapping: \"\(JSONWriter.string(.object(members)))\""
    }
}

/// What the members of objects must be, by kind.
enum ObjectSchema {
    /// Checks an object and brings its members into the form they are stored in.
    ///
    /// - Parameter prefix: What the names of members begin with in messages.
    static func validate(
        _ object: inout JSONObject, kind: ResourceKind, prefix: String,
        errors: inout ValidationErrors
    ) {
        switch kind {
        case .bucket:
            for name in ["collection:schema", "group:schema", "record:schema"] {
                validateMapping(name, object, prefix: prefix, errors: &errors)
            }
        case .collection:
            validateMapping("schema", object, prefix: prefix, errors: &errors)
            validateCacheExpires(&object, prefix: prefix, errors: &errors)
        case .group: validateMembers(&object, prefix: prefix, errors: &errors)
        case .record: break
        }
    }

    /// The texts of an array, noting what is none.
    static func texts(
        _ value: JSONValue, path: String, errors: inout ValidationErrors
    ) -> [String]? {
        guard let elements = value.array else {
            let text = value.string ?? JSONWriter.string(value)
            errors.add(.body, path, "\"\(text)\" is not iterable")
            return nil
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.string else {
                errors.add(
                    .body, "\(path).\(index)", "\(JSONWriter.string(element)) is not a string")
                continue
            }
            if text.isEmpty { errors.add(.body, "\(path).\(index)", "Required") }
            texts.append(text)
        }
        return texts
    }

    private static func validateMapping(
        _ name: String, _ object: JSONObject, prefix: String, errors: inout ValidationErrors
    ) {
        guard let value = object[name], value.object == nil else { return }
        errors.add(.body, prefix + name, RequestBody.notMapping(value))
    }

    private static func validateCacheExpires(
        _ object: inout JSONObject, prefix: String, errors: inout ValidationErrors
    ) {
        guard let value = object["cache_expires"] else { return }
        switch value {
        case .null: object["cache_expires"] = nil
        case .bool(let bool): object["cache_expires"] = .integer(bool ? 1 : 0)
        case .number(let number) where abs(number.double) < 1e15:
            object["cache_expires"] = .integer(number.integer ?? Int64(number.double))
        case .string(let text):
            if let number = DecimalNumber.parse(text.utf8, digitsMax: 15) {
                object["cache_expires"] = .integer(number)
            } else if text.isEmpty {
                object["cache_expires"] = nil
            } else {
                errors.add(.body, "\(prefix)cache_expires", "\"\(text)\" is not a number")
            }
        case .number, .array, .object:
            errors.add(
                .body, "\(prefix)cache_expires",
                "\"\(JSONWriter.string(value))\" is not a number")
        }
    }

    private static func validateMembers(
        _ object: inout JSONObject, prefix: String, errors: inout ValidationErrors
    ) {
        guard let value = object["members"] else {
            object["members"] = []
            return
        }
        let path = "\(prefix)members"
        guard let members = texts(value, path: path, errors: &errors) else { return }
        for (index, member) in members.enumerated()
        where member.hasPrefix("/buckets/") || member == Identity.everyone {
            errors.add(.body, "\(path).\(index)", "'\(member)' is not a valid user ID.")
        }
    }
}
