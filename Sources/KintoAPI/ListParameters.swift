// SPDX-License-Identifier: MIT

import Core

/// The parameters of a list that have names of their own.
struct ListParameters {
    /// `_limit`: nil if it is not there, 0 if it is empty or zero.
    var limit: Int64?
    /// `_sort`.
    var sort: [String] = []
    /// `_fields`.
    var fields: [String] = []
    /// `_token`.
    var token: String?
    /// What else was asked for, with the values of the parameters.
    var conditions: [(name: String, value: JSONValue)] = []

    /// Reads a query, noting what is invalid.
    ///
    /// - Complexity: O(size of the query).
    init(_ query: RequestQuery, errors: inout ValidationErrors) {
        for parameter in query.parameters {
            let name = parameter.name
            switch name {
            case "_limit":
                limit = ListParameters.integer(parameter, &errors) ?? 0
            case "_sort": sort = parameter.words
            case "_fields": fields = parameter.words
            case "_token": token = parameter.values[0].isEmpty ? nil : parameter.values[0]
            case "_since", "_to", "_before", "last_modified":
                let value = ListParameters.integer(parameter, &errors)
                conditions.append((name, value.map(JSONValue.integer) ?? .string("")))
            case "id":
                let value = parameter.native
                let text = value.string ?? parameter.values.joined(separator: ",")
                conditions.append((name, .string(text)))
            case _: conditions.append((name, ListParameters.value(of: parameter)))
            }
        }
    }

    private static func integer(
        _ parameter: RequestQuery.Parameter, _ errors: inout ValidationErrors
    ) -> Int64? {
        switch QueryInteger.read(parameter) {
        case .absent: return nil
        case .value(let value): return value
        case .invalid(let description):
            errors.add(.query, parameter.name, description)
            return nil
        }
    }

    /// The value of a filter: lists where the name asks for several values.
    private static func value(of parameter: RequestQuery.Parameter) -> JSONValue {
        if parameter.name.hasPrefix("contains_") {
            let native = parameter.native
            return native.array == nil ? .array([native]) : native
        }
        if parameter.name.hasPrefix("in_") || parameter.name.hasPrefix("exclude_") {
            return .array(parameter.words.map(RequestQuery.native))
        }
        return parameter.native
    }
}
