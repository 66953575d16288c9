// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Answers the root and the endpoints that say how the server is.
struct UtilityEndpoint: Sendable {
    /// The version of Kinto's HTTP API that is spoken.
    static let apiVersion = "1.23"

    /// The request.
    let exchange: Exchange

    /// What the root needs: the storage, to tell users their groups.
    func hello(_ service: KintoService) -> Plan {
        if exchange.identity.isAnonymous {
            return .answer(exchange.finish(hello(principals: [])))
        }
        return service.reading(exchange) { reader in
            self.hello(principals: try self.exchange.identity.principals(reader))
        }
    }

    /// What the heartbeat needs: an answer of the storage.
    func heartbeat(_ service: KintoService) -> Plan {
        if let reply = UtilityEndpoint.draining(service.pages) {
            return .answer(exchange.finish(reply))
        }
        return service.reading(exchange) { reader in
            _ = try reader.timestamp(of: .buckets)
            return UtilityEndpoint.heartbeat(isWell: true)
        }
    }

    /// The heartbeat of a server whose storage is well or not.
    static func heartbeat(isWell: Bool) -> Reply {
        Reply(
            status: isWell ? 200 : 503,
            json: [
                "storage": .bool(isWell), "permission": .bool(isWell), "cache": .bool(isWell),
            ])
    }

    /// The heartbeats of a server that is about to end; nil if it is not.
    static func draining(_ pages: (any ServerPages)?) -> Reply? {
        guard pages?.isDraining ?? false else { return nil }
        return Reply(status: 503, json: ["draining": true])
    }

    /// What is running.
    ///
    /// - Throws: `APIError`, 500, if the file that should tell it is not there.
    func version() throws(APIError) -> Reply {
        switch exchange.settings.versionDocument {
        case .own:
            Reply(json: [
                "name": .string(exchange.settings.projectName),
                "version": .string(exchange.settings.projectVersion),
            ])
        case .file(let content): Reply(json: content)
        case .missing: throw exchange.service.programmaticError
        }
    }

    /// What it needs to remove everything: objects, permissions and what the service remembers of
    /// them. The changes that this makes reach streams as tombstones.
    func flush(_ service: KintoService) -> Plan {
        service.writing(exchange) { transaction in
            try transaction.removeEverything()
            service.tokens.removeAll()
            return Reply(status: 202, json: [:])
        }
    }

    private func hello(principals: Set<String>) -> Reply {
        let settings = exchange.settings
        var body: [JSONObject.Member] = [
            ("project_name", .string(settings.projectName)),
            ("project_version", .string(settings.projectVersion)),
            ("http_api_version", .string(UtilityEndpoint.apiVersion)),
            ("project_docs", .string(settings.projectDocs)),
            ("url", .string("\(exchange.origin)\(Router.prefix)/")),
            ("config", .null),
        ]
        if let end = settings.endOfService { body.append(("eos", .string(end))) }
        body.append(
            (
                "settings",
                [
                    "batch_max_requests": .integer(Int64(settings.batchRequestsMax)),
                    "readonly": .bool(settings.isReadOnly),
                    "explicit_permissions": .bool(settings.hasExplicitPermissions),
                ]
            ))
        if let userID = exchange.identity.userID {
            let others = principals.subtracting([userID]).sorted()
            var user = JSONObject([
                ("id", .string(userID)),
                ("principals", .array(([userID] + others).map(JSONValue.string))),
            ])
            if settings.hasDefaultBucket {
                user["bucket"] = exchange.identity.defaultBucket(settings).map(JSONValue.string)
            }
            body.append(("user", .object(user)))
        }
        body.append(("capabilities", .object(capabilities)))
        var reply = Reply(json: .object(JSONObject(body)))
        if settings.isReadOnly {
            reply.setCache(seconds: settings.rootCacheSeconds, now: exchange.now)
        }
        return reply
    }

    private var capabilities: JSONObject {
        let settings = exchange.settings
        var capabilities = JSONObject()
        if settings.hasAccounts {
            capabilities["accounts"] = [
                "description": "Manage user accounts.",
                "url": "https://kinto.readthedocs.io/en/latest/api/1.x/accounts.html",
                "validation_enabled": false,
            ]
        }
        if settings.hasBasicAuth {
            capabilities["basicauth"] = [
                "description": "Very basic authentication sessions. Not for production use.",
                "url": "http://kinto.readthedocs.io/en/stable/api/1.x/authentication.html",
            ]
        }
        if settings.hasDefaultBucket {
            capabilities["default_bucket"] = [
                "description": .string(
                    "The default bucket is an alias for a personal bucket where collections are "
                        + "created implicitly."),
                "url": .string(
                    "https://kinto.readthedocs.io/en/latest/api/1.x/"
                        + "buckets.html#personal-bucket-default"),
            ]
        }
        if settings.hasPermissionsEndpoint {
            capabilities["permissions_endpoint"] = [
                "description": .string(
                    "The permissions endpoint can be used to list all user objects permissions."),
                "url": .string(
                    "https://kinto.readthedocs.io/en/latest/configuration/"
                        + "settings.html#activating-the-permissions-endpoint"),
            ]
        }
        if settings.hasFlush {
            capabilities["flush_endpoint"] = [
                "description": .string(
                    "The __flush__ endpoint can be used to remove all data from all backends."),
                "url": "https://kinto.readthedocs.io/en/latest/api/1.x/flush.html",
            ]
        }
        if settings.hasHistory { capabilities["history"] = settings.history.capability }
        if settings.hasChanges {
            let collections = settings.changesResources.map(JSONValue.string)
            capabilities["changes"] = [
                "description": .string(
                    "Track modifications of records in Kinto and store the collection timestamps "
                        + "into a specific bucket and collection."),
                "url": .string(
                    "http://kinto.readthedocs.io/en/latest/tutorials/"
                        + "synchronisation.html#polling-for-remote-changes"),
                "version": .string(settings.projectVersion),
                "collections": .array(collections),
            ]
            let stream = JSONValue.string(StreamPath.monitorChanges)
            capabilities["streams"] = [
                "description": "Changes as they happen, over Server-Sent Events and WebSocket.",
                "url": .string("\(exchange.origin)\(Router.prefix)\(StreamPath.monitorChanges)"),
                "sse": stream, "websocket": stream,
                "collection": .string(StreamPath.collection),
                "include": ["changes"], "ticket": .string(StreamPath.ticket),
                "asyncapi": .string(StreamPath.document),
            ]
        }
        return capabilities
    }
}
