// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// A blocking TCP connection of a client.
struct ClientSocket: ~Copyable {
    /// Why there is no connection, or none any more.
    struct Failure: Error, CustomStringConvertible {
        /// The operating system's reason.
        let description: String
    }

    private let descriptor: Int32

    /// Connects to the first of the host's addresses that answers.
    ///
    /// - Throws: `Failure`.
    init(host: String, port: UInt16) throws(Failure) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            throw Failure(description: "\(host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        var error = ECONNREFUSED
        var address = list
        while let current = address {
            let info = current.pointee
            let candidate = socket(info.ai_family, info.ai_socktype | O_CLOEXEC, info.ai_protocol)
            if candidate >= 0 {
                if connect(candidate, info.ai_addr, info.ai_addrlen) == 0 {
                    descriptor = candidate
                    return
                }
                error = hg_errno()
                close(candidate)
            } else {
                error = hg_errno()
            }
            address = info.ai_next
        }
        throw Failure(description: "\(host):\(port): \(String(cString: strerror(error)))")
    }

    deinit { close(descriptor) }

    /// Sends all of `bytes`.
    ///
    /// - Throws: `Failure`.
    func send(_ bytes: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if hg_errno() == EINTR { continue }
                throw Failure(description: String(cString: strerror(hg_errno())))
            }
            sent += count
        }
    }

    /// Waits for bytes; empty at the end of the connection.
    ///
    /// - Throws: `Failure`.
    func receive() throws(Failure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            if hg_errno() == EINTR { continue }
            throw Failure(description: String(cString: strerror(hg_errno())))
        }
    }
}
