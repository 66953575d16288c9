// SPDX-License-Identifier: MIT

import Wire

/// One row of the route table: where an endpoint is, what it takes, and what it leads to.
struct Endpoint: Sendable {
    /// The path behind the version. A segment in braces is a variable; a literal segment goes
    /// before a variable in the same place.
    let template: String
    /// The methods, in the order that `Allow` tells them.
    var methods: [HTTPMethod]
    /// What settings that switch off a method call it, such as `plural_bucket`; nil if none can.
    var switchName: String?
    /// The fields that its answers expose.
    var exposed = ExposedFields.plain
    /// Whether the body of a request is looked at.
    var readsBody = false
    /// Whether the endpoint is there.
    var exists: @Sendable (KintoSettings) -> Bool = { _ in true }
    /// What documents about the endpoint tell of each method but `HEAD` and `OPTIONS`.
    let operations: [Operation]
    /// What a path leads to, by its variables.
    let route: @Sendable (PathVariables) -> Route

    /// The names of the variables of its path, from left to right.
    ///
    /// - Complexity: O(length of the template).
    var variableNames: [String] {
        template.split(separator: "{").dropFirst().map { String($0.prefix { $0 != "}" }) }
    }

    /// The value of `Allow`.
    var allowed: String { methods.map(\.name).joined(separator: ", ") }

    /// The endpoint without the methods that the settings switch off.
    ///
    /// Those of a list are switched off one by one; where an object cannot be had with `GET`,
    /// `HEAD` has nothing to tell either.
    func reduced(by settings: KintoSettings) -> Endpoint {
        guard let switchName else { return self }
        let isReading: Set<HTTPMethod> = [.get, .head, .options]
        var reduced = self
        reduced.methods.removeAll { method in
            let word = method == .head && exposed == .object ? HTTPMethod.get : method
            return settings.disabledEndpoints.contains("\(switchName)_\(word.name.lowercased())")
                || settings.isReadOnly && !isReading.contains(method)
        }
        return reduced
    }

    /// What settings that switch off its methods are called, without `_enabled`.
    var switches: [String] {
        guard let switchName else { return [] }
        return methods.filter { $0 != .options }.map { "\(switchName)_\($0.name.lowercased())" }
    }

    /// The fields that answers to `method` expose; none for a method the endpoint does not have.
    func exposedFields(_ method: HTTPMethod) -> [String] {
        methods.contains(method) ? exposed.fields(method) : []
    }

    /// Those fields, as a field's value.
    func exposedText(_ method: HTTPMethod) -> String {
        guard methods.contains(method) else { return "" }
        if exposed == .plain || method != .get && method != .head {
            return ExposedFields.defaultsText
        }
        return exposed.fields(method).joined(separator: ", ")
    }

    /// The fields that answers to some method expose.
    var allExposedFields: [String] { exposedFields(methods.contains(.head) ? .head : .post) }
}

/// The variable segments of a path, decoded, from left to right.
struct PathVariables {
    /// The segments.
    let segments: [String]

    /// The variable in a place, 0 for the first.
    subscript(place: Int) -> String { segments[place] }
}

/// The fields that answers expose to scripts (CORS).
enum ExposedFields {
    /// Those that answers of any endpoint expose.
    case plain
    /// Those and the fields of an object.
    case object
    /// Those and the fields of a list.
    case list
    /// Those of a list without totals.
    case monitor

    /// The fields that answers of any endpoint expose.
    static let defaults = ["Backoff", "Retry-After", "Alert", "Content-Length", "Content-Type"]

    /// The same as the value of a field.
    static let defaultsText = defaults.joined(separator: ", ")

    /// The fields that answers to `method` expose.
    func fields(_ method: HTTPMethod) -> [String] {
        guard method == .get || method == .head else { return ExposedFields.defaults }
        let cached = ["Last-Modified", "ETag", "Cache-Control", "Expires", "Pragma"]
        switch self {
        case .plain: return ExposedFields.defaults
        case .object: return ExposedFields.defaults + cached
        case .monitor: return ExposedFields.defaults + ["Next-Page"] + cached
        case .list:
            let totals = method == .head ? ["Total-Objects", "Total-Records"] : []
            return ExposedFields.defaults + ["Next-Page"] + cached + totals
        }
    }
}
