// SPDX-License-Identifier: MIT

import Core

/// Checks values against the part of JSON Schema (draft 7) that documents use; a word of it that
/// is not known here is a violation, too.
struct SchemaValidator {
    /// Whether members that a schema does not name are violations unless it lets others be.
    var isStrict = false

    /// What of `value` is not as `schema` says, each with its place; nothing if all is.
    func violations(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
        guard let words = schema.object else { return ["\(place): no schema"] }
        var violations: [String] = []
        for (word, rule) in words.members {
            violations += check(value, word, rule, place)
        }
        if let members = value.object { violations += check(members, words, place) }
        if let elements = value.array, let items = words["items"] {
            for (number, element) in elements.enumerated() {
                violations += self.violations(element, items, at: "\(place)/\(number)")
            }
        }
        return violations
    }

    private func check(
        _ value: JSONValue, _ word: String, _ rule: JSONValue, _ place: String
    ) -> [String] {
        let isKept: Bool
        switch word {
        case "description", "properties", "additionalProperties", "items": return []
        case "type":
            let names = (rule.array ?? [rule]).compactMap(\.string)
            isKept = names.contains { SchemaValidator.is(value, $0) }
        case "const": isKept = value == rule
        case "enum": isKept = rule.array?.contains(value) ?? false
        case "required":
            let missing = (rule.array ?? []).compactMap(\.string).filter {
                value.object != nil && value.object?[$0] == nil
            }
            return missing.map { "\(place): no \($0)" }
        case "minimum":
            guard case .number(let number) = value, case .number(let least) = rule else {
                return []
            }
            isKept = number >= least
        case "maxItems": isKept = Int64(value.array?.count ?? 0) <= (rule.integer ?? -1)
        case "maxProperties": isKept = Int64(value.object?.count ?? 0) <= (rule.integer ?? -1)
        case "maxLength":
            isKept = Int64(value.string?.unicodeScalars.count ?? 0) <= (rule.integer ?? -1)
        case "pattern":
            guard let text = value.string, let pattern = rule.string else { return [] }
            isKept = (try? Regex(pattern).firstMatch(in: text)) != nil
        case _: return ["\(place): what is \(word)?"]
        }
        return isKept ? [] : ["\(place): not \(word) \(JSONWriter.string(rule))"]
    }

    private func check(
        _ members: JSONObject, _ words: JSONObject, _ place: String
    ) -> [String] {
        let properties = words["properties"]?.object ?? [:]
        return members.members.flatMap { key, value -> [String] in
            let place = "\(place)/\(key)"
            if let schema = properties[key] { return violations(value, schema, at: place) }
            switch words["additionalProperties"] {
            case .bool(true)?: return []
            case .bool(false)?: return ["\(place): not expected"]
            case let schema?: return violations(value, schema, at: place)
            case nil: return isStrict && words["properties"] != nil ? ["\(place): not told of"] : []
            }
        }
    }

    private static func `is`(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"),
            (.object, "object"), (.number, "number"):
            true
        case (.number(let number), "integer"): number.double == number.double.rounded()
        case (_, _): false
        }
    }
}

extension JSONValue {
    /// The value at a JSON pointer, nil if there is none.
    subscript(pointer: String) -> JSONValue? {
        var value: JSONValue? = self
        for part in pointer.split(separator: "/") {
            let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object(let object): value = object[key]
            case .array(let array):
                value = Int(key).flatMap { array.indices.contains($0) ? array[$0] : nil }
            case .null, .bool, .number, .string, nil: return nil
            }
        }
        return value
    }
}
