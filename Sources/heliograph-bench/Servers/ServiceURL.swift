// SPDX-License-Identifier: MIT

import Core
import Glibc

/// The base URL of a server, such as `http://127.0.0.1:8888/v1`: an IPv4 address or `localhost`.
struct ServiceURL: Equatable, CustomStringConvertible {
    /// The host as written, for the `Host` header.
    let host: String
    /// The port, 80 if none is written.
    let port: UInt16
    /// The path without a slash at its end; may be empty.
    let path: String

    /// Reads a URL; nil if it is none that this program can reach.
    init?(parsing text: String) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "?") }) else {
            return nil
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first, !host.isEmpty else { return nil }
        var port: UInt16 = 80
        if parts.count == 2 {
            guard let number = DecimalNumber.parse(parts[1].utf8, digitsMax: 5),
                let exact = UInt16(exactly: number), exact > 0
            else { return nil }
            port = exact
        }
        self.host = String(host)
        self.port = port
        self.path = path
        guard addressBytes != nil else { return nil }
    }

    var description: String { "http://\(authority)\(path)" }

    /// Host and port, as in the `Host` header.
    var authority: String { "\(host):\(port)" }

    /// The request target of `resource`, which begins with a slash.
    func target(_ resource: String) -> String { path + resource }

    /// Whether the address is one of the machine's own, 127.0.0.0/8.
    var isLoopback: Bool { addressBytes?.first == 127 }

    /// The socket address to connect to.
    var socketAddress: sockaddr_in {
        guard let bytes = addressBytes else { preconditionFailure("init checks the host") }
        return .ipv4(bytes, port: port)
    }

    private var addressBytes: [UInt8]? {
        if host == "localhost" { return [127, 0, 0, 1] }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = DecimalNumber.parse(part.utf8, digitsMax: 3),
                let byte = UInt8(exactly: number)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}

extension sockaddr_in {
    /// The address of four bytes, most significant first, and a port.
    static func ipv4(_ bytes: [UInt8], port: UInt16) -> sockaddr_in {
        precondition(bytes.count == 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.bigEndian
        return address
    }

    /// Calls `body` with the address as system calls take it.
    func withSocketAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafeBytes(of: self) { bytes in
            body(
                bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
    }
}
