// SPDX-License-Identifier: MIT

import Core

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
    /// Megaphone's `/v1/broadcasts`.
    case megaphone
    /// Megaphone's `/v1/broadcasts/{broadcaster}/{channel}`.
    case announcement(broadcaster: String, channel: String)
    /// `/v1/push`: the WebSocket that browsers listen on.
    case push
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
    /// `/v1/buckets/monitor/collections/changes/ticket`.
    case streamTicket
    /// `/v1/buckets/B/collections/C/stream`.
    case stream(CollectionPath)
    /// `/v1/buckets/B/collections/C/changeset`.
    case changeset(CollectionPath)
    /// `/v1/buckets/default` and all below it, where the user's own bucket is: the segments behind.
    case defaultBucket([String])
    /// `/v1/permissions`: what the user was granted.
    case permissions
    /// `/v1/__flush__`: everything is removed.
    case flush
    /// `/v1/__api__`: the description of the API for programs.
    case api
    /// `/v1/__streams__`: the description of the streams for programs.
    case streamsDocument
    /// `/v1/contribute.json`.
    case contribute
    /// `/v1/__metrics__`.
    case metrics
    /// A file of `/v1/dashboard/`; nil for that path without its slash.
    case dashboard(file: String?)
    /// `/v1/buckets/B/snapshot/collections/C@TIMESTAMP`: its last segment is still in one.
    case snapshot(bucket: String, String)
    /// No endpoint.
    case nowhere(DeadEnd)
}

extension Route {
    /// Whether the answer depends on who asks, so that logins are verified before.
    var asksForIdentity: Bool {
        switch self {
        case .hello, .batch, .list, .object, .changeset, .monitorRecords, .snapshot, .stream,
            .streamTicket, .permissions, .flush, .defaultBucket:
            true
        case .heartbeat, .loadBalancerHeartbeat, .version, .broadcasts, .monitorStream, .metrics,
            .dashboard, .api, .streamsDocument, .contribute, .megaphone, .announcement, .push,
            .nowhere:
            false
        }
    }
}

/// Why a path leads to no endpoint.
enum DeadEnd: Equatable {
    /// It has no version: it may lead somewhere below the version.
    case unversioned
    /// It has another version.
    case otherVersion
    /// Nothing is there. A slash at its end, or one missing behind the version, may be the only
    /// fault.
    case unknown
    /// It cannot be decoded.
    case undecodable
}
