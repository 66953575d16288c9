// SPDX-License-Identifier: MIT

import CLinux
import Core
import Testing

@testable import Reactor

@Suite("The end of a connection")
struct ClosingTests {
    private static let second: Int64 = 1_000_000_000
    private static let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 2) }

    @Test("delivers everything although the peer still sends")
    func answerSurvives() throws {
        let test = try TestLoop(
            Script(received: { loop, id, bytes in
                _ = loop.send(EncodedFrame(ClosingTests.large), to: id)
                loop.closeAfterOutput(id, lingerNanoseconds: 10 * ClosingTests.second)
                return 0
            }))
        let (client, id) = try test.connect()
        client.send([UInt8](repeating: 1, count: 200_000))
        #expect(client.gets(Array(Self.large[..<1_000_000])))
        client.send([UInt8](repeating: 2, count: 200_000))
        #expect(client.gets(Array(Self.large[1_000_000...])))
        #expect(client.receive() == [])
        client.endSending()
        #expect(test.log.wait(for: .closed(id, .byHandler)))
        #expect(test.log.received(id).count == 1)
        #expect(!test.log.all.contains(.end(id)))
        #expect(!test.log.all.contains(.drained(id)))
        #expect(test.onLoop { $0.keptInputs.isEmpty && $0.pendingOutputs.isEmpty })
    }

    @Test("lingers no longer than told for a peer that does not end")
    func lingerTime() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let start = MonotonicInstant.read()
        test.onLoop { loop in
            _ = loop.send(EncodedFrame("bye"), to: id)
            loop.closeAfterOutput(id, lingerNanoseconds: 100_000_000)
        }
        #expect(client.receiveAll() == Array("bye".utf8))
        #expect(test.log.wait(for: .closed(id, .byHandler)))
        #expect(MonotonicInstant.read().nanoseconds - start.nanoseconds >= 100_000_000)
    }

    @Test("comes without lingering when the peer has ended before")
    func endedBefore() throws {
        let test = try TestLoop(
            Script(end: { loop, id in
                _ = loop.send(EncodedFrame("bye"), to: id)
                loop.closeAfterOutput(id, lingerNanoseconds: 1_000 * ClosingTests.second)
            }))
        let (client, id) = try test.connect()
        client.endSending()
        #expect(client.receiveAll() == Array("bye".utf8))
        #expect(test.log.wait(for: .closed(id, .byHandler)))
    }

    @Test("leaves the handler its deadline while output is pending")
    func stalledAnswer() throws {
        let test = try TestLoop(Script(deadline: { $0.close($1, reason: .stalled) }))
        let (client, id) = try test.connect()
        test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            _ = loop.send(EncodedFrame(Self.large), to: id)
            loop.closeAfterOutput(id, lingerNanoseconds: 1_000 * Self.second)
            loop.setDeadline(id, after: 50_000_000)
        }
        #expect(test.log.wait(for: .closed(id, .stalled)))
        _ = client
    }

    @Test("is told once however often it is asked for, with the state still there")
    func once() throws {
        let log = EventLog()
        let test = try TestLoop(
            Script(closed: { loop, id in
                log.append(.note("\(loop[state: id].first) \(loop[state: id].second)"))
                loop.close(id)
                log.append(.note("\(loop.send(EncodedFrame("a"), to: id))"))
            }))
        let (client, id) = try test.connect()
        test.onLoop { loop in
            loop[state: id] = ConnectionState(first: 3, second: 4)
            loop.setDeadline(id, after: 0)
            loop.close(id, reason: .stalled)
            loop.close(id)
            loop.closeAfterOutput(id, lingerNanoseconds: 0)
        }
        #expect(test.log.wait(for: .closed(id, .stalled)))
        #expect(client.receive() == [])
        #expect(log.all == [.note("3 4"), .note("closed")])
        #expect(test.log.all.count { $0.isClosed } == 1)
        #expect(test.onLoop { $0.connectionCount } == 0)
    }

    @Test("of many at once is spread over turns, and loses none")
    func crowd() throws {
        let test = try TestLoop()
        let count = Limits.closesPerTurnMax * 2 + 1
        let clients = (0..<count).map { _ in test.adopt().client }
        let turns = test.onLoop { loop in
            loop.forEachConnection { loop.close($0) }
            return loop.statistics.turns
        }
        #expect(test.log.wait { $0.count { $0.isClosed } == count })
        #expect(test.onLoop { $0.statistics.turns } - turns >= 3)
        #expect(test.onLoop { $0.statistics.closed } == count)
        #expect(clients.allSatisfy { $0.receive() == [] })
    }

    @Test("comes to all connections when the loop stops, after the jobs that were posted")
    func stop() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        let log = test.log
        let loop = test.loop
        #expect(loop.post { log.append(.note("job")) })
        test.reactor.stop()
        test.reactor.join()
        #expect(log.all.contains(.note("job")))
        #expect(log.all.last == .closed(id, .loopStopped))
        #expect(client.receive() == [])
        #expect(!loop.post {})
        #expect(throws: Client.Failure.self) { try Client(port: test.port) }
    }
}

@Suite("A deadline")
struct DeadlineTests {
    private static func deadlines(_ log: EventLog) -> [(id: ConnectionID, at: Int64)] {
        log.all.compactMap { if case .deadline(let id, let at) = $0 { (id, at) } else { nil } }
    }

    @Test("comes after its time, in the order of the times")
    func order() throws {
        let test = try TestLoop()
        let connections = (0..<4).map { _ in test.adopt() }
        let start = test.onLoop { loop in
            for (connection, milliseconds) in zip(connections, [400, 100, 300, 200]) {
                loop.setDeadline(connection.id, after: 1_000_000_000)
                loop.setDeadline(connection.id, after: Int64(milliseconds) * 1_000_000)
            }
            return loop.now.nanoseconds
        }
        #expect(test.log.wait { _ in Self.deadlines(test.log).count == 4 })
        let got = Self.deadlines(test.log)
        #expect(got.map(\.id) == [1, 3, 2, 0].map { connections[$0].id })
        for (deadline, milliseconds) in zip(got, [100, 200, 300, 400]) {
            #expect(deadline.at - start >= Int64(milliseconds) * 1_000_000)
        }
    }

    @Test("does not come when it was cleared")
    func cleared() throws {
        let test = try TestLoop()
        let (first, second) = (test.adopt(), test.adopt())
        test.onLoop { loop in
            loop.setDeadline(first.id, after: 1_000_000)
            loop.clearDeadline(first.id)
            loop.clearDeadline(first.id)
            loop.setDeadline(second.id, after: 100_000_000)
        }
        #expect(test.log.wait { _ in !Self.deadlines(test.log).isEmpty })
        #expect(Self.deadlines(test.log).map(\.id) == [second.id])
    }

    @Test("can be set again when it comes, and is one per connection")
    func again() throws {
        let test = try TestLoop(Script(deadline: { loop, id in loop.setDeadline(id, after: 1) }))
        let (client, id) = test.adopt()
        test.onLoop { $0.setDeadline(id, after: 0) }
        #expect(test.log.wait { _ in Self.deadlines(test.log).count >= 3 })
        _ = client
    }

    @Test("of very many at once is spread over turns, and none is lost")
    func crowd() throws {
        let test = try TestLoop()
        let count = Limits.deadlinesPerTurnMax + 1
        let clients = (0..<count).map { _ in test.adopt() }
        test.onLoop { loop in for client in clients { loop.setDeadline(client.id, after: 1) } }
        #expect(test.log.wait { _ in Self.deadlines(test.log).count == count })
        #expect(Set(Self.deadlines(test.log).map(\.id)) == Set(clients.map(\.id)))
    }
}
