// SPDX-License-Identifier: MIT

import Core

/// Where in a request something invalid stands.
enum ErrorLocation: String {
    /// The path.
    case path
    /// The query.
    case query = "querystring"
    /// A header field.
    case header
    /// The body.
    case body
}

/// Everything that is invalid in a request, told at once.
struct ValidationErrors: Sendable {
    /// One thing.
    struct Item: Sendable {
        /// Where it is.
        let location: ErrorLocation
        /// What it is called, nil if it has no name.
        let name: String?
        /// What is wrong with it.
        let description: String
    }

    /// What was found.
    private(set) var items: [Item] = []

    /// Notes something invalid.
    mutating func add(_ location: ErrorLocation, _ name: String?, _ description: String) {
        items.append(Item(location: location, name: name, description: description))
    }

    /// Whether nothing was found.
    var isEmpty: Bool { items.isEmpty }

    /// Throws the answer that tells all that was found, if anything was.
    func check() throws(APIError) {
        if !isEmpty { throw error(isRaised: false) }
    }

    /// The answer: the items sorted by name, the first one also as the message.
    func error(status: Int = 400, isRaised: Bool) -> APIError {
        let sorted = items.enumerated().sorted { left, right in
            let names = (left.element.name ?? "None", right.element.name ?? "None")
            let order = ValueOrder.compareBytes(names.0, names.1)
            return order == 0 ? left.offset < right.offset : order < 0
        }.map(\.element)
        let details = sorted.map { item -> JSONValue in
            [
                "location": .string(item.location.rawValue),
                "name": item.name.map(JSONValue.string) ?? .null,
                "description": .string(item.description),
            ]
        }
        var error = APIError(
            status: status, number: .invalidParameters, title: "Invalid parameters",
            message: sorted.first.map(ValidationErrors.message), details: .array(details))
        error.isRaised = isRaised
        return error
    }

    private static func message(_ item: Item) -> String {
        guard let name = item.name else { return "\(item.location.rawValue): \(item.description)" }
        let isNamed = name.isEmpty || item.description.contains(name)
        return isNamed
            ? item.description : "\(name) in \(item.location.rawValue): \(item.description)"
    }
}
