// SPDX-License-Identifier: MIT

import Core
import Wire

/// `If-Match` and `If-None-Match` as the reference reads them: one number in double quotes, or `*`.
struct Preconditions: Sendable {
    /// What a field asks for.
    enum Condition: Equatable {
        /// `*`: anything there.
        case any
        /// Exactly this timestamp.
        case timestamp(Timestamp)
    }

    /// `If-Match`.
    let ifMatch: Condition?
    /// `If-None-Match`.
    let ifNoneMatch: Condition?

    /// Reads the fields of a request, noting what is invalid.
    init(_ fields: HTTPFields, errors: inout ValidationErrors) {
        ifMatch = Preconditions.condition("If-Match", fields, &errors)
        ifNoneMatch = Preconditions.condition("If-None-Match", fields, &errors)
    }

    private static func condition(
        _ name: String, _ fields: HTTPFields, _ errors: inout ValidationErrors
    ) -> Condition? {
        guard let value = fields[name], !value.isEmpty else { return nil }
        if value == "*" { return .any }
        let digits = value.utf8.dropFirst().dropLast()
        let isQuoted =
            value.utf8.count > 2 && value.utf8.first == UInt8(ascii: "\"")
            && value.utf8.last == UInt8(ascii: "\"")
        guard isQuoted,
            digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else {
            errors.add(.header, name, "The value should be integer between double quotes.")
            return nil
        }
        // A number of more digits than a timestamp has is that of no object.
        let number = DecimalNumber.parse(digits, digitsMax: 18) ?? .max
        return .timestamp(Timestamp(milliseconds: number))
    }

    /// Whether what the client has of a thing with this timestamp is still good.
    func isUnmodified(_ timestamp: Timestamp) -> Bool { ifNoneMatch == .timestamp(timestamp) }

    /// Refuses to go on if the thing is not what the client thinks it is.
    ///
    /// - Parameters:
    ///   - exists: Whether there is such a thing; lists always exist.
    ///   - timestamp: Its timestamp, or that of the list it is not in.
    ///   - existing: The object as it is, to be shown to the client.
    /// - Throws: `APIError`, a 412.
    func check(exists: Bool, timestamp: Timestamp, existing: JSONObject?) throws(APIError) {
        guard isBroken(exists: exists, timestamp: timestamp) else { return }
        var error = APIError(
            status: 412, number: .modifiedMeanwhile, message: "Resource was modified meanwhile",
            details: existing.map { ["existing": .object($0)] })
        var fields = Reply(status: 412)
        fields.setTimestamp(timestamp)
        error.fields = fields.fields
        throw error
    }

    /// Whether there is anything to check.
    var isEmpty: Bool { ifMatch == nil && ifNoneMatch == nil }

    private func isBroken(exists: Bool, timestamp: Timestamp) -> Bool {
        if ifNoneMatch == .any, exists { return true }
        switch ifMatch {
        case nil: return false
        case .any: return !exists
        case .timestamp(let expected): return !exists || expected != timestamp
        }
    }
}
