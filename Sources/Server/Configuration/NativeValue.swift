// SPDX-License-Identifier: MIT

import Core

/// Values as Kinto understands them: a text that is JSON stands for what the JSON says.
///
/// Kinto reads each value through `json.loads` and keeps it as it is if that fails, so
/// `"Client is too old"` and `["a", "b"]` work with their quotes. The rest of the program deals
/// in plain text, so here a string becomes its content, `null` the empty text, and a list one
/// element a line.
enum NativeValue {
    /// The plain text that a value stands for.
    ///
    /// - Complexity: O(length of `text`).
    static func plain(_ text: String) -> String {
        guard let first = text.utf8.first else { return text }
        guard first == UInt8(ascii: "\"") || first == UInt8(ascii: "[") || text == "null",
            let value = try? JSONParser.parse(text)
        else { return text }
        switch value {
        case .null: return ""
        case .string(let content): return content
        case .array(let elements):
            let lines = elements.compactMap(scalar)
            return lines.count == elements.count ? lines.joined(separator: "\n") : text
        case .bool, .number, .object: return text
        }
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let content): content
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): number.spelling
        case .null, .array, .object: nil
        }
    }
}
