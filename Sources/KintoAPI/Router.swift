// SPDX-License-Identifier: MIT
//
// Finds the row of a path: the table becomes a tree of segments once, when the service is made.
// Segments are compared after percent-decoding, as the reference does; ids are not checked here,
// because a bad id is another answer than no endpoint.

import Core
import Wire

/// Finds the endpoint of a path.
struct Router: Sendable {
    /// The prefix of every path.
    static let prefix = "/v1"

    /// The endpoints that are there.
    let endpoints: [Endpoint]
    private let hasDefaultBucket: Bool
    private var nodes = [Node()]

    /// Where a path has come to after some segments.
    private struct Node {
        var literals: [(segment: String, node: Int)] = []
        var variable: Int?
        var endpoint: Int?
    }

    /// Where a path leads, and the endpoint there.
    struct Match {
        /// What it leads to.
        let route: Route
        /// The endpoint; nil if it leads nowhere.
        var endpoint: Endpoint?
    }

    /// Makes a router for the endpoints that the settings let be there.
    ///
    /// - Complexity: O(size of the table).
    init(_ settings: KintoSettings) {
        endpoints = RouteTable.endpoints.filter { $0.exists(settings) }
            .map { $0.reduced(by: settings) }
        hasDefaultBucket = settings.hasDefaultBucket
        for (place, endpoint) in endpoints.enumerated() { insert(endpoint, at: place) }
    }

    /// What `path`, still percent-encoded, leads to.
    ///
    /// - Complexity: O(*n*).
    func match(_ path: Substring) -> Match {
        let decoded: String
        do {
            decoded = try PercentEncoding.decode(path)
        } catch {
            return Match(route: .nowhere(.undecodable))
        }
        let prefix = Router.prefix.utf8
        guard decoded.utf8.first == UInt8(ascii: "/") else {
            return Match(route: .nowhere(.otherVersion))
        }
        guard Router.hasVersion(decoded) else { return Match(route: .nowhere(.unversioned)) }
        guard decoded.utf8.starts(with: prefix) else {
            return Match(route: .nowhere(.otherVersion))
        }
        let rest = decoded.utf8.dropFirst(prefix.count)
        guard rest.first == UInt8(ascii: "/") else { return Match(route: .nowhere(.unknown)) }
        let segments = Router.segments(rest.dropFirst())
        if hasDefaultBucket, segments.count > 1, segments[0] == "buckets",
            segments[1] == DefaultBucketEndpoint.alias
        {
            return Match(route: .defaultBucket(segments.dropFirst(2).map(String.init)))
        }
        guard let (endpoint, variables) = find(segments) else {
            return Match(route: .nowhere(.unknown))
        }
        return Match(route: endpoint.route(variables), endpoint: endpoint)
    }

    /// An object that a URI names.
    struct Object {
        /// Its kind.
        let kind: ResourceKind
        /// Its id.
        let id: String
        /// The variables of its endpoint's path, from left to right, by their names there.
        let variables: [(name: String, value: String)]
    }

    /// The object that has a URI, which is decoded and has no version; nil if no endpoint serves
    /// it.
    ///
    /// - Complexity: O(*n*).
    func object(at uri: String) -> Object? {
        guard let (endpoint, variables) = find(Router.segments(uri.utf8.dropFirst())),
            case .object(let list, let id) = endpoint.route(variables)
        else { return nil }
        return Object(
            kind: list.kind, id: id,
            variables: endpoint.variableNames.enumerated().map { ($1, variables[$0]) })
    }

    /// Whether a path, decoded and without version, leads to an endpoint.
    func hasEndpoint(at path: String) -> Bool {
        find(Router.segments(path.utf8.dropFirst())) != nil
    }

    private static func segments(_ path: Substring.UTF8View) -> [Substring] {
        path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map(Substring.init)
    }

    private func find(_ segments: [Substring]) -> (Endpoint, PathVariables)? {
        var variables = PathVariables()
        guard let place = find(segments[...], from: 0, &variables) else { return nil }
        return (endpoints[place], variables)
    }

    /// The place of the endpoint of some segments, of which no two rows share all.
    private func find(
        _ segments: ArraySlice<Substring>, from place: Int, _ variables: inout PathVariables
    ) -> Int? {
        let node = nodes[place]
        guard let segment = segments.first else { return node.endpoint }
        for (literal, next) in node.literals where literal.utf8.elementsEqual(segment.utf8) {
            if let found = find(segments.dropFirst(), from: next, &variables) { return found }
        }
        guard let next = node.variable, !segment.isEmpty else { return nil }
        variables.segments.append(segment)
        if let found = find(segments.dropFirst(), from: next, &variables) { return found }
        variables.segments.removeLast()
        return nil
    }

    private mutating func insert(_ endpoint: Endpoint, at place: Int) {
        var current = 0
        let segments = endpoint.template.dropFirst()
            .split(separator: "/", omittingEmptySubsequences: false)
        for segment in segments {
            let known =
                segment.first == "{"
                ? nodes[current].variable
                : nodes[current].literals.first { $0.segment == segment }?.node
            if let known {
                current = known
                continue
            }
            if segment.first == "{" {
                nodes[current].variable = nodes.count
            } else {
                nodes[current].literals.append((String(segment), nodes.count))
            }
            current = nodes.count
            nodes.append(Node())
        }
        precondition(nodes[current].endpoint == nil, "two rows for \(endpoint.template)")
        nodes[current].endpoint = place
    }

    /// Whether the first segment is a version: `v` and a digit.
    private static func hasVersion(_ path: String) -> Bool {
        let bytes = path.utf8.dropFirst().prefix(2)
        guard bytes.count == 2, bytes.first == UInt8(ascii: "v"), let digit = bytes.last else {
            return false
        }
        return digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9")
    }
}
