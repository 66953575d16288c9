// SPDX-License-Identifier: MIT

import Core

/// The body of a request that writes an object: `{"data":…,"permissions":…}`.
struct ObjectBody: Sendable {
    /// How the body changes an object.
    enum Style {
        /// The body is the object.
        case replace
        /// The body has the members that change, or is merged (RFC 7396).
        case patch
    }

    /// The members of the object; nil if there is no `data`.
    var data: JSONObject?
    /// The principals of the permissions that are set; null, which removes, is nil. The permissions
    /// themselves are nil if the body has none.
    var permissions: [String: Set<String>?]?
    /// Whether the body is without any member.
    var isEmpty = true

    /// Makes a body without any member.
    init() {}

    /// Reads a body, noting what is invalid.
    ///
    /// - Complexity: O(size of the body).
    init(
        _ body: RequestBody, kind: ResourceKind, style: Style, errors: inout ValidationErrors
    ) {
        guard let members = body.object(&errors) else { return }
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
        if kind == .account, style == .replace, members["data"] == nil {
            errors.add(.body, "data", "Required")
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
        // A permission that does not exist hides what else is invalid; one that is null does not
        // matter.
        let names = members.members.filter { !$0.value.isNull }.map(\.key)
        if let name = names.first(where: { !kind.permissions.contains($0) }) {
            let known = kind.permissions.joined(separator: ", ")
            errors.add(.body, "permissions", "\"\(name)\" is not one of \(known)")
            return
        }
        var permissions: [String: Set<String>?] = [:]
        for (name, value) in members.members {
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
