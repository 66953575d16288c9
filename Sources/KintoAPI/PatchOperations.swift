// SPDX-License-Identifier: MIT
//
// JSON patches (RFC 6902) as Kinto takes them: their document is `{"data":…,"permissions":…}`,
// where the principals of a permission are the keys of an object, because they have no order.
// Operations on a principal need no value.

import Core

/// A JSON patch of an object and its permissions.
struct PatchOperations: Sendable {
    /// What a patch comes to.
    struct Outcome {
        /// The members of the object.
        let data: JSONObject
        /// The principals of each permission that is told.
        let permissions: [String: Set<String>]
    }

    /// One operation, its pointers not yet read: faults of those are told after those of the form.
    private struct Operation {
        let name: String
        let path: String
        let source: String?
        let value: JSONValue?
    }

    private static let names = ["test", "add", "remove", "replace", "move", "copy"]
    private static let keys: Set<String> = ["op", "path", "from", "value"]

    private var operations: [Operation] = []

    /// Reads a body, noting what is invalid.
    ///
    /// - Complexity: O(size of the body).
    init(_ body: RequestBody, errors: inout ValidationErrors) {
        guard let value = body.value(&errors) else {
            errors.add(.body, "", "Required")
            return
        }
        guard let elements = value.array else {
            errors.add(.body, "", RequestBody.notIterable(value))
            return
        }
        guard elements.count <= Limits.patchOperationsMax else {
            let most = Limits.patchOperationsMax
            errors.add(.body, "", "Number of operations is limited to \(most)")
            return
        }
        for (index, element) in elements.enumerated() {
            guard let operation = PatchOperations.read(element, "\(index)", &errors) else {
                continue
            }
            operations.append(operation)
        }
    }

    /// Applies the operations to an object.
    ///
    /// - Throws: `APIError`, a 400, if one fails, or if what comes out is no object.
    /// - Complexity: That of `JSONPatch.applied(to:)`.
    func applied(
        to data: JSONObject, permissions: [String: Set<String>], kind: ResourceKind
    ) throws(APIError) -> Outcome {
        var document = ["read": JSONObject(), "write": JSONObject()]
        for (name, principals) in permissions {
            document[name] = JSONObject(principals.sorted().map { ($0, .string($0)) })
        }
        let tree = document.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.object($0.value)) }
        let result: JSONValue
        do {
            let patch = JSONPatch(try operations.map(PatchOperations.operation))
            result = try patch.applied(
                to: ["data": .object(data), "permissions": .object(JSONObject(tree))])
        } catch {
            throw PatchOperations.failed("\(error)")
        }
        guard let data = result.object?["data"]?.object else {
            throw PatchOperations.failed("data is not an object")
        }
        return Outcome(
            data: data,
            permissions: try PatchOperations.principals(
                result.object?["permissions"], kind: kind))
    }

    // MARK: Reading

    private static func read(
        _ value: JSONValue, _ name: String, _ errors: inout ValidationErrors
    ) -> Operation? {
        guard let members = RequestBody.members(of: value, name, keys: keys, &errors) else {
            return nil
        }
        let operation = RequestBody.text(members, "op", name, isRequired: true, &errors)
        if let operation, !names.contains(operation) {
            let known = names.joined(separator: ", ")
            errors.add(.body, "\(name).op", "\"\(operation)\" is not one of \(known)")
        }
        let path = RequestBody.text(members, "path", name, isRequired: true, &errors)
        let source = RequestBody.text(members, "from", name, &errors)
        for (key, text) in [("path", path), ("from", source)] {
            guard let text, text.utf8.first != UInt8(ascii: "/") else { continue }
            errors.add(.body, "\(name).\(key)", "String does not match expected pattern")
        }
        guard let operation, let path else { return nil }
        return Operation(name: operation, path: path, source: source, value: members["value"])
    }

    /// An operation with its pointers read and with the value that it needs.
    private static func operation(_ operation: Operation) throws -> JSONPatch.Operation {
        let path = try JSONPointer(operation.path)
        func value() throws(Incomplete) -> JSONValue {
            let isOnPrincipal =
                path.tokens.count > 2 && path.tokens[0] == "permissions"
                && ["read", "write"].contains(path.tokens[1])
            if isOnPrincipal { return path.tokens.last.map(JSONValue.string) ?? .null }
            guard let value = operation.value else { throw Incomplete(member: "value") }
            return value
        }
        func source() throws -> JSONPointer {
            guard let source = operation.source else { throw Incomplete(member: "from") }
            return try JSONPointer(source)
        }
        switch operation.name {
        case "add": return .add(path, try value())
        case "remove": return .remove(path)
        case "replace": return .replace(path, try value())
        case "move": return .move(from: try source(), to: path)
        case "copy": return .copy(from: try source(), to: path)
        case _: return .test(path, try value())
        }
    }

    // MARK: What comes out

    /// The principals in the permissions that a patch made: keys of objects, or texts of arrays.
    private static func principals(
        _ value: JSONValue?, kind: ResourceKind
    ) throws(APIError) -> [String: Set<String>] {
        guard let permissions = value?.object else {
            throw failed("permissions is not an object")
        }
        var principals: [String: Set<String>] = [:]
        for (name, value) in permissions.members {
            guard kind.permissions.contains(name) else {
                let known = kind.permissions.joined(separator: ", ")
                throw failed("\"\(name)\" is not one of \(known)")
            }
            let texts = value.object?.keys ?? value.array?.compactMap(\.string)
            guard let texts, texts.count == value.array?.count ?? texts.count else {
                throw failed("permissions.\(name) is not a list of principals")
            }
            principals[name] = Set(texts)
        }
        return principals
    }

    private static func failed(_ reason: String) -> APIError {
        .invalid(.body, nil, "JSON Patch operation failed: \(reason)")
    }
}

/// An operation that lacks a member that it needs.
private struct Incomplete: Error, CustomStringConvertible {
    let member: String

    var description: String { "The operation does not contain a '\(member)' member" }
}
