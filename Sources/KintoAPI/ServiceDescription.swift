// SPDX-License-Identifier: MIT

import Core
import Synchronization
import Wire

/// What documents for programs tell of the service as a whole.
package struct ServiceDescription: Hashable, Sendable {
    /// Its name.
    package let title: String
    /// The version of the HTTP API.
    package let version: String
    /// `http` or `https`.
    package let scheme: String
    /// The host that the client reached it by, with the port.
    package let host: String
    /// What all paths begin with.
    package let basePath: String
    /// Whether users can say who they are by HTTP's Basic authentication.
    package let hasBasicAuth: Bool
    /// Whether users can say who they are in any way, all of which are HTTP's Basic authentication.
    package let hasUsers: Bool
    /// Whether there are streams of changes.
    package let hasChanges: Bool
    /// Whether the stream of the monitored collections shows each only to who may read it.
    package let changesArePrivate: Bool
    /// Whether there are broadcasts.
    package let hasBroadcasts: Bool

    /// What a client that reached the service by `host` is told.
    init(_ settings: KintoSettings, host: String) {
        title = settings.projectName
        version = UtilityEndpoint.apiVersion
        scheme = settings.httpScheme ?? "http"
        self.host = host
        basePath = Router.prefix
        hasBasicAuth = settings.hasBasicAuth
        hasUsers = !settings.authenticationPolicies.isEmpty
        hasChanges = settings.hasChanges
        changesArePrivate = settings.changesArePrivate
        hasBroadcasts = settings.hasBroadcasts
    }
}

extension Exchange {
    /// What documents tell the client of the service.
    var serviceDescription: ServiceDescription { ServiceDescription(settings, host: host) }
}

/// A document that depends on nothing but what it tells of the service: the last one is kept, as
/// nearly all clients reach a server by the same host.
package final class RememberedDocument: Sendable {
    private let last = Mutex<(service: ServiceDescription, file: StaticFile)?>(nil)
    private let make: @Sendable (ServiceDescription) -> JSONValue

    /// Makes a memory of what `make` makes.
    package init(_ make: @escaping @Sendable (ServiceDescription) -> JSONValue) {
        self.make = make
    }

    /// The document for a service.
    ///
    /// - Complexity: O(1) if it is the last one's, else O(size of the document).
    package func file(_ service: ServiceDescription) -> StaticFile {
        if let last = last.withLock({ $0 }), last.service == service { return last.file }
        let file = StaticFile(document: make(service))
        last.withLock { $0 = (service, file) }
        return file
    }
}
