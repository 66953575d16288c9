// SPDX-License-Identifier: MIT

import CLinux
import Core
import Testing

@testable import Reactor

@Suite("A group of connections")
struct GroupTests {
    @Test("gets a frame each, in one call")
    func all() throws {
        let test = try TestLoop()
        let connections = (0..<50).map { _ in test.adopt() }
        // The optimiser may end them, and with them their sockets, after the last use.
        defer { withExtendedLifetime(connections) {} }
        let log = test.log
        let group = test.onLoop { loop in
            let group = loop.makeGroup()
            for connection in connections { loop.join(connection.id, group) }
            loop.send(EncodedFrame("news"), to: group) { log.append(.blocked($0, $1)) }
            return group
        }
        for connection in connections {
            #expect(connection.client.receive(exactly: 4) == Array("news".utf8))
        }
        #expect(test.onLoop { $0.memberCount(of: group) } == 50)
        #expect(!log.all.contains { $0.isBlocked })
        let statistics = test.onLoop { $0.statistics }
        #expect(statistics.sendCalls == 50)
        #expect(statistics.bytesSent == 200)
    }

    @Test("loses a member that stalls, reports it, and the others get everything")
    func stalled() throws {
        let test = try TestLoop()
        let connections = (0..<5).map { _ in test.adopt() }
        // The optimiser may end them, and with them their sockets, after the last use.
        defer { withExtendedLifetime(connections) {} }
        let stalled = connections[2]
        let log = test.log
        let group = test.onLoop { loop in
            let group = loop.makeGroup()
            for connection in connections { loop.join(connection.id, group) }
            return group
        }
        let frame = EncodedFrame((0..<60_000).map { UInt8(truncatingIfNeeded: $0) })
        var sent = 0
        while !log.all.contains(where: \.isBlocked), sent < 1_000 {
            test.onLoop { loop in
                loop.send(frame, to: group) { log.append(.blocked($0, $1)) }
            }
            sent += 1
            for connection in connections where connection.id != stalled.id {
                #expect(connection.client.gets(frame.bytes))
            }
        }
        let reports = log.all.filter(\.isBlocked)
        #expect(reports.count == 1)
        guard case .blocked(stalled.id, let outcome) = reports[0] else {
            return #expect(Bool(false))
        }
        #expect(outcome == .pending || outcome == .blocked)
        #expect(test.onLoop { $0.memberCount(of: group) } == 4)
        #expect(test.onLoop { $0.hasPendingOutput(stalled.id) })
        // What was not taken at all is not kept.
        let whole = outcome == .pending ? sent : sent - 1
        for _ in 0..<whole { #expect(stalled.client.gets(frame.bytes)) }
        #expect(log.wait(for: .drained(stalled.id)))
        #expect(stalled.client.isSilent)
        test.onLoop { loop in
            loop.join(stalled.id, group)
            loop.send(EncodedFrame("again"), to: group) { _, _ in }
        }
        #expect(stalled.client.receive(exactly: 5) == Array("again".utf8))
    }

    @Test("keeps nothing for a member whose socket is full, and tells when it has room")
    func full() throws {
        let test = try TestLoop()
        let (client, id) = test.adopt()
        let log = test.log
        // One byte at a time: the socket takes all or nothing.
        let sent = test.onLoop { loop in
            let group = loop.makeGroup()
            loop.join(id, group)
            var sent = 0
            while loop.memberCount(of: group) == 1 {
                loop.send(EncodedFrame("x"), to: group) { log.append(.blocked($0, $1)) }
                sent += 1
            }
            return sent - 1
        }
        #expect(log.all.contains(.blocked(id, .blocked)))
        #expect(test.onLoop { $0.hasPendingOutput(id) && $0.pendingOutputs.isEmpty })
        #expect(client.receive(exactly: sent).count == sent)
        #expect(log.wait(for: .drained(id)))
        #expect(client.isSilent)
    }

    @Test("reports a member whose connection is broken as closed")
    func broken() throws {
        let test = try TestLoop()
        let good = test.adopt()
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (near, far) = (ends[0], ends[1])
        let log = test.log
        let (id, members) = test.onLoop { loop in
            let group = loop.makeGroup()
            guard let id = loop.adopt(Descriptor(adopting: near)) else { return (good.id, -1) }
            loop.join(id, group)
            loop.join(good.id, group)
            do { _ = Descriptor(adopting: far) }
            loop.send(EncodedFrame("a"), to: group) { log.append(.blocked($0, $1)) }
            return (id, loop.memberCount(of: group))
        }
        #expect(log.all.contains(.blocked(id, .closed)))
        #expect(members == 1)
        #expect(log.wait(for: .closed(id, .peerReset)))
        #expect(good.client.receive(exactly: 1) == [UInt8(ascii: "a")])
    }

    @Test("has each connection at most once, and loses those that close")
    func membership() throws {
        let test = try TestLoop()
        let ids = (0..<20).map { _ in test.adopt() }
        let result = test.onLoop { loop in
            let (one, two) = (loop.makeGroup(), loop.makeGroup())
            for id in ids {
                loop.join(id.id, one)
                loop.join(id.id, one)
            }
            for id in ids[..<7] { loop.join(id.id, two) }
            for id in ids[5..<9] { loop.leave(id.id) }
            loop.close(ids[0].id)
            loop.closeAfterOutput(ids[1].id, lingerNanoseconds: 1_000_000_000)
            var (first, second): (Set<ConnectionID>, Set<ConnectionID>) = ([], [])
            loop.forEachMember(of: one) { first.insert($0) }
            loop.forEachMember(of: two) { second.insert($0) }
            return [first, second]
        }
        #expect(result[0] == Set(ids[9...].map(\.id)))
        #expect(result[1] == Set(ids[2..<5].map(\.id)))
    }

    @Test("can be removed when it is empty, and its place used again")
    func removal() throws {
        let test = try TestLoop()
        let (old, new, other) = test.onLoop { loop in
            let old = loop.makeGroup()
            let other = loop.makeGroup()
            loop.removeGroup(old)
            return (old, loop.makeGroup(), other)
        }
        #expect(old.index == new.index)
        #expect(old != new)
        #expect(other.index != new.index)
        let count = test.onLoop { loop in
            let groups = (0..<100).map { _ in loop.makeGroup() }
            for group in groups { loop.removeGroup(group) }
            return loop.memberCount(of: other)
        }
        #expect(count == 0)
    }

    @Test("lets the report of one fan-out begin another")
    func nested() throws {
        let test = try TestLoop()
        let (client, id) = test.adopt()
        let other = test.adopt()
        test.onLoop { loop in
            let (group, second) = (loop.makeGroup(), loop.makeGroup())
            loop.join(id, group)
            loop.join(other.id, second)
            while loop.memberCount(of: group) == 1 {
                loop.send(EncodedFrame([UInt8](repeating: 1, count: 30_000)), to: group) { _, _ in
                    loop.send(EncodedFrame("hi"), to: second) { _, _ in }
                }
            }
        }
        #expect(other.client.receive(exactly: 2) == Array("hi".utf8))
        #expect(!client.isSilent)
    }
}
