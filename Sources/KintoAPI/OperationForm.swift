// SPDX-License-Identifier: MIT

import Core

/// What the requests and answers of an operation look like, as far as documents tell it.
enum OperationForm: Sendable {
    /// Nothing is given; the answer is a JSON object of its own kind.
    case plain
    /// Read a list of objects, or of entries like objects.
    case list
    /// Add to a list.
    case creation
    /// Delete from a list.
    case deletion
    /// Read an object.
    case object
    /// Put an object.
    case replacement
    /// Patch an object.
    case change
    /// Delete an object.
    case removal
    /// Several requests in one.
    case batch
    /// A collection with what changed in it.
    case changeset
    /// The stream of the monitor feed.
    case stream
    /// The stream of one collection.
    case collectionStream
    /// Announce a version of a broadcast.
    case announcement
    /// A WebSocket, and nothing else.
    case webSocket
    /// Something for people, of one of these media types.
    case page([String])
    /// An address that only leads elsewhere.
    case redirect
    /// Everything is removed.
    case flush

    /// The parameters beside the path's, by their names in `OpenAPIParts.parameters`.
    var parameters: [String] {
        let conditions = ["If-Match", "If-None-Match"]
        let page = [
            "_limit", "_sort", "_token", "_since", "_to", "_before", "id", "last_modified",
        ]
        switch self {
        case .plain, .batch, .flush, .page, .redirect, .announcement, .webSocket: return []
        case .list: return page + ["_fields"] + conditions
        case .deletion: return page + conditions
        case .object: return ["_fields"] + conditions
        case .creation, .replacement: return conditions
        case .change: return conditions + ["Response-Behavior"]
        case .removal: return ["last_modified"] + conditions
        case .changeset: return ["_expected", "_since", "_limit", "bucket", "collection"]
        case .stream: return ["_since", "bucket", "collection", "resource", "Last-Event-ID"]
        case .collectionStream: return ["_since", "Last-Event-ID"]
        }
    }

    /// The name of the body and of its definition, nil if there is none.
    var body: String? {
        switch self {
        case .creation, .replacement, .change: "ObjectSchema"
        case .batch: "BatchPayloadSchema"
        case .plain, .list, .deletion, .object, .removal, .changeset, .stream, .collectionStream,
            .flush, .page, .redirect, .announcement, .webSocket:
            nil
        }
    }

    /// The media types of the body.
    var consumes: [String] {
        switch self {
        case .creation, .replacement, .batch: ["application/json"]
        case .change: ["application/json", "application/merge-patch+json"]
        case .announcement: ["text/plain"]
        case .plain, .list, .deletion, .object, .removal, .changeset, .stream, .collectionStream,
            .flush, .page, .redirect, .webSocket:
            []
        }
    }

    /// The media types of the answer.
    var produces: [String] {
        switch self {
        case .stream, .collectionStream: ["text/event-stream"]
        case .page(let types): types
        case .plain, .list, .creation, .deletion, .object, .replacement, .change, .removal,
            .batch, .changeset, .flush, .redirect, .announcement, .webSocket:
            ["application/json"]
        }
    }

    /// The definitions of the answers that are no errors, by status; nil for what is not JSON.
    var answers: [(status: Int, definition: String?)] {
        switch self {
        case .plain: [(200, "Anything")]
        case .list, .deletion: [(200, "ListSchema")]
        case .creation, .replacement: [(200, "ObjectSchema"), (201, "ObjectSchema")]
        case .object, .change: [(200, "ObjectSchema")]
        case .removal: [(200, "TombstoneSchema")]
        case .batch: [(200, "BatchResponseBodySchema")]
        case .changeset: [(200, "ChangesetSchema")]
        case .stream, .collectionStream, .page: [(200, nil)]
        case .flush: [(202, "Anything")]
        case .announcement: [(200, "Anything"), (201, "Anything")]
        case .redirect, .webSocket: []
        }
    }

    /// The statuses of answers without the operation's own content, in `OpenAPIParts.responses`.
    var otherStatuses: [Int] {
        let refusals = [400, 401, 403, 406, 412]
        switch self {
        case .plain, .batch, .flush, .page: return [400]
        case .redirect: return [307]
        case .announcement: return [400, 401, 403]
        case .webSocket: return [426, 503]
        case .list: return [304] + refusals
        case .deletion: return refusals
        case .object: return [304] + refusals + [404]
        case .creation, .replacement: return refusals + [415]
        case .change: return refusals + [404, 415]
        case .removal: return refusals + [404]
        case .changeset: return [304, 307, 400, 401, 403, 404]
        case .stream: return [400, 503]
        case .collectionStream: return [400, 401, 403, 503]
        }
    }

    /// Whether who asks makes a difference.
    var asksForUser: Bool {
        switch self {
        case .plain, .batch, .stream, .flush, .page, .redirect, .announcement, .webSocket:
            false
        case .list, .creation, .deletion, .object, .replacement, .change, .removal, .changeset,
            .collectionStream:
            true
        }
    }

    /// What there is to say beyond the summary, nil if nothing.
    var description: String? {
        switch self {
        case .list, .deletion:
            let prefixes = Comparison.allCases.map { "`\($0.rawValue)_`" }
            return "Any other parameter is a filter: the name of a member, dots leading into "
                + "objects, or that behind one of \(prefixes.joined(separator: ", "))."
        case .stream, .collectionStream:
            return "Server-Sent Events, or WebSocket if the request asks for that upgrade."
        case .plain, .creation, .object, .replacement, .change, .removal, .batch, .changeset,
            .flush, .page, .redirect, .announcement, .webSocket:
            return nil
        }
    }
}
