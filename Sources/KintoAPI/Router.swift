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
        var literals: [(segment: [UInt8], node: Int)] = []
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
        let path = SegmentedPath(decoded)
        guard path.bytes.first == UInt8(ascii: "/") else {
            return Match(route: .nowhere(.otherVersion))
        }
        let version = path.segment(0)
        guard Router.isVersion(version) else { return Match(route: .nowhere(.unversioned)) }
        guard path.bytes.starts(with: Router.prefix.utf8) else {
            return Match(route: .nowhere(.otherVersion))
        }
        guard version.count == Router.prefix.utf8.count - 1, path.count > 1 else {
            return Match(route: .nowhere(.unknown))
        }
        if hasDefaultBucket, path.count > 2, path.segment(1).elementsEqual("buckets".utf8),
            path.segment(2).elementsEqual(DefaultBucketEndpoint.alias.utf8)
        {
            return Match(route: .defaultBucket((3..<path.count).map(path.text)))
        }
        guard let (endpoint, variables) = find(path, from: 1) else {
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
        guard let (endpoint, variables) = find(SegmentedPath(uri), from: 0),
            case .object(let list, let id) = endpoint.route(variables)
        else { return nil }
        return Object(
            kind: list.kind, id: id,
            variables: endpoint.variableNames.enumerated().map { ($1, variables[$0]) })
    }

    /// Whether a path, decoded and without version, leads to an endpoint.
    func hasEndpoint(at path: String) -> Bool {
        find(SegmentedPath(path), from: 0) != nil
    }

    /// The endpoint of a path's segments from one on, and the variables among them.
    private func find(_ path: SegmentedPath, from first: Int) -> (Endpoint, PathVariables)? {
        var variables: [Int] = []
        variables.reserveCapacity(4)
        guard let place = find(path, first, from: 0, &variables) else { return nil }
        return (endpoints[place], PathVariables(segments: variables.map(path.text)))
    }

    /// The place of the endpoint of some segments, of which no two rows share all.
    private func find(
        _ path: SegmentedPath, _ number: Int, from place: Int, _ variables: inout [Int]
    ) -> Int? {
        guard number < path.count else { return nodes[place].endpoint }
        let segment = path.segment(number)
        for literal in nodes[place].literals where segment.elementsEqual(literal.segment) {
            if let found = find(path, number + 1, from: literal.node, &variables) { return found }
        }
        guard let next = nodes[place].variable, !segment.isEmpty else { return nil }
        variables.append(number)
        if let found = find(path, number + 1, from: next, &variables) { return found }
        variables.removeLast()
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
                : nodes[current].literals.first { $0.segment.elementsEqual(segment.utf8) }?.node
            if let known {
                current = known
                continue
            }
            if segment.first == "{" {
                nodes[current].variable = nodes.count
            } else {
                nodes[current].literals.append((Array(segment.utf8), nodes.count))
            }
            current = nodes.count
            nodes.append(Node())
        }
        precondition(nodes[current].endpoint == nil, "two rows for \(endpoint.template)")
        nodes[current].endpoint = place
    }

    /// Whether a segment is that of a version: it begins with `v` and a digit.
    private static func isVersion(_ segment: ArraySlice<UInt8>) -> Bool {
        let bytes = segment.prefix(2)
        guard bytes.count == 2, bytes.first == UInt8(ascii: "v"), let digit = bytes.last else {
            return false
        }
        return digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9")
    }
}

/// A path and where its segments lie, looked at as bytes: to compare them as texts takes much
/// longer.
private struct SegmentedPath {
    let bytes: [UInt8]
    /// Where each slash is, and where one would follow the last segment.
    private var ends: [Int] = []

    /// Cuts a path that begins with a slash.
    init(_ path: String) {
        bytes = Array(path.utf8)
        ends.reserveCapacity(8)
        for place in bytes.indices where bytes[place] == UInt8(ascii: "/") { ends.append(place) }
        ends.append(bytes.count)
    }

    /// How many segments there are.
    var count: Int { ends.count - 1 }

    /// The segment of a number, 0 for the first.
    func segment(_ number: Int) -> ArraySlice<UInt8> {
        bytes[(ends[number] + 1)..<ends[number + 1]]
    }

    /// The same as a text.
    func text(_ number: Int) -> String { String(decoding: segment(number), as: UTF8.self) }
}
