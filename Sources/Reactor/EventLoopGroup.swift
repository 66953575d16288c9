// SPDX-License-Identifier: MIT

import Synchronization

/// The reactor: listeners, the loops that serve them, and a thread for each loop.
///
/// ```swift
/// let reactor = try EventLoopGroup(loops: 2, configuration: configuration)
/// print(reactor.boundAddresses)
/// try reactor.start { loop in Handler(loop) }
/// …
/// reactor.stop()
/// reactor.join()
/// ```
package final class EventLoopGroup: Sendable {
    private struct Threads {
        var running: [LoopThread] = []
        var wasStarted = false
    }

    /// The loops, by their index.
    package let loops: [EventLoop]
    /// Every address that is listened on, listener by listener.
    package let boundAddresses: [BoundAddress]

    private let threads = Mutex(Threads())

    /// Listens on every address of the configuration, and makes the loops.
    ///
    /// - Throws: `ReactorError`; nothing is left open then.
    package init(
        loops count: Int, configuration: EventLoopConfiguration
    ) throws(ReactorError) {
        precondition(count > 0, "a reactor has loops")
        var sockets = [[ListeningSocket]](repeating: [], count: count)
        for (index, address) in configuration.listeners.enumerated() {
            let listener = ListenerID(index)
            switch address {
            case .tcp(let host, let port):
                let tcp = try TCPListener(host: host, port: port, listener: listener)
                for (loop, its) in try tcp.listen(loops: count).enumerated() {
                    sockets[loop] += its
                }
            case .unix(let path):
                let shared = try ListeningSocket.unix(path: path, listener: listener)
                for loop in 0..<count { sockets[loop].append(shared) }
            }
        }
        boundAddresses = sockets[0].map { BoundAddress(listener: $0.listener, address: $0.address) }
        var loops: [EventLoop] = []
        for index in 0..<count {
            loops.append(
                try EventLoop(index: index, configuration: configuration, sockets: sockets[index]))
        }
        self.loops = loops
    }

    /// Starts a thread for each loop; to be called once.
    ///
    /// - Parameter makeHandler: Called for each loop, on its thread.
    /// - Throws: `ReactorError.systemCall`; the loops that run then are stopped by `stop` as ever.
    package func start(
        _ makeHandler: @escaping @Sendable (EventLoop) -> any EventLoopHandler
    ) throws(ReactorError) {
        try threads.withLock { threads throws(ReactorError) in
            precondition(!threads.wasStarted, "a reactor starts once")
            threads.wasStarted = true
            for loop in loops {
                let thread = try LoopThread(name: "loop-\(loop.index)") {
                    loop.run(handler: makeHandler(loop))
                }
                threads.running.append(thread)
            }
        }
    }

    /// Makes all loops end after their turn.
    package func stop() {
        for loop in loops { loop.stop() }
    }

    /// Waits until all loops have ended: connections and listeners are closed then.
    package func join() {
        let running = threads.withLock { threads in
            var running: [LoopThread] = []
            swap(&running, &threads.running)
            return running
        }
        for thread in running { thread.join() }
    }
}
