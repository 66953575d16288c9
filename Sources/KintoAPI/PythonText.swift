// SPDX-License-Identifier: MIT

import Core

/// Writes values as Python does: the reference's messages show them so.
enum PythonText {
    /// A value as `str` writes it: a text is itself.
    ///
    /// - Complexity: O(length of the text).
    static func str(_ value: JSONValue) -> String { value.string ?? repr(value) }

    /// A value as `repr` writes it: a text is in quotes.
    ///
    /// - Complexity: O(length of the text).
    static func repr(_ value: JSONValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let bool): bool ? "True" : "False"
        case .number: JSONWriter.string(value)
        case .string(let text): quoted(text)
        case .array(let elements): "[\(elements.map(repr).joined(separator: ", "))]"
        case .object(let object):
            "{"
                + object.members.map { "\(quoted($0.key)): \(repr($0.value))" }
                .joined(separator: ", ") + "}"
        }
    }

    /// Whether Python takes a value for false.
    static func isFalse(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .bool(let bool): !bool
        case .number(let number): number.double == 0
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        }
    }

    private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "'" where quote == "'": result += "\\'"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                result += "\\x" + Digest.hexadecimal([UInt8(scalar.value)])
            case _: result.unicodeScalars.append(scalar)
            }
        }
        return result + quote
    }
}
