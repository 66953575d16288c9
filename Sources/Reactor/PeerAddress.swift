// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Who is at the other end of a connection, without the port.
package enum PeerAddress: Hashable, Sendable {
    /// An IPv4 address in host order: 127.0.0.1 is `0x7F000001`. Also for IPv4 over an IPv6 socket.
    case ipv4(UInt32)
    /// The 16 bytes of an IPv6 address as two numbers, first byte highest.
    case ipv6(high: UInt64, low: UInt64)
    /// A process of this machine, through a socket file.
    case unix

    /// Reads what the kernel said; IPv4-mapped addresses (RFC 4291, 2.5.5.2) become IPv4 ones.
    init(_ peer: hg_peer) {
        switch peer.family {
        case AF_INET: self = .ipv4(peer.ipv4)
        case AF_INET6 where peer.ipv6_high == 0 && peer.ipv6_low >> 32 == 0xFFFF:
            self = .ipv4(UInt32(truncatingIfNeeded: peer.ipv6_low))
        case AF_INET6: self = .ipv6(high: peer.ipv6_high, low: peer.ipv6_low)
        default: self = .unix
        }
    }
}

extension PeerAddress: CustomStringConvertible {
    /// The numeric address (IPv6 as in RFC 5952), or `unix`.
    package var description: String {
        switch self {
        case .ipv4(let number):
            return "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
        case .ipv6(let high, let low):
            let numbers = [high.bigEndian, low.bigEndian]
            let length = Int(INET6_ADDRSTRLEN)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { text in
                guard inet_ntop(AF_INET6, numbers, text.baseAddress, socklen_t(length)) != nil,
                    let start = text.baseAddress
                else { return "?" }
                return String(cString: start)
            }
        case .unix:
            return "unix"
        }
    }
}
