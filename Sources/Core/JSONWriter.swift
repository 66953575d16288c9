// SPDX-License-Identifier: MIT

/// Writes JSON without white space; text is kept as UTF-8, only what must be is escaped.
package enum JSONWriter {
    /// The JSON text of `value`.
    ///
    /// - Complexity: O(size of the text).
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        append(value, to: &output)
        return output
    }

    /// The JSON text of `value` as a string.
    ///
    /// - Complexity: O(size of the text).
    package static func string(_ value: JSONValue) -> String {
        String(decoding: bytes(value), as: UTF8.self)
    }

    /// Appends the JSON text of `value`.
    ///
    /// - Complexity: O(size of the text).
    package static func append(_ value: JSONValue, to output: inout [UInt8]) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(true): output.append(contentsOf: "true".utf8)
        case .bool(false): output.append(contentsOf: "false".utf8)
        case .number(let number): output.append(contentsOf: number.spelling.utf8)
        case .string(let string): append(string: string, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                append(element, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            append(object, to: &output)
        }
    }

    /// Appends the JSON text of `object`.
    ///
    /// - Complexity: O(size of the text).
    package static func append(_ object: JSONObject, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        appendMembers(object, to: &output)
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the members of `object`, separated by commas, without the braces.
    ///
    /// - Complexity: O(size of the text).
    package static func appendMembers(_ object: JSONObject, to output: inout [UInt8]) {
        var isFirst = true
        for member in object.members {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            append(string: member.key, to: &output)
            output.append(UInt8(ascii: ":"))
            append(member.value, to: &output)
        }
    }

    /// Appends `string` in quotes, with quotes, backslashes and control characters escaped.
    ///
    /// - Complexity: O(*n*).
    package static func append(string: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            var start = 0
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                guard isEscaped(byte) else {
                    index += 1
                    while index + ByteWord.count <= bytes.count,
                        !ByteWord(bytes, at: index).hasEndOfJSONText
                    {
                        index += ByteWord.count
                    }
                    continue
                }
                output.append(contentsOf: bytes[start..<index])
                appendEscaped(byte, to: &output)
                index += 1
                start = index
            }
            output.append(contentsOf: bytes[start..<bytes.count])
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Whether a byte must not stand in a string as it is (RFC 8259, section 7).
    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            output.append(contentsOf: "u00".utf8)
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }
}
