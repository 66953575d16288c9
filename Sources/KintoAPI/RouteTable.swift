// SPDX-License-Identifier: MIT
//
// Every endpoint there can be. To add one: its case in `Route`, its row here, and its line in the
// switch of `KintoService+Dispatch.swift`. All else (methods, CORS, 405, documents) follows.

import Core
import Wire

/// The table that paths are looked up in.
enum RouteTable {
    /// The rows. Where two fit a path, the one with a literal segment goes first, wherever it
    /// stands.
    static let endpoints: [Endpoint] =
        [
            utilities, resources, changes,
            history,
            broadcasts,
            pages,
        ].flatMap { $0 }

    private static let utilities: [Endpoint] = [
        reading(
            "/", Operation(.get, "server_info", "Tell what the server is, and who you are")
        ) { _ in .hello },
        reading(
            "/__heartbeat__", Operation(.get, "__heartbeat__", "Tell whether the storage is well")
        ) { _ in .heartbeat },
        reading(
            "/__lbheartbeat__", Operation(.get, "__lbheartbeat__", "Tell that the server is there")
        ) { _ in .loadBalancerHeartbeat },
        reading(
            "/__version__", Operation(.get, "__version__", "Tell what is running")
        ) { _ in .version },
        reading(
            "/__api__", Operation(.get, "get_openapi_spec", "Describe the API for programs")
        ) { _ in .api },
        reading(
            StreamPath.document, exists: \.hasBroadcasts,
            Operation(.get, "get_asyncapi_spec", "Describe the streams for programs")
        ) { _ in .streamsDocument },
        reading(
            "/contribute.json",
            Operation(.get, "contribute", "Tell how to take part in the project")
        ) { _ in .contribute },
        Endpoint(
            template: PermissionsEndpoint.path, methods: [.head, .get, .options], exposed: .list,
            readsBody: true, exists: \.hasPermissionsEndpoint,
            operations: [
                Operation(
                    .get, "get_permissionss", "List what you were granted", tag: "Permissionss",
                    .list)
            ]
        ) { _ in .permissions },
        Endpoint(
            template: "/__flush__", methods: [.post, .options], exists: \.hasFlush,
            operations: [
                Operation(.post, "create_flush", "Remove everything", tag: "Flush", .flush)
            ]
        ) { _ in .flush },
        Endpoint(
            template: "/batch", methods: [.post, .options], readsBody: true,
            operations: [
                Operation(.post, "batch", "Send several requests in one", tag: "Batch", .batch)
            ]
        ) { _ in .batch },
    ]

    private static let resources: [Endpoint] =
        resource(.bucket, at: "/buckets") { _ in .buckets }
        + resource(.group, at: "/buckets/{bucket_id}/groups") { .groups(bucket: $0[0]) }
        + resource(.collection, at: "/buckets/{bucket_id}/collections") {
            .collections(bucket: $0[0])
        }
        + resource(
            .record, at: "/buckets/{bucket_id}/collections/{collection_id}/records"
        ) { .records(CollectionPath(bucket: $0[0], collection: $0[1])) }
        + resource(.account, at: "/accounts", exists: \.hasAccounts) { _ in .accounts }

    private static let changes: [Endpoint] = [
        Endpoint(
            template: "\(CollectionPath.monitorChanges.uri)/records",
            methods: [.get, .head, .options], switchName: "plural_changes", exposed: .monitor,
            readsBody: true,
            exists: \.hasChanges,
            operations: [
                Operation(
                    .get, "get_changess", "List the collections, the last changed first",
                    tag: "Changes", .list)
            ]
        ) { _ in .monitorRecords },
        reading(
            StreamPath.monitorChanges, exists: \.hasChanges,
            Operation(
                .get, "stream_changes", "Stream the collections that change", tag: "Changes",
                .stream)
        ) { _ in .monitorStream },
        Endpoint(
            template: StreamPath.ticket, methods: [.post, .options], exists: \.hasChanges,
            operations: [
                Operation(
                    .post, "create_stream_ticket", "Get a ticket that opens one stream",
                    tag: "Changes")
            ]
        ) { _ in .streamTicket },
        reading(
            StreamPath.collection, exists: \.hasChanges,
            Operation(
                .get, "stream_collection", "Stream the changes of a collection", tag: "Changes",
                .collectionStream)
        ) { .stream(CollectionPath(bucket: $0[0], collection: $0[1])) },
        Endpoint(
            template: "/buckets/{bucket_id}/collections/{collection_id}/changeset",
            methods: [.get, .head, .options], readsBody: true, exists: \.hasChanges,
            operations: [
                Operation(
                    .get, "get_changeset", "Show a collection and what changed in it",
                    tag: "Changes", .changeset)
            ]
        ) { .changeset(CollectionPath(bucket: $0[0], collection: $0[1])) },
    ]

    private static let broadcasts: [Endpoint] = [
        reading(
            "/__broadcasts__", exists: \.hasBroadcasts,
            Operation(
                .get, "get_broadcasts", "Tell the versions to broadcast", tag: "Broadcasts")
        ) { _ in .broadcasts },
        reading(
            "/broadcasts", exists: \.hasMegaphone,
            Operation(
                .get, "read_broadcasts", "Tell a push service the versions to broadcast",
                tag: "Broadcasts")
        ) { _ in .megaphone },
        Endpoint(
            template: "/broadcasts/{broadcaster}/{channel}", methods: [.put, .options],
            exists: \.hasMegaphone,
            operations: [
                Operation(
                    .put, "announce_broadcast", "Announce a version, which is the body",
                    tag: "Broadcasts", .announcement)
            ]
        ) { .announcement(broadcaster: $0[0], channel: $0[1]) },
        reading(
            StreamPath.push, exists: \.hasBroadcasts,
            Operation(
                .get, "listen_for_broadcasts", "Have broadcasts pushed to a browser",
                tag: "Broadcasts", .webSocket)
        ) { _ in .push },
    ]

    private static let pages: [Endpoint] = [
        reading(
            "/__metrics__",
            Operation(.get, "metrics", "Show the server's figures", .page(["text/plain"]))
        ) { _ in .metrics },
        reading(
            "/dashboard",
            Operation(.get, "redirect_to_dashboard", "Lead to the dashboard", .redirect)
        ) { _ in .dashboard(file: nil) },
        reading(
            "/dashboard/", Operation(.get, "dashboard", "Show the dashboard", .page(["text/html"]))
        ) { _ in .dashboard(file: "") },
        reading(
            "/dashboard/{file}",
            Operation(
                .get, "dashboard_file", "Get a part of the dashboard",
                .page(["text/css", "text/javascript", "image/svg+xml"]))
        ) { .dashboard(file: $0[0]) },
    ]

    private static let history: [Endpoint] = [
        Endpoint(
            template: "/buckets/{bucket_id}/history", methods: [.get, .head, .delete, .options],
            switchName: "plural_history",
            exposed: .monitor, readsBody: true, exists: \.hasHistory,
            operations: [
                Operation(
                    .get, "get_history", "List the changes of a bucket and what is in it",
                    tag: "History", .list),
                Operation(
                    .delete, "delete_history", "Delete entries of the history", tag: "History",
                    .deletion),
            ]
        ) { .list(.history(bucket: $0[0])) },
        reading(
            "/buckets/{bucket_id}/snapshot/collections/{collection_id}@{timestamp}",
            exists: \.hasHistory,
            Operation(
                .get, "get_history_snapshot", "Show a collection as it was", tag: "History")
        ) { .snapshot(bucket: $0[0], $0[1]) },
    ]

    /// An endpoint that is read, without a body.
    private static func reading(
        _ template: String,
        exists: @escaping @Sendable (KintoSettings) -> Bool = { _ in true },
        _ operation: Operation, route: @escaping @Sendable (PathVariables) -> Route
    ) -> Endpoint {
        Endpoint(
            template: template, methods: [.get, .head, .options], exists: exists,
            operations: [operation], route: route)
    }

    /// The two endpoints of a kind of objects: the list, and below it the object.
    private static func resource(
        _ kind: ResourceKind, at template: String,
        exists: @escaping @Sendable (KintoSettings) -> Bool = { _ in true },
        address: @escaping @Sendable (PathVariables) -> ListAddress
    ) -> [Endpoint] {
        let place = template.split(separator: "/").count { $0.first == "{" }
        return [
            Endpoint(
                template: template, methods: [.head, .get, .post, .delete, .options],
                switchName: "plural_\(kind.rawValue)", exposed: .list, readsBody: true,
                exists: exists,
                operations: Operation.ofList(kind)
            ) { .list(address($0)) },
            Endpoint(
                template: "\(template)/{id}",
                methods: [.get, .head, .put, .patch, .delete, .options],
                switchName: "object_\(kind.rawValue)", exposed: .object, readsBody: true,
                exists: exists,
                operations: Operation.ofObject(kind)
            ) { .object(address($0), id: $0[place]) },
        ]
    }
}

extension Operation {
    /// What can be done with a list of objects.
    fileprivate static func ofList(_ kind: ResourceKind) -> [Operation] {
        let (name, plural) = (kind.rawValue, kind.plural)
        let tag = plural.prefix(1).uppercased() + plural.dropFirst()
        return [
            Operation(.get, "get_\(plural)", "List \(plural)", tag: tag, .list),
            Operation(.post, "create_\(name)", "Create a \(name)", tag: tag, .creation),
            Operation(.delete, "delete_\(plural)", "Delete \(plural)", tag: tag, .deletion),
        ]
    }

    /// What can be done with an object.
    fileprivate static func ofObject(_ kind: ResourceKind) -> [Operation] {
        let (name, plural) = (kind.rawValue, kind.plural)
        let tag = plural.prefix(1).uppercased() + plural.dropFirst()
        return [
            Operation(.get, "get_\(name)", "Show a \(name)", tag: tag, .object),
            Operation(
                .put, "update_\(name)", "Create or replace a \(name)", tag: tag, .replacement),
            Operation(.patch, "patch_\(name)", "Change a part of a \(name)", tag: tag, .change),
            Operation(.delete, "delete_\(name)", "Delete a \(name)", tag: tag, .removal),
        ]
    }
}
