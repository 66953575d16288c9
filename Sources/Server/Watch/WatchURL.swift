// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Wire

/// Where `heliograph watch` connects: the base address of a server, or a stream's own.
package struct WatchURL: Equatable, Sendable {
    /// The server.
    package let server: ServerURL
    /// Path and query of the stream.
    package let target: String

    /// Reads `http[s]://HOST[:PORT][/v1][/…/stream][?query]` and adds resources to the query.
    ///
    /// A URL that does not lead to a stream already is taken for the base address of a server, with
    /// or without its version.
    ///
    /// - Returns: Nil if it is not such a URL.
    package init?(_ text: String, resources: [String] = []) {
        guard let server = ServerURL(text) else { return nil }
        self.server = server
        let isStream = server.path.hasSuffix("/stream")
        let path = isStream ? server.path : server.apiPath + StreamPath.monitorChanges
        var query = server.query
        for resource in resources {
            if !query.isEmpty { query += "&" }
            query += "resource=" + PercentEncoding.encode(resource, for: .queryComponent)
        }
        target = query.isEmpty ? path : "\(path)?\(query)"
    }
}
