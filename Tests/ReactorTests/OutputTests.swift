// SPDX-License-Identifier: MIT

import CLinux
import Core
import Testing

@testable import Reactor

@Suite("Output of a connection")
struct OutputTests {
    private static let large = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }

    @Test("that is small is complete at once")
    func small() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let outcomes = test.onLoop { loop in
            [
                loop.send(EncodedFrame("ab"), to: id),
                loop.send(EncodedFrame("cd"), EncodedFrame("ef"), to: id),
                loop.send([EncodedFrame("g"), EncodedFrame("h"), EncodedFrame("i")], to: id),
                loop.send(EncodedFrame(""), to: id), loop.send([], to: id),
            ]
        }
        #expect(outcomes == Array(repeating: .complete, count: 5))
        #expect(client.receive(exactly: 9) == Array("abcdefghi".utf8))
        let statistics = test.onLoop { $0.statistics }
        #expect(statistics.bytesSent == 9)
        #expect(statistics.wouldBlock == 0)
        #expect(!test.log.all.contains { $0.isDrained })
    }

    @Test("that is large goes out as the client reads, and drains once")
    func pending() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let (first, second) = test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            return (
                loop.send(EncodedFrame(Self.large), to: id), loop.send(EncodedFrame("end"), to: id)
            )
        }
        #expect(first == .pending)
        #expect(second == .pending)
        #expect(test.onLoop { $0.hasPendingOutput(id) })
        #expect(client.gets(Self.large))
        #expect(client.receive(exactly: 3) == Array("end".utf8))
        #expect(test.log.wait(for: .drained(id)))
        #expect(test.onLoop { !$0.hasPendingOutput(id) && $0.pendingOutputs.isEmpty })
        #expect(test.log.all.count { $0.isDrained } == 1)
        #expect(test.onLoop { $0.statistics.bytesSent } == Self.large.count + 3)
    }

    @Test(
        "of a head and a body arrives in order wherever the socket stops",
        arguments: [
            (10, 1_000_000), (1_000_000, 10), (500_000, 500_000),
        ])
    func two(head: Int, body: Int) throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let outcome = test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            return loop.send(
                EncodedFrame(Array(Self.large[..<head])), EncodedFrame(Array(Self.large[..<body])),
                to: id)
        }
        #expect(outcome == .pending)
        #expect(client.gets(Array(Self.large[..<head])))
        #expect(client.gets(Array(Self.large[..<body])))
        #expect(test.log.wait(for: .drained(id)))
    }

    @Test("of very many frames arrives in order")
    func many() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let frames = (0..<1_000).map {
            EncodedFrame([UInt8](repeating: UInt8($0 & 255), count: 2_000))
        }
        let outcome = test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            let outcome = loop.send(Array(frames[..<500]), to: id)
            _ = loop.send(Array(frames[500...]), to: id)
            return outcome
        }
        #expect(outcome == .pending)
        #expect(client.gets(frames.flatMap(\.bytes)))
    }

    @Test("can be sent again from within drained")
    func again() throws {
        let script = Script(drained: { loop, id in
            let count = loop[state: id].first
            loop[state: id].first += 1
            if count < 3 { _ = loop.send(EncodedFrame(OutputTests.large), to: id) }
        })
        let test = try TestLoop(script)
        let (client, id) = try test.connect()
        test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            _ = loop.send(EncodedFrame(Self.large), to: id)
        }
        for _ in 0..<4 { #expect(client.gets(Self.large)) }
        #expect(test.log.wait { $0.count { $0.isDrained } == 4 })
    }

    @Test("to a peer that has gone ends the connection, without a signal")
    func brokenPipe() throws {
        let test = try TestLoop()
        var connection: (client: Client, id: ConnectionID)? = test.adopt()
        guard let id = connection?.id else { return }
        let (first, second) = test.onLoop { [client = connection?.client] loop in
            client?.endSending()
            loop.pauseReading(id)
            return (loop.send(EncodedFrame("a"), to: id), loop.isOpen(id))
        }
        #expect(first == .complete)
        #expect(second)
        connection = nil
        #expect(test.log.wait { $0.contains { $0.isClosed } })
        #expect(test.onLoop { $0.send(EncodedFrame("b"), to: id) } == .closed)
    }

    @Test("to a stale id is refused, and nothing else happens")
    func stale() throws {
        let test = try TestLoop()
        let (oldClient, old) = test.adopt()
        test.onLoop { $0.close(old) }
        #expect(test.log.wait(for: .closed(old, .byHandler)))
        let (client, new) = test.adopt()
        #expect(oldClient.receive() == [])
        #expect(new.slot == old.slot)
        let outcomes = test.onLoop { loop in
            let group = loop.makeGroup()
            loop.join(old, group)
            loop.leave(old)
            loop.setDeadline(old, after: 0)
            loop.clearDeadline(old)
            loop.pauseReading(old)
            loop.resumeReading(old)
            loop.setSendBuffer(old, bytes: 1)
            loop[state: old] = ConnectionState(first: 1, second: 2)
            loop.closeAfterOutput(old, lingerNanoseconds: 0)
            loop.close(old)
            let isUntouched =
                loop.memberCount(of: group) == 0 && loop[state: new] == ConnectionState()
                && loop[state: old] == ConnectionState() && !loop.hasPendingOutput(old)
                && loop.isOpen(new) && !loop.isOpen(old)
            return (
                isUntouched, loop.send(EncodedFrame("a"), to: old),
                loop.send(EncodedFrame("a"), EncodedFrame("b"), to: old),
                loop.send([EncodedFrame("a")], to: old), loop.send(EncodedFrame("ok"), to: new)
            )
        }
        #expect(outcomes == (true, .closed, .closed, .closed, .complete))
        #expect(client.receive(exactly: 2) == Array("ok".utf8))
        #expect(client.isSilent)
        #expect(test.log.all.count { $0.isClosed } == 1)
    }
}
