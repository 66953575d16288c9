// SPDX-License-Identifier: MIT

import Core

/// Whole numbers in queries, with the reference's tolerance for their spelling.
enum QueryInteger {
    /// What a parameter comes to.
    enum Outcome {
        /// It is empty: as if it were not there.
        case absent
        /// The number.
        case value(Int64)
        /// What is wrong with it.
        case invalid(String)
    }

    /// Reads a number from zero to 2⁶³.
    static func read(_ parameter: RequestQuery.Parameter) -> Outcome {
        switch parameter.native {
        case .null: return .absent
        case .bool(let bool): return .invalid("\"\(bool)\" is not a number")
        case .number(let number): return bounded(number)
        case .string(let text):
            let text = text.trimmingWhiteSpace()
            if text.isEmpty { return .absent }
            guard isInteger(text) else { return .invalid("\"\(text)\" is not a number") }
            let spelling = text.utf8.first == UInt8(ascii: "+") ? String(text.dropFirst()) : text
            return bounded(JSONNumber(uncheckedSpelling: spelling))
        case .array(let elements):
            if elements.isEmpty { return .absent }
            return .invalid("\"\(JSONWriter.string(parameter.native))\" is not a number")
        case .object(let object):
            if object.isEmpty { return .absent }
            return .invalid("\"\(JSONWriter.string(parameter.native))\" is not a number")
        }
    }

    private static func isInteger(_ text: String) -> Bool {
        let hasSign = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
        let digits = text.utf8.dropFirst(hasSign ? 1 : 0)
        return !digits.isEmpty
            && digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    private static func bounded(_ number: JSONNumber) -> Outcome {
        if let integer = number.integer {
            guard integer >= 0 else {
                return .invalid("\(integer) is less than minimum value 0")
            }
            return .value(integer)
        }
        let double = number.double
        guard double < 0x1p63 else {
            return .invalid(
                "\(number.spelling) is greater than maximum value 9223372036854775808")
        }
        guard double > -1 else {
            return .invalid("\(number.spelling) is less than minimum value 0")
        }
        return .value(Int64(double))
    }
}
