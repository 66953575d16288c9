// SPDX-License-Identifier: MIT

import CLinux
import Core
import Testing

@testable import Reactor

@Suite("Input of a connection")
struct InputTests {
    /// Consumes whole lines only.
    private static let lines = Script(received: { _, _, bytes in
        (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    })

    @Test("reaches the handler, and the answer the client")
    func echo() throws {
        let test = try TestLoop(.echo)
        let (client, id) = try test.connect()
        client.send("hello")
        #expect(client.receive(exactly: 5) == Array("hello".utf8))
        #expect(test.log.all.contains(.accepted(id, ListenerID(0), .ipv4(0x7F00_0001))))
    }

    @Test("is given again with what follows, until it is consumed")
    func partial() throws {
        let test = try TestLoop(Self.lines)
        let (client, id) = try test.connect()
        client.send("ab")
        #expect(test.log.wait(for: .received(id, Array("ab".utf8))))
        client.send("c\nde")
        #expect(test.log.wait(for: .received(id, Array("abc\nde".utf8))))
        client.send("f\n")
        #expect(test.log.wait(for: .received(id, Array("def\n".utf8))))
        #expect(test.onLoop { $0.keptInputs.count } == 0)
    }

    @Test("arrives whole and in order when it is large and consumed bit by bit")
    func large() throws {
        let script = Script(received: { loop, id, bytes in
            let count = bytes.count < 1_000 ? bytes.count : bytes.count - 999
            _ = loop.send(EncodedFrame(Array(bytes[..<count])), to: id)
            return count
        })
        let test = try TestLoop(script)
        let (client, _) = try test.connect()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        client.send(bytes)
        client.send([UInt8](repeating: 1, count: 10))
        #expect(client.gets(Array(bytes[..<(300_000 - 999)])))
    }

    @Test("may be kept up to the limit, and not one byte more")
    func limit() throws {
        var configuration = EventLoopConfiguration(listeners: [.tcp(host: "127.0.0.1", port: 0)])
        configuration.keptInputBytesMax = 100
        let test = try TestLoop(configuration, Script(received: { _, _, _ in 0 }))
        let (client, id) = try test.connect()
        client.send([UInt8](repeating: 1, count: 99))
        #expect(test.log.wait(for: .received(id, [UInt8](repeating: 1, count: 99))))
        client.send([1])
        #expect(test.log.wait(for: .received(id, [UInt8](repeating: 1, count: 100))))
        #expect(test.onLoop { $0.isOpen(id) })
        client.send([1])
        #expect(test.log.wait(for: .closed(id, .inputTooLong)))
    }

    @Test("is held back while reading is paused, and what was kept comes first")
    func pause() throws {
        let script = Script(received: { loop, id, bytes in
            loop.pauseReading(id)
            return 1
        })
        let test = try TestLoop(script)
        let (client, id) = try test.connect()
        client.send("abc")
        #expect(test.log.wait { _ in test.log.received(id).count == 1 })
        client.send("de")
        // Events of the paused connection are seen by then, and dropped.
        for _ in 0..<3 { test.onLoop { _ in } }
        #expect(test.log.received(id) == [Array("abc".utf8)])
        test.onLoop { $0.resumeReading(id) }
        #expect(test.log.wait(for: .received(id, Array("bc".utf8))))
        #expect(test.log.received(id).count == 2)
        test.onLoop { $0.resumeReading(id) }
        #expect(test.log.wait(for: .received(id, Array("c".utf8))))
        test.onLoop { $0.resumeReading(id) }
        #expect(test.log.wait(for: .received(id, Array("de".utf8))))
    }

    @Test("that is resumed within the call that paused it is given again afterwards")
    func resumeWithin() throws {
        let script = Script(received: { loop, id, bytes in
            loop.pauseReading(id)
            loop.resumeReading(id)
            return 1
        })
        let test = try TestLoop(script)
        let (client, id) = try test.connect()
        client.send("abc")
        #expect(test.log.wait(for: .received(id, Array("c".utf8))))
        #expect(test.log.received(id).map(\.count) == [3, 2, 1])
    }

    @Test("ends once, and the handler can still answer")
    func halfClose() throws {
        let script = Script(end: { loop, id in _ = loop.send(EncodedFrame("bye"), to: id) })
        let test = try TestLoop(script)
        let (client, id) = try test.connect()
        client.send("x")
        client.endSending()
        #expect(client.receive(exactly: 3) == Array("bye".utf8))
        test.onLoop { $0.close(id) }
        #expect(test.log.wait(for: .closed(id, .byHandler)))
        #expect(test.log.received(id) == [Array("x".utf8)])
        #expect(test.log.all.count { $0 == .end(id) } == 1)
        #expect(client.receive() == [])
    }

    @Test("that ends does not keep the loop awake")
    func noSpin() throws {
        let test = try TestLoop()
        let (client, id) = try test.connect()
        client.endSending()
        #expect(test.log.wait(for: .end(id)))
        let turns = (0..<20).map { _ in test.onLoop { $0.statistics.turns } }
        // Each question is a turn of its own; a few more may end the watching.
        #expect((turns.last ?? 0) - (turns.first ?? 0) <= 22)
    }

    @Test("of a peer that resets ends the connection")
    func reset() throws {
        let test = try TestLoop()
        var connection: (client: Client, id: ConnectionID)? = try test.connect()
        connection?.client.resetWhenClosed()
        guard let id = connection?.id else { return }
        connection = nil
        #expect(test.log.wait(for: .closed(id, .peerReset)))
    }

    @Test("of a peer that resets while reading is paused ends the connection")
    func resetWhilePaused() throws {
        let test = try TestLoop(Script(accepted: { $0.pauseReading($1) }))
        var connection: (client: Client, id: ConnectionID)? = try test.connect()
        connection?.client.resetWhenClosed()
        guard let id = connection?.id else { return }
        connection = nil
        #expect(test.log.wait(for: .closed(id, .peerReset)))
    }

    @Test("of a local peer that is gone is read first")
    func localHangUp() throws {
        let test = try TestLoop()
        var connection: (client: Client, id: ConnectionID)? = test.adopt()
        guard let id = connection?.id else { return }
        connection?.client.send("last words")
        connection = nil
        #expect(test.log.wait(for: .closed(id, .peerClosed)))
        #expect(test.log.received(id) == [Array("last words".utf8)])
        #expect(test.log.all.contains(.end(id)))
    }

    @Test("of a local peer that is gone while reading is paused does not keep the loop awake")
    func localHangUpWhilePaused() throws {
        let test = try TestLoop()
        var connection: (client: Client, id: ConnectionID)? = test.adopt()
        guard let id = connection?.id else { return }
        test.onLoop { $0.pauseReading(id) }
        connection = nil
        #expect(test.log.wait(for: .closed(id, .peerClosed)))
    }
}
