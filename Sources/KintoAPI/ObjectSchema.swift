// SPDX-License-Identifier: MIT

import Core

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
        case .account: validatePassword(object, prefix: prefix, errors: &errors)
        case .record, .history: break
        }
    }

    /// Says that bcrypt would not tell a password from others.
    static let unhashable =
        "Longer than \(Limits.passwordBytesMax) bytes, or with a NUL character in it"

    /// The texts of an array, noting what is none.
    static func texts(
        _ value: JSONValue, path: String, errors: inout ValidationErrors
    ) -> [String]? {
        guard let elements = value.array else {
            errors.add(.body, path, RequestBody.notIterable(value))
            return nil
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            if PythonText.isFalse(element) {
                errors.add(.body, "\(path).\(index)", "Required")
            } else if let text = element.string {
                texts.append(text)
            } else {
                errors.add(.body, "\(path).\(index)", RequestBody.notText(element, name: ""))
            }
        }
        return texts
    }

    private static func validatePassword(
        _ object: JSONObject, prefix: String, errors: inout ValidationErrors
    ) {
        let path = "\(prefix)password"
        let value = object["password"] ?? .null
        if PythonText.isFalse(value) {
            errors.add(.body, path, "Required")
        } else if let password = value.string {
            if !Bcrypt.canHash(Array(password.utf8)) { errors.add(.body, path, unhashable) }
        } else {
            let text = PythonText.str(value)
            errors.add(.body, path, "\(text) is not a string: {'password': ''}")
        }
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
        case .null, .array([]), .object(JSONObject()): object["cache_expires"] = nil
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
                "\"\(PythonText.str(value))\" is not a number")
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
