// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc
import Testing

@testable import Reactor

@Suite("An alarm of a loop")
struct AlarmTests {
    @Test("is told once, not early, and each for itself")
    func once() throws {
        let test = try TestLoop()
        let start = MonotonicInstant.read().nanoseconds
        test.onLoop { loop in
            loop.setAlarm(0, after: 20_000_000)
            loop.setAlarm(Limits.alarmsPerLoop - 1, after: 0)
        }
        #expect(test.log.wait { $0.count { $0.isAlarm } == 2 })
        let told = test.log.all.compactMap { event -> (Int, Int64)? in
            if case .alarm(let alarm, let at) = event { (alarm, at - start) } else { nil }
        }
        #expect(told.map(\.0) == [Limits.alarmsPerLoop - 1, 0])
        #expect(told[1].1 >= 20_000_000)
        #expect(test.onLoop { $0.alarms.allSatisfy { $0 == nil } })
    }

    @Test("is replaced by the next wish")
    func replaced() throws {
        let test = try TestLoop()
        test.onLoop { loop in
            loop.setAlarm(0, after: .max)
            loop.setAlarm(0, after: 1_000_000)
        }
        #expect(test.log.wait { $0.contains { $0.isAlarm } })
    }
}

extension Event {
    fileprivate var isAlarm: Bool { if case .alarm = self { true } else { false } }
}

@Suite("A peer that may vanish")
struct PeerTimeoutTests {
    /// The limit that the kernel has of a connection's socket, in milliseconds.
    private func limit(_ test: TestLoop, _ id: ConnectionID) -> Int32 {
        test.onLoop { loop in
            guard let record = loop.slab.record(id) else { return -1 }
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(
                record.pointee.descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &length)
            return value
        }
    }

    @Test("has so long to acknowledge, but for the time that its socket is full")
    func suspended() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        #expect(limit(test, id) == 0)
        test.onLoop { $0.setPeerTimeout(id, milliseconds: 30_000) }
        #expect(limit(test, id) == 30_000)
        let large = [UInt8](repeating: 7, count: 1_000_000)
        test.onLoop { loop in
            loop.setSendBuffer(id, bytes: 16_384)
            _ = loop.send(EncodedFrame(large), to: id)
        }
        #expect(limit(test, id) == 0, "a reader that is slow is not dead")
        #expect(client.gets(large))
        #expect(test.log.wait(for: .drained(id)))
        #expect(limit(test, id) == 30_000)
    }

    @Test("is known by the age of its last acknowledgement")
    func age() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        test.onLoop { _ = $0.send(EncodedFrame("hello"), to: id) }
        #expect(client.receive(exactly: 5) == Array("hello".utf8))
        #expect((0...60_000).contains(test.onLoop { $0.acknowledgementAge(id) }))
        let (peer, local) = test.adopt()
        #expect(test.onLoop { $0.acknowledgementAge(local) } == 0, "no TCP, so nobody can tell")
        test.onLoop { loop in
            loop.setPeerTimeout(local, milliseconds: 1_000)
            _ = loop.send(EncodedFrame("here"), to: local)
        }
        #expect(peer.receive(exactly: 4) == Array("here".utf8))
    }
}
