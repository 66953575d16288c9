// SPDX-License-Identifier: MIT
//
// Paths and the endpoints they lead to. Segments are compared after percent-decoding, as the
// reference does; ids are not checked here, because a bad id is another answer than no endpoint.

import Core
import Wire

/// What a path leads to.
enum Route: Equatable {
    /// `/v1/`.
    case hello
    /// `/v1/__heartbeat__`: is the storage well?
    case heartbeat
    /// `/v1/__lbheartbeat__`: is the server there?
    case loadBalancerHeartbeat
    /// `/v1/__version__`.
    case version
    /// `/v1/__broadcasts__`.
    case broadcasts
    /// `/v1/batch`.
    case batch
    /// A list of objects.
    case list(ListAddress)
    /// An object.
    case object(ListAddress, id: String)
    /// `/v1/buckets/monitor/collections/changes/records`.
    case monitorRecords
    /// `/v1/buckets/monitor/collections/changes/stream`.
    case monitorStream
    /// `/v1/buckets/B/collections/C/changeset`.
    case changeset(CollectionPath)
    /// A path of no version: the same below the version.
    case unversioned
    /// Nothing. The cases: the path has another version; a slash at its end, or one missing
    /// behind the version, may be the only fault.
    case nothing(isOtherVersion: Bool)
    /// The path cannot be decoded.
    case undecodable
}

/// Finds the endpoint of a path.
enum Router {
    /// The prefix of every path.
    static let prefix = "/v1"

    /// What `path`, still percent-encoded, leads to.
    ///
    /// - Parameter hasChanges: Whether the changes endpoints exist.
    /// - Complexity: O(*n*).
    static func route(_ path: Substring, hasChanges: Bool) -> Route {
        let decoded: String
        do {
            decoded = try PercentEncoding.decode(path)
        } catch {
            return .undecodable
        }
        guard decoded.utf8.first == UInt8(ascii: "/") else { return .nothing(isOtherVersion: true) }
        guard hasVersion(decoded) else { return .unversioned }
        guard decoded.utf8.starts(with: prefix.utf8) else { return .nothing(isOtherVersion: true) }
        var segments = decoded.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard segments.removeFirst() == "v1", !segments.isEmpty else {
            return .nothing(isOtherVersion: false)
        }
        if segments.count > 1, segments.contains(where: \.isEmpty) {
            return .nothing(isOtherVersion: false)
        }
        if segments[0] == "buckets" {
            return resource(segments, hasChanges: hasChanges) ?? .nothing(isOtherVersion: false)
        }
        return utility(segments, hasChanges: hasChanges) ?? .nothing(isOtherVersion: false)
    }

    /// Whether the first segment is a version: `v` and a digit.
    private static func hasVersion(_ path: String) -> Bool {
        let bytes = path.utf8.dropFirst().prefix(2)
        guard bytes.count == 2, bytes.first == UInt8(ascii: "v"), let digit = bytes.last else {
            return false
        }
        return digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9")
    }

    private static func utility(_ segments: [String], hasChanges: Bool) -> Route? {
        guard segments.count == 1 else { return nil }
        switch segments[0] {
        case "": return .hello
        case "__heartbeat__": return .heartbeat
        case "__lbheartbeat__": return .loadBalancerHeartbeat
        case "__version__": return .version
        case "__broadcasts__": return hasChanges ? .broadcasts : nil
        case "batch": return .batch
        case _: return nil
        }
    }

    private static func resource(_ segments: [String], hasChanges: Bool) -> Route? {
        switch segments.count {
        case 1: return .list(.buckets)
        case 2: return .object(.buckets, id: segments[1])
        case 3, 4:
            let list: ListAddress
            switch segments[2] {
            case "groups": list = .groups(bucket: segments[1])
            case "collections": list = .collections(bucket: segments[1])
            case _: return nil
            }
            return segments.count == 3 ? .list(list) : .object(list, id: segments[3])
        case 5, 6:
            guard segments[2] == "collections" else { return nil }
            let path = CollectionPath(bucket: segments[1], collection: segments[3])
            switch (segments[4], segments.count) {
            case ("records", 5):
                return hasChanges && path == .monitorChanges
                    ? .monitorRecords : .list(.records(path))
            case ("records", _): return .object(.records(path), id: segments[5])
            case ("changeset", 5): return hasChanges ? .changeset(path) : nil
            case ("stream", 5):
                return hasChanges && path == .monitorChanges ? .monitorStream : nil
            case (_, _): return nil
            }
        case _: return nil
        }
    }
}
