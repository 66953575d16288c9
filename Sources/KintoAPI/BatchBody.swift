// SPDX-License-Identifier: MIT

import Core

/// The body of a batch, `{"defaults":…,"requests":[…]}`.
struct BatchBody {
    /// One request of a batch.
    struct Part {
        /// The method; GET if not given.
        var method = "GET"
        /// The path, with or without version, and query.
        var path = ""
        /// Header fields that replace those of the batch.
        var headers: [(name: String, value: String)] = []
        /// The body; nil if not given or empty.
        var body: JSONObject?
    }

    private static let methods = ["GET", "HEAD", "DELETE", "TRACE", "POST", "PUT", "PATCH"]
    private static let keys: Set<String> = ["method", "path", "headers", "body"]

    /// The requests, in their order.
    private(set) var parts: [Part] = []

    /// Reads a body, noting what is invalid.
    ///
    /// - Complexity: O(size of the body + number of requests · size of the defaults).
    init(_ body: RequestBody, errors: inout ValidationErrors) {
        guard let members = body.object(&errors) else { return }
        let unknown = members.members.filter { $0.key != "defaults" && $0.key != "requests" }
        guard unknown.isEmpty else {
            errors.add(.body, "", RequestBody.unrecognized(JSONObject(unknown)))
            return
        }
        var defaults = JSONObject()
        if let value = members["defaults"] {
            _ = BatchBody.part(value, name: "defaults", needsPath: false, errors: &errors)
            defaults = value.object ?? JSONObject()
        }
        guard let requests = members["requests"] else {
            errors.add(.body, "requests", "Required")
            return
        }
        guard let elements = requests.array else {
            errors.add(.body, "requests", RequestBody.notIterable(requests))
            return
        }
        for (index, element) in elements.enumerated() {
            var element = element
            if let object = element.object {
                element = .object(BatchBody.merge(defaults, under: object))
            }
            let name = "requests.\(index)"
            if let part = BatchBody.part(element, name: name, needsPath: true, errors: &errors) {
                parts.append(part)
            }
        }
    }

    /// The members of `object`, and those of `defaults` that it does not have, at any depth.
    private static func merge(_ defaults: JSONObject, under object: JSONObject) -> JSONObject {
        var merged = object
        for (key, value) in defaults.members {
            guard let own = merged[key] else {
                merged[key] = value
                continue
            }
            if let inner = value.object, let ownInner = own.object {
                merged[key] = .object(merge(inner, under: ownInner))
            }
        }
        return merged
    }

    private static func part(
        _ value: JSONValue, name: String, needsPath: Bool, errors: inout ValidationErrors
    ) -> Part? {
        guard let members = RequestBody.members(of: value, name, keys: keys, &errors) else {
            return nil
        }
        var part = Part()
        if let method = RequestBody.text(members, "method", name, &errors) {
            part.method = method
            if !methods.contains(method) {
                let known = methods.joined(separator: ", ")
                errors.add(.body, "\(name).method", "\"\(method)\" is not one of \(known)")
            }
        }
        let path = RequestBody.text(members, "path", name, isRequired: needsPath, &errors)
        if let path {
            part.path = path
            if !path.utf8.starts(with: "/".utf8) {
                errors.add(.body, "\(name).path", "String does not match expected pattern")
            }
        }
        if let headers = members["headers"] {
            part.headers = self.headers(headers, name: "\(name).headers", errors: &errors)
        }
        if let body = members["body"] {
            if let object = body.object {
                part.body = object.isEmpty ? nil : object
            } else {
                errors.add(.body, "\(name).body", RequestBody.notMapping(body))
            }
        }
        return part
    }

    private static func headers(
        _ value: JSONValue, name: String, errors: inout ValidationErrors
    ) -> [(name: String, value: String)] {
        guard let members = value.object else {
            errors.add(.body, name, RequestBody.notMapping(value))
            return []
        }
        let pairs = members.members.compactMap { member in
            member.value.string.map { (name: member.key, value: $0) }
        }
        if pairs.count < members.count {
            errors.add(.body, name, "\(JSONWriter.string(value)) contains non string value")
        }
        return pairs
    }
}
