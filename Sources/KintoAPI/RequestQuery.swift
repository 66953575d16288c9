// SPDX-License-Identifier: MIT

import Core
import Wire

/// The parameters of a query by name, in the order of their first appearance.
struct RequestQuery: Sendable {
    /// A parameter and all values it was given.
    struct Parameter: Sendable {
        /// The name.
        let name: String
        /// The values, one at least.
        var values: [String]

        /// What the values mean: a text that is JSON stands for that value, any other text for
        /// itself, several texts for the list of them.
        var native: JSONValue {
            values.count == 1
                ? RequestQuery.native(values[0]) : .array(values.map(JSONValue.string))
        }

        /// The words of a list that commas separate, without empty ones.
        var words: [String] {
            let parts =
                values.count == 1
                ? values[0].split(separator: ",").map(String.init)
                : values
            return parts.filter { !$0.isEmpty }
        }
    }

    /// The parameters.
    private(set) var parameters: [Parameter] = []

    /// Reads a query.
    ///
    /// - Throws: `APIError`, a 400, if it cannot be decoded.
    /// - Complexity: O(*n*²) in the number of parameters, which is limited.
    init(_ query: Substring) throws(APIError) {
        let decoded: QueryString
        do {
            decoded = try QueryString(query)
        } catch {
            throw APIError(
                status: 400, number: .invalidParameters,
                message: "A request with an incorrect encoding in the querystring was received. "
                    + "Please make sure your requests are encoded in UTF-8: \(query)")
        }
        for (name, value) in decoded.parameters {
            if let place = parameters.firstIndex(where: { $0.name.hasSameBytes(as: name) }) {
                parameters[place].values.append(value)
            } else {
                parameters.append(Parameter(name: name, values: [value]))
            }
        }
    }

    /// The parameter of that name, or nil.
    ///
    /// - Complexity: O(*n*) in the number of parameters.
    subscript(name: String) -> Parameter? { parameters.first { $0.name == name } }

    /// The query text of the parameters, without those named in `dropped` and with other values of
    /// those in `changes`, which stand at its end if they were not there.
    ///
    /// - Complexity: O(length of the text).
    func encoded(
        dropping dropped: Set<String> = [], setting changes: [(name: String, value: String)] = []
    ) -> String {
        var pairs: [(String, String)] = []
        for parameter in parameters where !dropped.contains(parameter.name) {
            if let change = changes.first(where: { $0.name == parameter.name }) {
                pairs.append(change)
            } else {
                for value in parameter.values { pairs.append((parameter.name, value)) }
            }
        }
        pairs += changes.filter { dropped.contains($0.name) || self[$0.name] == nil }
        return pairs.map { "\(RequestQuery.encode($0.0))=\(RequestQuery.encode($0.1))" }
            .joined(separator: "&")
    }

    /// The JSON value that `text` spells, or the text itself.
    static func native(_ text: String) -> JSONValue {
        (try? JSONParser.parse(text)) ?? .string(text)
    }

    /// Encodes as forms do: a space becomes a plus sign.
    private static func encode(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false)
            .map { PercentEncoding.encode($0, for: .queryComponent) }.joined(separator: "+")
    }
}
