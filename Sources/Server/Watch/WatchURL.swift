// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Wire

/// Where `heliograph watch` connects: the base address of a server, or a stream's own.
package struct WatchURL: Equatable, Sendable {
    /// Host name or address, without brackets.
    package let host: String
    /// The port; 80 if the URL has none.
    package let port: UInt16
    /// Path and query of the stream.
    package let target: String
    /// The value of `Host`.
    package let authority: String

    /// Reads `http://HOST[:PORT][/v1][/…/stream][?query]` and adds resources to the query.
    ///
    /// A URL that does not lead to a stream already is taken for the base address of a server, with
    /// or without its version.
    ///
    /// - Returns: Nil if it is not such a URL. TLS is left to a proxy or `curl`.
    package init?(_ text: String, resources: [String] = []) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst("http://".count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        var host = authority
        var port: UInt16 = 80
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            guard let number = DecimalNumber.parse(digits.utf8, digitsMax: 5),
                let exact = UInt16(exactly: number)
            else { return nil }
            port = exact
        }
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.host = String(host)
        self.port = port
        self.authority = String(authority)
        let tail = rest[end...]
        var path = String(tail.prefix { $0 != "?" && $0 != "#" })
        var query = ""
        if let mark = tail.firstIndex(of: "?") {
            query = String(tail[tail.index(after: mark)...].prefix { $0 != "#" })
        }
        if !path.hasSuffix("/stream") {
            while path.hasSuffix("/") { path.removeLast() }
            if path.isEmpty { path = "/v1" }
            path += StreamPath.monitorChanges
        }
        for resource in resources {
            if !query.isEmpty { query += "&" }
            query += "resource=" + PercentEncoding.encode(resource, for: .queryComponent)
        }
        target = query.isEmpty ? path : "\(path)?\(query)"
    }
}
