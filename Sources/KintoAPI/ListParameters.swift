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
            case "_token":
                let text = ListParameters.text(parameter, &errors) ?? ""
                token = text.isEmpty ? nil : text
            case "_since", "_to", "_before", "last_modified":
                let value = ListParameters.integer(parameter, &errors)
                let absent: JSONValue = parameter.native.isNull ? .null : .string("")
                conditions.append((name, value.map(JSONValue.integer) ?? absent))
            case "id":
                guard let text = ListParameters.text(parameter, &errors) else { continue }
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

    /// The text that a parameter is or spells in JSON. Truth values stand for themselves.
    private static func text(
        _ parameter: RequestQuery.Parameter, _ errors: inout ValidationErrors
    ) -> String? {
        switch parameter.native {
        case .string(let text): return text
        case .null, .bool: return parameter.values[0]
        case .number, .array, .object:
            let name = parameter.name
            errors.add(.query, name, RequestBody.notText(parameter.native, name: name))
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
