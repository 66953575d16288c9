// SPDX-License-Identifier: MIT

/// Where connections are accepted.
package enum ListenAddress: Hashable, Sendable {
    /// A host name or numeric address and a port; port 0 picks a free one. `::` takes IPv4 too.
    case tcp(host: String, port: UInt16)
    /// A socket file.
    case unix(path: String)
}

extension ListenAddress: CustomStringConvertible {
    /// `127.0.0.1:8888`, `[::1]:8888` or `unix:/path`.
    package var description: String {
        switch self {
        case .tcp(let host, let port):
            host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// The index of a listener in the configuration.
package struct ListenerID: Hashable, Sendable {
    /// The place in `EventLoopConfiguration.listeners`, from 0.
    package let index: Int

    /// Makes the id of the listener at `index`.
    package init(_ index: Int) {
        self.index = index
    }
}

/// One address that is listened on, numeric and with its real port.
package struct BoundAddress: Hashable, Sendable {
    /// The listener it belongs to; a host name may stand for several addresses.
    package let listener: ListenerID
    /// The address.
    package let address: ListenAddress
}
