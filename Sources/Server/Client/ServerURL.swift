// SPDX-License-Identifier: MIT

import Core

/// The address of a server that the command line's clients connect to.
package struct ServerURL: Equatable, Sendable {
    /// Whether the connection has TLS.
    package let isSecure: Bool
    /// Host name or address, without brackets.
    package let host: String
    /// The port; 80 or 443 if the URL has none.
    package let port: UInt16
    /// The value of `Host`.
    package let authority: String
    /// The path as given, empty if there is none.
    package let path: String
    /// What follows the question mark, empty if nothing does.
    package let query: String

    /// Reads `http[s]://HOST[:PORT][/path][?query]`.
    ///
    /// - Returns: Nil if it is not such a URL, or has a user in it.
    /// - Complexity: O(length of `text`).
    package init?(_ text: String) {
        let scheme = ["http://", "https://"].first(where: text.hasPrefix)
        guard let scheme, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        isSecure = scheme == "https://"
        let rest = text.dropFirst(scheme.count).prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        var host = authority
        var port: UInt16 = scheme == "https://" ? 443 : 80
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
        path = String(tail.prefix { $0 != "?" })
        query = tail.firstIndex(of: "?").map { String(tail[tail.index(after: $0)...]) } ?? ""
    }

    /// The path of the API's root: the URL's path without its last slashes, or `/v1`.
    package var apiPath: String {
        var path = path[...]
        while path.hasSuffix("/") { path = path.dropLast() }
        return path.isEmpty ? "/v1" : String(path)
    }
}
