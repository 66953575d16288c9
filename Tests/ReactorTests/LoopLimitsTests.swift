// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Synchronization
import Testing

@testable import Reactor

/// Counts something for each turn of a loop.
private final class PerTurn: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    func add(_ count: Int, in loop: EventLoop) {
        let turn = loop.statistics.turns
        counts.withLock { $0[turn, default: 0] += count }
    }

    var max: Int { counts.withLock { $0.values.max() ?? 0 } }
    var total: Int { counts.withLock { $0.values.reduce(0, +) } }
}

@Suite("The limits of a loop")
struct LoopLimitsTests {
    @Test("are what the configuration has unless told otherwise")
    func defaults() {
        let configuration = EventLoopConfiguration()
        #expect(configuration.connectionsMax == Limits.connectionsPerLoopDefault)
        #expect(configuration.keptInputBytesMax == Limits.keptInputBytesMax)
        #expect(configuration.mailboxMessagesMax == Limits.mailboxMessagesMax)
    }

    @Test("let a turn accept so many connections, and the next turn one more")
    func accepts() throws {
        let perTurn = PerTurn()
        let test = try TestLoop(Script(accepted: { loop, _ in perTurn.add(1, in: loop) }))
        let count = Limits.acceptsPerTurnMax + 1
        let port = test.port
        // They connect while the loop is busy.
        let clients = test.onLoop { _ in (0..<count).compactMap { _ in try? Client(port: port) } }
        #expect(test.log.accepted(count).count == clients.count)
        #expect(perTurn.max == Limits.acceptsPerTurnMax)
        #expect(perTurn.total == count)
    }

    @Test("let a turn handle so many events, and the next turn the others")
    func events() throws {
        let perTurn = PerTurn()
        let test = try TestLoop(
            Script(received: { loop, _, bytes in
                perTurn.add(1, in: loop)
                return bytes.count
            }))
        let count = Limits.eventsPerTurnMax + 1
        let clients = (0..<count).map { _ in test.adopt().client }
        // The optimiser may end them, and with them their sockets, after the last use.
        defer { withExtendedLifetime(clients) {} }
        test.onLoop { _ in for client in clients { client.send("x") } }
        #expect(test.log.wait { $0.count == count })
        #expect(perTurn.max <= Limits.eventsPerTurnMax)
        // The mailbox may have been one of the events.
        #expect(perTurn.max >= Limits.eventsPerTurnMax - 1)
        #expect(perTurn.total == count)
    }

    @Test("let what other threads post wait so long for the events of a turn, and no longer")
    func mailWait() throws {
        let hasPosted = Atomic(false)
        let posted = EventLog()
        let test = try TestLoop(
            Script(received: { loop, _, bytes in
                if !hasPosted.exchange(true, ordering: .relaxed) {
                    _ = loop.post { posted.append(.note("mail")) }
                }
                let end = MonotonicInstant.read().nanoseconds + Limits.mailWaitNanosecondsMax
                while MonotonicInstant.read().nanoseconds <= end {}
                posted.append(.note("event"))
                return bytes.count
            }))
        let clients = (0..<4).map { _ in test.adopt().client }
        defer { withExtendedLifetime(clients) {} }
        // All are ready when the next turn begins.
        test.onLoop { _ in for client in clients { client.send("x") } }
        #expect(posted.wait { $0.count == 5 })
        #expect(posted.all == ["event", "mail", "event", "event", "event"].map { .note($0) })
    }

    @Test("let a turn read so many bytes of one connection, through one buffer")
    func reads() throws {
        let perTurn = PerTurn()
        let test = try TestLoop(
            Script(received: { loop, _, bytes in
                perTurn.add(bytes.count, in: loop)
                return bytes.count
            }))
        let (client, id) = test.adopt()
        let fit = test.onLoop { _ in
            client.sendWhatFits([UInt8](repeating: 7, count: Limits.readBytesPerTurnMax + 1))
        }
        try #require(fit == Limits.readBytesPerTurnMax + 1)
        #expect(test.log.wait { _ in perTurn.total == fit })
        #expect(perTurn.max == Limits.readBytesPerTurnMax)
        test.onLoop { _ in }
        #expect(test.log.received(id).map(\.count).max() == Limits.readBufferBytes)
    }

    @Test("let a mailbox take so many jobs, and not one more")
    func mailbox() throws {
        let mailbox = try Mailbox(jobsMax: Limits.mailboxMessagesMax)
        var accepted = 0
        for _ in 0..<Limits.mailboxMessagesMax where mailbox.post({}) { accepted += 1 }
        #expect(accepted == Limits.mailboxMessagesMax)
        #expect(!mailbox.post {})
    }

    @Test(
        "do not keep frames back that the socket would take",
        arguments: [
            Limits.framesPerSendMax - 1, Limits.framesPerSendMax, Limits.framesPerSendMax + 1,
            Limits.framesPerSendMax * 2 + 1,
        ])
    func frames(count: Int) throws {
        let test = try TestLoop()
        let (client, id) = test.adopt()
        let outcome = test.onLoop { loop in
            loop.send((0..<count).map { EncodedFrame([UInt8($0 & 255)]) }, to: id)
        }
        #expect(outcome == .complete)
        #expect(client.receive(exactly: count) == (0..<count).map { UInt8($0 & 255) })
        let most = Limits.framesPerSendMax
        #expect(test.onLoop { $0.statistics.sendCalls } == (count + most - 1) / most)
    }

    @Test("make accepting pause for a while when it cannot go on")
    func acceptPause() throws {
        let test = try TestLoop(.echo)
        let pause = Int64(Limits.acceptPauseMilliseconds) * 1_000_000
        let end = test.onLoop { loop in
            let end = MonotonicInstant(nanoseconds: loop.now.nanoseconds + pause)
            loop.acceptor.pause(until: end, epoll: loop.epoll.raw)
            return end
        }
        let client = try Client(port: test.port)
        client.send("x")
        #expect(client.receive(exactly: 1) == [UInt8(ascii: "x")])
        #expect(MonotonicInstant.read() >= end)
    }

    @Test("bound the addresses of a name, and count each once")
    func addresses() {
        let most = Limits.addressesPerListenerMax
        let names = (0...most).map(String.init)
        #expect(TCPListener.distinct(["a", "b", "a"], by: { $0 }) == ["a", "b"])
        #expect(TCPListener.distinct(Array(names[..<most]), by: { $0 }).count == most)
        #expect(TCPListener.distinct(names, by: { $0 }) == Array(names[..<most]))
    }

    @Test("give a loop's thread its stack")
    func stack() throws {
        let test = try TestLoop()
        #expect(test.onLoop { _ in hg_stack_bytes() } >= Limits.loopStackBytes)
    }

    @Test("are what the kernel queues before it refuses")
    func backlog() throws {
        let test = try TestLoop()
        let backlog = test.onLoop { loop -> Int in
            var info = tcp_info()
            var length = socklen_t(MemoryLayout<tcp_info>.size)
            let raw = loop.acceptor.sockets[0].descriptor.raw
            // For a listening socket this field is the length of its queue (tcp(7)).
            getsockopt(raw, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
            return Int(info.tcpi_sacked)
        }
        #expect(backlog == min(Limits.listenBacklogMax, Self.kernelMax))
    }

    private static var kernelMax: Int {
        guard let file = fopen("/proc/sys/net/core/somaxconn", "r") else { return .max }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 32)
        guard fgets(&text, 31, file) != nil else { return .max }
        return Int(atoi(text))
    }
}
