// SPDX-License-Identifier: MIT
//
// The least that a server can do, to compare with: what it costs a kernel to send one frame to each
// of many sockets, or one prepared answer to each request. It checks nothing, bounds nothing, drops
// whoever does not take a frame whole, and is only for clients of this program.

import CLinux
import Core
import Glibc
import Synchronization

/// The command `floor`: a bare server.
final class FloorServer {
    private let loops: [FloorLoop]
    private let port: UInt16

    /// Listens on a free port of 127.0.0.1.
    ///
    /// - Throws: `BenchFailure`.
    init(options: FloorOptions) throws {
        _ = FileDescriptor.raiseLimit()
        let answers = try FloorAnswers(options)
        let board = FloorBoard()
        var port: UInt16 = 0
        var loops: [FloorLoop] = []
        for _ in 0..<options.loops {
            let listener = try Self.listen(port: port)
            port = hg_bound_port(listener)
            loops.append(try FloorLoop(listener: listener, answers: answers, board: board))
        }
        self.loops = loops
        self.port = port
    }

    /// Serves until the process is ended.
    ///
    /// - Throws: `BenchFailure` if epoll fails.
    func run() throws {
        print("ready address=http://127.0.0.1:\(port)/v1")
        fflush(nil)
        for loop in loops.dropFirst() {
            let box = Unmanaged.passRetained(loop).toOpaque()
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { box in
                    guard let box else { return nil }
                    let loop = Unmanaged<FloorLoop>.fromOpaque(box).takeRetainedValue()
                    while (try? loop.turn()) != nil {}
                    return nil
                }, box)
        }
        while true { try loops[0].turn() }
    }

    private static func listen(port: UInt16) throws -> Int32 {
        let descriptor = hg_stream_socket(AF_INET)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        _ = hg_set_reuse_port(descriptor)
        _ = hg_set_no_delay(descriptor)
        let address = sockaddr_in.ipv4([127, 0, 0, 1], port: port)
        guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, Int32(Limits.listenBacklogMax)) == 0
        else { throw BenchFailure.systemCall("listen") }
        return descriptor
    }
}

/// The answers to polls, made beforehand.
struct FloorAnswers: Sendable {
    /// The answer to a request without a validator.
    let full: [UInt8]
    /// The answer to a request with one.
    let notModified: [UInt8]

    /// Reads the answers from their files; without them there are empty ones.
    ///
    /// - Throws: `BenchFailure` if a file cannot be read.
    init(_ options: FloorOptions) throws {
        full = try Self.content(options.answerFile)
        notModified = try Self.content(options.notModifiedFile)
    }

    private static func content(_ file: String?) throws -> [UInt8] {
        guard let file else { return Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8) }
        guard let text = FileDescriptor.contents(ofFile: file) else {
            throw BenchFailure("cannot read \(file)")
        }
        return Array(text.utf8)
    }
}

/// What was published, for all loops.
final class FloorBoard: Sendable {
    /// A frame in both spellings.
    struct Frame: Sendable {
        /// As a Server-Sent Event.
        let event: [UInt8]
        /// As a WebSocket message.
        let message: [UInt8]
    }

    private struct State {
        var frames: [Frame] = []
        var wakes: [Int32] = []
    }

    private let state = Mutex(State())

    /// Adds a loop, which is woken at every frame through an eventfd.
    func add(wake: Int32) { state.withLock { $0.wakes.append(wake) } }

    /// Publishes a frame.
    func publish(_ frame: Frame) {
        let wakes = state.withLock { state in
            state.frames.append(frame)
            return state.wakes
        }
        for wake in wakes { _ = hg_eventfd_signal(wake) }
    }

    /// The frames from a number on.
    func frames(from number: Int) -> [Frame] {
        state.withLock { Array($0.frames.dropFirst(number)) }
    }
}
