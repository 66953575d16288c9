// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Testing

@testable import Reactor

@Suite("A listener")
struct ListeningTests {
    private static func tcp(_ host: String, _ port: UInt16 = 0) -> EventLoopConfiguration {
        EventLoopConfiguration(listeners: [.tcp(host: host, port: port)])
    }

    private static func temporaryPath() -> String {
        "/tmp/heliograph-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    }

    @Test("tells its real port, and each loop takes connections there")
    func spread() throws {
        let test = try TestLoop(loops: 2, Self.tcp("127.0.0.1"))
        #expect(test.reactor.boundAddresses.count == 1)
        #expect(test.port != 0)
        let clients = try (0..<64).map { _ in try Client(port: test.port) }
        #expect(test.log.accepted(64).count == 64)
        let first = test.onLoop { $0.connectionCount }
        // The kernel spreads by a hash: 2^-63 that all of them go to one loop.
        #expect(first > 0 && first < 64)
        _ = clients
    }

    @Test(
        "refuses a port that is in use, also by another reactor",
        arguments: [
            "127.0.0.1", "0.0.0.0", "localhost",
        ])
    func inUse(host: String) throws {
        let test = try TestLoop(loops: 2, Self.tcp("127.0.0.1"))
        let error = #expect(throws: ReactorError.self) {
            try EventLoopGroup(loops: 2, configuration: Self.tcp(host, test.port))
        }
        guard case .addressInUse? = error else { return #expect(Bool(false), "\(error as Any)") }
    }

    @Test("can have its port again at once after it stopped with connections open")
    func restart() throws {
        var test: TestLoop? = try TestLoop(loops: 2, Self.tcp("127.0.0.1"))
        let port = test?.port ?? 0
        let client = try Client(port: port)
        _ = test?.log.accepted(1)
        test = nil
        #expect(client.receive() == [])
        let next = try TestLoop(loops: 2, Self.tcp("127.0.0.1", port))
        #expect(next.port == port)
    }

    @Test("listens on every address of a name, on one port")
    func localhost() throws {
        let test = try TestLoop(Self.tcp("localhost"), .echo)
        for bound in test.reactor.boundAddresses {
            guard case .tcp(let host, let port) = bound.address else { continue }
            #expect(port == test.port)
            let client = try Client(port: port, host: host)
            client.send("x")
            #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
        }
    }

    @Test("on :: takes IPv4 and IPv6, and tells them apart")
    func dualStack() throws {
        guard hasIPv6 else { return }
        let test = try TestLoop(Self.tcp("::"))
        let four = try Client(port: test.port)
        _ = test.log.accepted(1)
        let six = try Client(port: test.port, host: "::1")
        _ = test.log.accepted(2)
        let peers = test.log.all.compactMap { event in
            if case .accepted(_, _, let peer) = event { peer } else { nil }
        }
        #expect(peers == [.ipv4(0x7F00_0001), .ipv6(high: 0, low: 1)])
        _ = (four, six)
    }

    private var hasIPv6: Bool {
        (try? EventLoopGroup(loops: 1, configuration: Self.tcp("::1"))) != nil
    }

    @Test("turns off the delay of small packets for what it accepts")
    func noDelay() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let value = test.onLoop { loop -> Int32 in
            guard let record = loop.slab.record(id) else { return -1 }
            var value: Int32 = 0
            var length = socklen_t(4)
            getsockopt(record.pointee.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
            return value
        }
        #expect(value == 1)
        _ = client
    }

    @Test("names what is wrong with an address")
    func badAddresses() {
        func error(_ address: ListenAddress) -> ReactorError? {
            do throws(ReactorError) {
                let configuration = EventLoopConfiguration(listeners: [address])
                _ = try EventLoopGroup(loops: 1, configuration: configuration)
                return nil
            } catch {
                return error
            }
        }
        let addresses: [ListenAddress] = [
            .tcp(host: "192.0.2.1", port: 0), .tcp(host: "", port: 0),
            .tcp(host: "no such host", port: 0), .unix(path: ""),
            .unix(path: "/nonexistent/directory/socket"), .unix(path: "/etc/passwd"),
            .unix(path: "/tmp/" + String(repeating: "x", count: 103)),
        ]
        for address in addresses {
            guard case .badAddress(let text)? = error(address) else {
                #expect(Bool(false), "\(address): \(error(address) as Any)")
                continue
            }
            #expect(!text.isEmpty)
        }
    }

    @Test("on a socket file serves all loops, and removes the file at the end")
    func unix() throws {
        let path = Self.temporaryPath()
        var test: TestLoop? = try TestLoop(
            loops: 2, EventLoopConfiguration(listeners: [.unix(path: path)]), .echo)
        for _ in 0..<10 {
            let client = try Client(path: path)
            client.send("hi")
            #expect(client.receive(exactly: 2) == Array("hi".utf8))
        }
        #expect(test?.reactor.boundAddresses.map(\.address) == [.unix(path: path)])
        let isUnix = test?.log.all.contains { event in
            if case .accepted(_, ListenerID(0), .unix) = event { true } else { false }
        }
        #expect(isUnix == true)
        #expect(throws: ReactorError.addressInUse("unix:\(path)")) {
            try EventLoopGroup(
                loops: 1, configuration: EventLoopConfiguration(listeners: [.unix(path: path)]))
        }
        test = nil
        #expect(access(path, F_OK) != 0)
    }

    @Test("replaces a socket file that nobody listens on")
    func staleFile() throws {
        let path = Self.temporaryPath()
        do {
            let stale = Descriptor(adopting: hg_stream_socket(AF_UNIX))
            var address = sockaddr_storage()
            let length = hg_unix_address(path, &address)
            #expect(hg_bind(stale.raw, &address, length) == 0)
        }
        #expect(access(path, F_OK) == 0)
        let test = try TestLoop(EventLoopConfiguration(listeners: [.unix(path: path)]), .echo)
        let client = try Client(path: path)
        client.send("hi")
        #expect(client.receive(exactly: 2) == Array("hi".utf8))
        _ = test
    }

    @Test("accepts up to the limit, and closes one more at once")
    func limit() throws {
        var configuration = Self.tcp("127.0.0.1")
        configuration.connectionsMax = 2
        let test = try TestLoop(configuration, .echo)
        let first = try test.connect()
        let second = try test.connect()
        let third = try Client(port: test.port)
        #expect(third.receive() == [])
        #expect(test.onLoop { $0.statistics.refusedByLimit } == 1)
        test.onLoop { $0.close(first.id) }
        #expect(test.log.wait(for: .closed(first.id, .byHandler)))
        let fourth = try Client(port: test.port)
        for client in [second.client, fourth] {
            client.send("x")
            #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
        }
    }

    /// Whether nobody listens at a port.
    private static func isRefused(_ connect: @autoclosure () throws -> Client) -> Bool {
        do {
            _ = try connect()
            return false
        } catch Client.Failure.refused(let error) {
            return error == ECONNREFUSED || error == ENOENT
        } catch {
            return false
        }
    }

    @Test("that stops takes all who wait, and refuses at once who comes later")
    func stopped() throws {
        let test = try TestLoop(.echo)
        let port = test.port
        let count = Limits.acceptsPerTurnMax + 1
        let clients = test.stopAccepting(after: {
            let clients = (0..<count).compactMap { _ in try? Client(port: port) }
            for client in clients { client.send("x") }
            return clients
        })
        #expect(clients.count == count)
        #expect(Self.isRefused(try Client(port: port)))
        for client in clients { #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")]) }
        #expect(test.onLoop { $0.connectionCount } == count)
        test.stopAccepting()
    }

    @Test("that stops in one loop goes on in the others, and leaves its port when all have stopped")
    func stoppedEverywhere() throws {
        let test = try TestLoop(loops: 2, Self.tcp("127.0.0.1"), .echo)
        let port = test.port
        test.stopAccepting(0)
        let client = try Client(port: port)
        client.send("x")
        #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
        test.stopAccepting(1)
        #expect(Self.isRefused(try Client(port: port)))
        let next = try TestLoop(loops: 2, Self.tcp("127.0.0.1", port), .echo)
        for client in [client, try Client(port: next.port)] {
            client.send("y")
            #expect(client.receive(exactly: 1) == [UInt8(ascii: "y")])
        }
    }

    @Test("on a socket file that stops in all loops removes the file then, and not its successor's")
    func stoppedUnix() throws {
        let path = Self.temporaryPath()
        let configuration = EventLoopConfiguration(listeners: [.unix(path: path)])
        var test: TestLoop? = try TestLoop(loops: 2, configuration, .echo)
        let client = try Client(path: path)
        client.send("x")
        #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
        for index in 0..<2 {
            #expect(access(path, F_OK) == 0)
            test?.stopAccepting(index)
            let other = index == 0 ? try Client(path: path) : client
            other.send("y")
            #expect(other.receive(exactly: 1) == [UInt8(ascii: "y")])
        }
        #expect(access(path, F_OK) != 0)
        #expect(Self.isRefused(try Client(path: path)))
        let next = try TestLoop(loops: 2, configuration, .echo)
        test = nil
        #expect(client.receive() == [])
        let last = try Client(path: path)
        last.send("z")
        #expect(last.receive(exactly: 1) == [UInt8(ascii: "z")])
        withExtendedLifetime(next) {}
    }

    @Test("refuses connections without spinning when no descriptor is left")
    func noDescriptors() throws {
        let test = try TestLoop(.echo)
        // A descriptor table of the loop's own, so that only the loop runs out of descriptors.
        let filled = test.onLoop { _ -> [Int32]? in
            guard hg_unshare_descriptors() == 0 else { return nil }
            var filled: [Int32] = []
            while true {
                let raw = hg_open_null()
                if raw < 0 { return filled }
                filled.append(raw)
            }
        }
        let descriptors = try #require(filled)
        let refused = try Client(port: test.port)
        #expect(refused.receive() == [])
        #expect(test.onLoop { $0.statistics.refusedByDescriptors } >= 1)
        let turns = (0..<20).map { _ in test.onLoop { $0.statistics.turns } }
        #expect((turns.last ?? 0) - (turns.first ?? 0) <= 25)
        test.onLoop { _ in for raw in descriptors { close(raw) } }
        let client = try Client(port: test.port)
        client.send("x")
        #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
    }

    @Test("has the highest descriptor limit that the process may have")
    func descriptorLimit() {
        let raised = DescriptorLimit.raise()
        #expect(raised.soft == raised.hard)
        #expect(DescriptorLimit.current == raised)
    }
}

@Suite("An address to listen on")
struct ListenAddressTests {
    @Test("is spelled as usual")
    func description() {
        #expect(ListenAddress.tcp(host: "::1", port: 8).description == "[::1]:8")
        #expect(ListenAddress.tcp(host: "127.0.0.1", port: 8).description == "127.0.0.1:8")
    }

    @Test("of a peer is an IPv4 address also when it came over an IPv6 socket")
    func mapped() {
        let peer = hg_peer(family: AF_INET6, ipv4: 0, ipv6_high: 0, ipv6_low: 0xFFFF_7F00_0001)
        #expect(PeerAddress(peer) == .ipv4(0x7F00_0001))
    }
}
