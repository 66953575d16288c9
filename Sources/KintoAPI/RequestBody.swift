// SPDX-License-Identifier: MIT

import Core

/// The body of a request, read as JSON once, before any transaction begins.
struct RequestBody: Sendable {
    private enum Content: Sendable {
        case none
        case value(JSONValue)
        case malformed(String)
    }

    private let content: Content

    /// No body.
    static let none = RequestBody(.none)

    /// Makes the body that an object is.
    init(_ object: JSONObject) {
        self.init(.value(.object(object)))
    }

    /// Reads a body; one without bytes is none.
    ///
    /// - Complexity: O(size of the body).
    init(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else {
            self = .none
            return
        }
        do {
            self.init(.value(try JSONParser.parse(bytes)))
        } catch {
            self.init(.malformed("Invalid JSON: \(error)"))
        }
    }

    private init(_ content: Content) {
        self.content = content
    }

    /// Whether there is no body.
    var isNone: Bool {
        guard case .none = content else { return false }
        return true
    }

    /// Whether this is neither an object nor an array. The reference then tells nothing else that
    /// is invalid in the request.
    var isUnreadable: Bool {
        switch content {
        case .malformed, .value(.null), .value(.bool), .value(.number), .value(.string): true
        case .none, .value(.object), .value(.array): false
        }
    }

    /// The JSON that the body is; nil if it is none or malformed.
    var json: JSONValue? {
        guard case .value(let value) = content else { return nil }
        return value
    }

    /// The id of the object in the body, whatever else is wrong; nil if there is none.
    var givenID: JSONValue? { json?.object?["data"]?.object?["id"] }

    /// The JSON object that the body is, an empty one if there is no body; nil with a note if it is
    /// something else.
    func object(_ errors: inout ValidationErrors) -> JSONObject? {
        guard let value = value(&errors) else {
            errors.add(.body, "", "Required")
            return nil
        }
        guard let object = value.object else {
            errors.add(.body, "", RequestBody.notMapping(value))
            return nil
        }
        return object
    }

    /// The JSON object or array that the body is, an empty object if there is no body; nil with a
    /// note if it is something else.
    func value(_ errors: inout ValidationErrors) -> JSONValue? {
        switch content {
        case .none: return .object(JSONObject())
        case .malformed(let description):
            errors.add(.body, "", description)
            return nil
        case .value(let value):
            switch value {
            case .object, .array: return value
            case .null, .bool, .number, .string:
                errors.add(.body, "", "Should be a JSON object or an array")
                return nil
            }
        }
    }

    /// Says that a value should be an object.
    static func notMapping(_ value: JSONValue) -> String {
        "\"\(told(value))\" is not a mapping type: Does not implement dict-like functionality."
    }

    /// Says that a value should be an array.
    static func notIterable(_ value: JSONValue) -> String {
        "\"\(told(value))\" is not iterable"
    }

    /// Says that a value should be a text.
    static func notText(_ value: JSONValue, name: String) -> String {
        "\(told(value)) is not a string: {'\(name)': ''}"
    }

    /// The members of one thing within a body, such as a request of a batch; nil, with an error, if
    /// it is no mapping or has others than `keys`.
    ///
    /// - Parameter name: Where it is in the body.
    /// - Complexity: O(members × keys).
    static func members(
        of value: JSONValue, _ name: String, keys: some Collection<String>,
        _ errors: inout ValidationErrors
    ) -> JSONObject? {
        guard let members = value.object else {
            errors.add(.body, name, notMapping(value))
            return nil
        }
        let unknown = members.members.filter { !keys.contains($0.key) }
        guard unknown.isEmpty else {
            errors.add(.body, name, unrecognized(JSONObject(unknown)))
            return nil
        }
        return members
    }

    /// The text of a member of such a thing; an empty one and null are none. Nil, maybe with an
    /// error, if there is none.
    ///
    /// - Parameter name: Where the thing is in the body.
    static func text(
        _ members: JSONObject, _ key: String, _ name: String, isRequired: Bool = false,
        _ errors: inout ValidationErrors
    ) -> String? {
        let value = members[key] ?? .null
        if value.isNull || value.string?.isEmpty ?? false {
            if isRequired { errors.add(.body, "\(name).\(key)", "Required") }
            return nil
        }
        guard let text = value.string else {
            errors.add(.body, "\(name).\(key)", notText(value, name: key))
            return nil
        }
        return text
    }

    private static func told(_ value: JSONValue) -> String {
        PythonText.str(value)
    }

    /// Says that members should not be there.
    static func unrecognized(_ members: JSONObject) -> String {
        "Unrecognized keys in mapping: \"\(PythonText.repr(.object(members)))\""
    }
}
