// SPDX-License-Identifier: MIT

import Core
import Reactor

/// The addresses an operator writes: `http://HOST:PORT` or `unix:/path`.
extension ListenAddress {
    /// Reads `http://HOST:PORT` (IPv6 in brackets) or `unix:/path`; nil for anything else.
    ///
    /// - Complexity: O(length of `text`).
    package init?(parsing text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            let isUsable =
                path.hasPrefix("/") && path.utf8.count > 1
                && path.utf8.count <= Limits.unixSocketPathBytesMax
                && !path.utf8.contains { $0 < 0x20 }
            guard isUsable else { return nil }
            self = .unix(path: path)
            return
        }
        guard text.hasPrefix("http://") else { return nil }
        var authority = text.dropFirst("http://".count)
        if authority.last == "/" { authority = authority.dropLast() }
        guard let colon = authority.lastIndex(of: ":"),
            let port = Self.port(authority[colon...].dropFirst())
        else { return nil }
        var host = authority[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard Self.isHost(host) else { return nil }
        self = .tcp(host: String(host), port: port)
    }

    /// Reads a port: 1 to 5 digits, at most 65535; nil for anything else.
    package static func port(_ text: some StringProtocol) -> UInt16? {
        guard let number = DecimalNumber.parse(text.utf8, digitsMax: 5), number >= 0,
            text.utf8.first != UInt8(ascii: "-")
        else { return nil }
        return UInt16(exactly: number)
    }

    /// Whether a text could be a host name or an address, IPv6 without its brackets.
    ///
    /// - Complexity: O(length of `text`).
    package static func isHost(_ text: some StringProtocol) -> Bool {
        let count = text.utf8.count
        guard count > 0, count <= Limits.hostNameBytesMax else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"):
                true
            default: false
            }
        }
    }
}
