// SPDX-License-Identifier: MIT
//
// One TCP address, listened on by every loop with a socket of its own (SO_REUSEPORT), so that the
// kernel spreads the connections.
//
// SO_REUSEPORT would also let two servers share a port by mistake. So the first socket binds and
// listens without it, which fails if anybody else listens there, whatever options they have; only
// then the option is set and the other sockets join. From the first `listen` on, nobody else can
// take the port by accident.

import CLinux
import Core
import Glibc

/// Makes the listening sockets of a host and port.
struct TCPListener {
    /// A numeric address of the host.
    private struct HostAddress {
        var storage: sockaddr_storage
        let length: socklen_t
        let text: String
    }

    private static let portAttemptsMax = 16

    private let listener: ListenerID
    private let host: String
    private let port: UInt16
    private let addresses: [HostAddress]

    /// Finds out the addresses of a host name or numeric address.
    ///
    /// - Throws: `ReactorError.badAddress`.
    init(host: String, port: UInt16, listener: ListenerID) throws(ReactorError) {
        self.listener = listener
        self.host = host
        self.port = port
        addresses = try Self.resolve(host)
    }

    /// Listens on every address with one socket per loop.
    ///
    /// With port 0 the first address picks a port, which the others must be able to have too.
    ///
    /// - Returns: The sockets of each loop.
    /// - Throws: `ReactorError`.
    func listen(loops: Int) throws(ReactorError) -> [[ListeningSocket]] {
        var attempt = 1
        while true {
            do throws(ReactorError) {
                return try listenOnce(loops: loops)
            } catch {
                guard case .addressInUse = error, port == 0, attempt < Self.portAttemptsMax else {
                    throw error
                }
                attempt += 1
            }
        }
    }

    private func listenOnce(loops: Int) throws(ReactorError) -> [[ListeningSocket]] {
        var perLoop = [[ListeningSocket]](repeating: [], count: loops)
        var port = self.port
        var firstProblem: ReactorError?
        for address in addresses {
            do throws(ReactorError) {
                let first = try makeSocket(address, port: port, sharesPort: false)
                let bound = hg_bound_port(first.descriptor.raw)
                _ = hg_set_reuse_port(first.descriptor.raw)
                var sockets = [first]
                while sockets.count < loops {
                    sockets.append(try makeSocket(address, port: bound, sharesPort: true))
                }
                for index in 0..<loops { perLoop[index].append(sockets[index]) }
                port = bound
            } catch {
                // A name may stand for an address that this machine lacks, such as `::1`.
                guard case .badAddress = error else { throw error }
                firstProblem = firstProblem ?? error
            }
        }
        if perLoop[0].isEmpty, let firstProblem { throw firstProblem }
        return perLoop
    }

    private func makeSocket(
        _ address: HostAddress, port: UInt16, sharesPort: Bool
    ) throws(ReactorError) -> ListeningSocket {
        let name = ListenAddress.tcp(host: address.text, port: port).description
        var storage = address.storage
        hg_set_port(&storage, port)
        let raw = hg_stream_socket(Int32(storage.ss_family))
        guard raw >= 0 else { throw ListeningSocket.bindError(hg_errno(), name) }
        let descriptor = Descriptor(adopting: raw)
        // So that connections of a predecessor that still linger do not keep the port.
        _ = hg_set_reuse_address(raw)
        if sharesPort { _ = hg_set_reuse_port(raw) }
        if storage.ss_family == AF_INET6 { _ = hg_set_ipv6_only(raw, hg_is_ipv6_any(&storage) ^ 1) }
        // Accepted sockets inherit it on Linux: one system call less for each.
        _ = hg_set_no_delay(raw)
        guard hg_bind(raw, &storage, address.length) == 0,
            Glibc.listen(raw, Int32(Limits.listenBacklogMax)) == 0
        else { throw ListeningSocket.bindError(hg_errno(), name) }
        let bound = ListenAddress.tcp(host: address.text, port: hg_bound_port(raw))
        return ListeningSocket(descriptor, listener: listener, address: bound)
    }

    private static func resolve(_ host: String) throws(ReactorError) -> [HostAddress] {
        var name = host[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        guard !name.isEmpty else { throw .badAddress("the host to listen on is empty") }
        var list: UnsafeMutablePointer<addrinfo>?
        let result = hg_resolve(String(name), &list)
        guard result == 0 else {
            throw .badAddress("\(host): \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(list) }
        var found: [HostAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            if let address = hostAddress(entry) { found.append(address) }
        }
        let addresses = distinct(found, by: \.text)
        if addresses.isEmpty { throw .badAddress("\(host) has no address") }
        return addresses
    }

    /// The first of those with equal keys, at most `Limits.addressesPerListenerMax`.
    ///
    /// - Complexity: O(*n*) in the number of values.
    static func distinct<Value>(_ values: [Value], by key: (Value) -> String) -> [Value] {
        var seen: Set<String> = []
        let distinct = values.filter { seen.insert(key($0)).inserted }
        return Array(distinct.prefix(Limits.addressesPerListenerMax))
    }

    private static func hostAddress(_ entry: addrinfo) -> HostAddress? {
        guard entry.ai_family == AF_INET || entry.ai_family == AF_INET6,
            let source = entry.ai_addr
        else { return nil }
        var storage = sockaddr_storage()
        memcpy(&storage, source, Int(entry.ai_addrlen))
        let length = Int(NI_MAXHOST)
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: length) { text in
            let result = getnameinfo(
                source, entry.ai_addrlen, text.baseAddress, socklen_t(length), nil, 0,
                NI_NUMERICHOST)
            guard result == 0, let start = text.baseAddress else { return "?" }
            return String(cString: start)
        }
        return HostAddress(storage: storage, length: entry.ai_addrlen, text: text)
    }
}
