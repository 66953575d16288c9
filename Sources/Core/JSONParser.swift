// SPDX-License-Identifier: MIT
//
// A strict JSON reader (RFC 8259): UTF-8 only, no byte-order mark, no trailing commas, no NaN, no
// lone surrogates, one value and nothing behind it. Depth is bounded, so the recursion is too.
// Helpers take an index and return the next one: captured mutable state in byte loops is slow.

/// Reads JSON texts into `JSONValue`s.
package enum JSONParser {
    /// What is wrong with a text, and at which byte.
    package struct SyntaxError: Error, Equatable, CustomStringConvertible {
        /// What was found.
        package enum Reason: String, Equatable, Sendable {
            /// The text ends within a value.
            case unexpectedEnd = "unexpected end of data"
            /// A byte that cannot stand there.
            case unexpectedByte = "unexpected character"
            /// The text goes on behind the value.
            case trailingBytes = "unexpected content after document"
            /// Arrays and objects nest deeper than allowed.
            case tooDeep = "nested too deeply"
            /// A number that RFC 8259 does not spell so.
            case badNumber = "invalid number"
            /// An escape that does not exist, or half a surrogate pair.
            case badEscape = "invalid escape sequence"
            /// A control character within a text.
            case controlCharacter = "control character in string"
            /// Bytes that are not UTF-8.
            case badUTF8 = "invalid UTF-8"
        }

        /// What was found.
        package let reason: Reason
        /// The place, in bytes from the start.
        package let offset: Int

        package var description: String { "\(reason.rawValue): byte \(offset)" }
    }

    /// Reads the one value that `bytes` are.
    ///
    /// - Parameter depthMax: How deep arrays and objects may nest.
    /// - Throws: `SyntaxError`.
    /// - Complexity: O(*n*).
    package static func parse(
        _ bytes: [UInt8], depthMax: Int = Limits.jsonDepthMax
    ) throws(SyntaxError) -> JSONValue {
        var result: Result<JSONValue, SyntaxError> = .success(.null)
        bytes.withUnsafeBufferPointer { buffer in
            result = Result { () throws(SyntaxError) in
                try Reader(bytes: buffer, depthMax: depthMax).document()
            }
        }
        return try result.get()
    }

    /// Reads the one value that `text` is.
    ///
    /// - Throws: `SyntaxError`.
    /// - Complexity: O(*n*).
    package static func parse(_ text: String) throws(SyntaxError) -> JSONValue {
        try parse(Array(text.utf8))
    }
}

private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    let depthMax: Int

    typealias Failure = JSONParser.SyntaxError

    func document() throws(Failure) -> JSONValue {
        if let offset = UTF8Validation.firstInvalidByte(in: bytes) {
            throw Failure(reason: .badUTF8, offset: offset)
        }
        let (value, end) = try value(at: skipSpace(0), depth: 0)
        let rest = skipSpace(end)
        guard rest == bytes.count else { throw Failure(reason: .trailingBytes, offset: rest) }
        return value
    }

    func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return index
            }
        }
        return index
    }

    func byte(at index: Int) throws(Failure) -> UInt8 {
        guard index < bytes.count else { throw Failure(reason: .unexpectedEnd, offset: index) }
        return bytes[index]
    }

    func value(at index: Int, depth: Int) throws(Failure) -> (JSONValue, Int) {
        switch try byte(at: index) {
        case UInt8(ascii: "{"): return try object(at: index, depth: depth + 1)
        case UInt8(ascii: "["): return try array(at: index, depth: depth + 1)
        case UInt8(ascii: "\""):
            let (text, next) = try string(at: index)
            return (.string(text), next)
        case UInt8(ascii: "t"): return (.bool(true), try word("true", at: index))
        case UInt8(ascii: "f"): return (.bool(false), try word("false", at: index))
        case UInt8(ascii: "n"): return (.null, try word("null", at: index))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let next = try number(at: index)
            let spelling = String(decoding: bytes[index..<next], as: UTF8.self)
            return (.number(JSONNumber(uncheckedSpelling: spelling)), next)
        default: throw Failure(reason: .unexpectedByte, offset: index)
        }
    }

    func word(_ word: StaticString, at index: Int) throws(Failure) -> Int {
        for offset in 0..<word.utf8CodeUnitCount {
            guard try byte(at: index + offset) == word.utf8Start[offset] else {
                throw Failure(reason: .unexpectedByte, offset: index + offset)
            }
        }
        return index + word.utf8CodeUnitCount
    }

    func array(at start: Int, depth: Int) throws(Failure) -> (JSONValue, Int) {
        guard depth <= depthMax else { throw Failure(reason: .tooDeep, offset: start) }
        var elements: [JSONValue] = []
        var index = skipSpace(start + 1)
        if try byte(at: index) == UInt8(ascii: "]") { return (.array([]), index + 1) }
        while true {
            let (element, next) = try value(at: index, depth: depth)
            elements.append(element)
            index = skipSpace(next)
            switch try byte(at: index) {
            case UInt8(ascii: ","): index = skipSpace(index + 1)
            case UInt8(ascii: "]"): return (.array(elements), index + 1)
            default: throw Failure(reason: .unexpectedByte, offset: index)
            }
        }
    }

    func object(at start: Int, depth: Int) throws(Failure) -> (JSONValue, Int) {
        guard depth <= depthMax else { throw Failure(reason: .tooDeep, offset: start) }
        var members: [JSONObject.Member] = []
        var index = skipSpace(start + 1)
        if try byte(at: index) == UInt8(ascii: "}") { return (.object(JSONObject()), index + 1) }
        while true {
            guard try byte(at: index) == UInt8(ascii: "\"") else {
                throw Failure(reason: .unexpectedByte, offset: index)
            }
            let (key, afterKey) = try string(at: index)
            index = skipSpace(afterKey)
            guard try byte(at: index) == UInt8(ascii: ":") else {
                throw Failure(reason: .unexpectedByte, offset: index)
            }
            let (member, next) = try value(at: skipSpace(index + 1), depth: depth)
            members.append((key, member))
            index = skipSpace(next)
            switch try byte(at: index) {
            case UInt8(ascii: ","): index = skipSpace(index + 1)
            case UInt8(ascii: "}"): return (.object(JSONObject(members)), index + 1)
            default: throw Failure(reason: .unexpectedByte, offset: index)
            }
        }
    }

    /// Returns the index behind the number at `start`.
    func number(at start: Int) throws(Failure) -> Int {
        var index = start
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let integerStart = index
        index = digits(from: index)
        guard index > integerStart,
            bytes[integerStart] != UInt8(ascii: "0") || index == integerStart + 1
        else { throw Failure(reason: .badNumber, offset: start) }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            let fraction = digits(from: index + 1)
            guard fraction > index + 1 else { throw Failure(reason: .badNumber, offset: start) }
            index = fraction
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count,
                bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
            {
                index += 1
            }
            let exponent = digits(from: index)
            guard exponent > index else { throw Failure(reason: .badNumber, offset: start) }
            index = exponent
        }
        return index
    }

    func digits(from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] >= UInt8(ascii: "0"),
            bytes[index] <= UInt8(ascii: "9")
        {
            index += 1
        }
        return index
    }

    func string(at start: Int) throws(Failure) -> (String, Int) {
        var index = start + 1
        while true {
            while index + ByteWord.count <= bytes.count,
                !ByteWord(bytes, at: index).hasEndOfJSONText
            {
                index += ByteWord.count
            }
            let byte = try byte(at: index)
            if byte == UInt8(ascii: "\"") {
                return (String(decoding: bytes[(start + 1)..<index], as: UTF8.self), index + 1)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(at: start, from: index) }
            guard byte >= 0x20 else { throw Failure(reason: .controlCharacter, offset: index) }
            index += 1
        }
    }

    /// Goes on with a string whose first escape is at `firstEscape`.
    func escapedString(at start: Int, from firstEscape: Int) throws(Failure) -> (String, Int) {
        var text = Array(bytes[(start + 1)..<firstEscape])
        var index = firstEscape
        while true {
            let byte = try byte(at: index)
            if byte == UInt8(ascii: "\"") {
                return (String(decoding: text, as: UTF8.self), index + 1)
            }
            if byte == UInt8(ascii: "\\") {
                index = try escape(at: index, into: &text)
                continue
            }
            guard byte >= 0x20 else { throw Failure(reason: .controlCharacter, offset: index) }
            text.append(byte)
            index += 1
        }
    }

    func escape(at index: Int, into text: inout [UInt8]) throws(Failure) -> Int {
        switch try byte(at: index + 1) {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return try unicodeEscape(at: index, into: &text)
        default: throw Failure(reason: .badEscape, offset: index)
        }
        return index + 2
    }

    func unicodeEscape(at index: Int, into text: inout [UInt8]) throws(Failure) -> Int {
        var code = try hexadecimal4(at: index + 2)
        var next = index + 6
        if code >= 0xD800, code < 0xDC00 {
            guard try byte(at: next) == UInt8(ascii: "\\"),
                try byte(at: next + 1) == UInt8(ascii: "u")
            else { throw Failure(reason: .badEscape, offset: index) }
            let low = try hexadecimal4(at: next + 2)
            guard low >= 0xDC00, low < 0xE000 else {
                throw Failure(reason: .badEscape, offset: index)
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            next += 6
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw Failure(reason: .badEscape, offset: index)
        }
        text.append(contentsOf: UTF8.encode(scalar)!)
        return next
    }

    func hexadecimal4(at index: Int) throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for offset in 0..<4 {
            let byte = try byte(at: index + offset)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32((byte | 0x20) - UInt8(ascii: "a") + 10)
            default: throw Failure(reason: .badEscape, offset: index)
            }
        }
        return value
    }
}
