// SPDX-License-Identifier: MIT

import Testing

@testable import Core

@Suite("JSON")
struct JSONTests {
    @Test(
        "is written as it was read: order of members and spelling of numbers",
        arguments: [
            #"{"b":1,"a":[1.50,-0,1e5,12345678901234567890],"é":"\"\\\n\u0001"}"#,
            "[]", "{}", "null", "true", "\"\"", "-0.0e-1",
        ])
    func roundTrip(text: String) throws {
        #expect(JSONWriter.string(try JSONParser.parse(text)) == text)
    }

    @Test(
        "is refused when RFC 8259 does not allow it",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "NaN",
            "Infinity", "'a'", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "nul",
            "1 2", "[1 2]", "\u{FEFF}1", "\"", "{\"a\"}", "tru", "--1", "/**/1",
        ])
    func refusal(text: String) {
        #expect(throws: JSONParser.SyntaxError.self) { try JSONParser.parse(text) }
    }

    @Test("is refused when it is not UTF-8, also within a text")
    func invalidUTF8() {
        for bytes: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5], [0xE2, 0x82], [0xFF]] {
            #expect(throws: JSONParser.SyntaxError.self) {
                try JSONParser.parse([0x22] + bytes + [0x22])
            }
        }
    }

    @Test("may nest as deep as the limit and no deeper")
    func depth() throws {
        let limit = Limits.jsonDepthMax
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        _ = try JSONParser.parse(deepest)
        #expect(throws: JSONParser.SyntaxError.self) { try JSONParser.parse("[\(deepest)]") }
    }

    @Test("reads surrogate pairs and escapes")
    func escapes() throws {
        let value = try JSONParser.parse(#""\ud83d\ude00\/\b\f\n\r\t\u00e9""#)
        #expect(value.string == "😀/\u{8}\u{C}\n\r\té")
    }

    @Test("finds what must be escaped, or must not stand there, wherever it is in a long text")
    func placesInText() throws {
        let specials: [UInt8] = [0x00, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7F]
        for length in 1...20 {
            for place in 0..<length {
                for special in specials {
                    var bytes = [UInt8](repeating: 0x41 + UInt8(place % 3), count: length)
                    bytes[place] = special
                    let text = String(decoding: bytes, as: UTF8.self)
                    let written = JSONWriter.bytes(.string(text))
                    let isEscaped = special < 0x20 || special == 0x22 || special == 0x5C
                    #expect(written.contains(0x5C) == isEscaped)
                    #expect(try JSONParser.parse(written).string == text)
                    if special < 0x20 {
                        let raw = [0x22] + bytes + [0x22]
                        let error = #expect(throws: JSONParser.SyntaxError.self) {
                            try JSONParser.parse(raw)
                        }
                        #expect(error?.reason == .controlCharacter)
                        #expect(error?.offset == place + 1)
                    }
                }
            }
        }
    }

    @Test("finds the first byte that is not UTF-8 wherever it is in a long text")
    func placesOfInvalidUTF8() {
        for length in 1...20 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: 0x41, count: length)
                bytes[place] = 0xFF
                bytes.withUnsafeBufferPointer {
                    #expect(UTF8Validation.firstInvalidByte(in: $0) == place)
                }
            }
        }
    }

    @Test("keeps the last of several members with one key, few or many")
    func duplicateKeys() throws {
        let few = try JSONParser.parse(#"{"a":1,"b":2,"a":3}"#)
        #expect(JSONWriter.string(few) == #"{"a":3,"b":2}"#)
        let many = (0..<40).map { "\"k\($0 % 20)\":\($0)" }.joined(separator: ",")
        let object = try #require(try JSONParser.parse("{\(many)}").object)
        #expect(object.count == 20)
        #expect(object["k3"]?.integer == 23)
    }

    @Test("compares numbers by value and objects whatever their order")
    func equality() throws {
        #expect(try JSONParser.parse("1.0") == JSONParser.parse("1"))
        #expect(try JSONParser.parse(#"{"a":1,"b":[2]}"#) == JSONParser.parse(#"{"b":[2],"a":1}"#))
        #expect(try JSONParser.parse("\"1\"") != JSONParser.parse("1"))
    }
}
