// SPDX-License-Identifier: MIT
//
// Puts the modules together: storage, hub, API, loops. The one place that knows all of them.
//
// Order of the start: the database is opened and its change log read (so that a database that is
// unusable or in use is told before anything listens), then the addresses are bound, then the
// loops run, then the ready line is written. Order of the end: loops drain, then stop, then the
// storage finishes what waits and closes.

import Core
import Dispatch
import Glibc
import Hub
import KintoAPI
import Reactor
import Storage
import Streams
import Synchronization

/// A server from its start to its end.
package final class HeliographServer: Sendable {
    /// Why a server cannot start; the text is one line for the operator.
    package enum StartError: Error, CustomStringConvertible {
        /// The database cannot be used.
        case storage(String)
        /// An address cannot be listened on, or a loop cannot be made.
        case listening(String)

        package var description: String {
            switch self {
            case .storage(let reason), .listening(let reason): reason
            }
        }
    }

    /// Whom a running server tells what its operator should know; called on any thread.
    package struct Reporter: Sendable {
        /// Clients are refused, after a time in which none was: why, and whose address has too much
        /// if that is the reason.
        package var refusing: @Sendable (_ reason: String, _ address: String?) -> Void
        /// None was refused for that reason for a while: how many were.
        package var refusedNoMore: @Sendable (_ reason: String, _ count: Int) -> Void
        /// A request could not be answered because of a failure; at most once per second.
        package var failed: @Sendable (any Error) -> Void
        /// A connection of a listener for proxies was refused: why, and whose it was; at most once
        /// per second.
        package var proxyRefused: @Sendable (_ reason: String, _ peer: String) -> Void

        /// Makes a reporter, by default one that tells nobody.
        package init(
            refusing: @escaping @Sendable (String, String?) -> Void = { _, _ in },
            refusedNoMore: @escaping @Sendable (String, Int) -> Void = { _, _ in },
            failed: @escaping @Sendable (any Error) -> Void = { _ in },
            proxyRefused: @escaping @Sendable (String, String) -> Void = { _, _ in }
        ) {
            self.refusing = refusing
            self.refusedNoMore = refusedNoMore
            self.failed = failed
            self.proxyRefused = proxyRefused
        }
    }

    /// What a server is made of.
    package struct Options: Sendable {
        /// Where connections are accepted.
        package var listeners: [ListenAddress]
        /// How many event loops.
        package var loops: Int
        /// Connections of the whole process.
        package var connectionsMax: Int
        /// How streams behave.
        package var streams: StreamConfiguration
        /// What the operator says of the connections that come in.
        package var edge = EdgeConfiguration()
        /// Where the memory in use is read, if not where those settings say.
        var memoryGauge: MemoryGauge?
        /// The API's settings.
        package var kinto: KintoSettings

        /// Makes options of their parts.
        package init(
            listeners: [ListenAddress], loops: Int = 1,
            connectionsMax: Int = Limits.connectionsPerLoopDefault,
            streams: StreamConfiguration = StreamConfiguration(), kinto: KintoSettings
        ) {
            self.listeners = listeners
            self.loops = loops
            self.connectionsMax = connectionsMax
            self.streams = streams
            self.kinto = kinto
        }

        /// Connections that one loop may have: all of the process, and those that are refused.
        fileprivate var loopConnectionsMax: Int {
            connectionsMax + Limits.refusedConnectionsMax
        }
    }

    /// The addresses listened on, with real ports.
    package let addresses: [BoundAddress]
    /// The hub that writes drive.
    package let hub: Hub

    private let storage: any Storage
    private let emitter: BroadcastEmitter
    private let group: EventLoopGroup
    private let services: [LoopService]
    private let figures: ServerFigures
    private let edge: Edge
    private let dispatcher: Mutex<RequestDispatcher>

    /// Opens nothing but sockets: reads the change log of `storage`, listens, and runs the loops.
    ///
    /// - Parameter reporter: Whom it tells of trouble.
    /// - Throws: `StartError`; the storage is closed then.
    package init(
        _ options: Options, storage: any Storage, reporter: Reporter = Reporter()
    ) throws(StartError) {
        let log: [Change]
        let rewrites: [CollectionPath: Revision]
        let known: [Broadcast]
        do {
            log = try storage.changeLog()
            rewrites = try storage.rewrites()
            known = try storage.broadcasts()
        } catch {
            storage.close()
            throw .storage("the change log cannot be read: \(error)")
        }
        let group: EventLoopGroup
        do {
            group = try HeliographServer.listen(options)
        } catch {
            storage.close()
            throw .listening("\(error)")
        }
        let monitored = options.kinto.monitored
        let host = options.kinto.entryHost
        let hub = Hub(
            epoch: storage.epoch,
            host: host.isEmpty ? HeliographServer.host(of: group.boundAddresses) : host, log: log,
            rewrites: rewrites, broadcasts: known, isMonitored: { monitored.monitors($0) })
        let edge = Edge(options, reporter: reporter, clock: HeliographServer.now)
        let figures = ServerFigures(hub: hub, storage: storage, edge: edge)
        let service = KintoService(
            settings: options.kinto, changes: hub, pages: figures, clock: HeliographServer.now)
        let emitter = HeliographServer.emitter(
            options.kinto, log, known, .writing(to: storage, for: service))
        storage.setCommitObserver { commit in
            hub.publish(commit)
            emitter.note(commit)
        }
        let dispatcher = RequestDispatcher(
            service: service, storage: storage,
            runner: HeliographServer.runner(options.kinto, storage),
            clock: HeliographServer.now, tellFailure: { reporter.failed($0) })
        self.figures = figures
        self.edge = edge
        self.dispatcher = Mutex(dispatcher)
        self.storage = storage
        self.hub = hub
        self.emitter = emitter
        self.group = group
        addresses = group.boundAddresses
        let services = group.loops.map { loop in
            LoopService(
                loop: loop, hub: hub, dispatcher: dispatcher, edge: edge,
                streams: options.streams, clock: HeliographServer.now)
        }
        self.services = services
        figures.setLoops(services.map(\.figures))
        do {
            try group.start { services[$0.index] }
        } catch {
            group.stop()
            group.join()
            storage.close()
            throw .listening("\(error)")
        }
        emitter.start()
        edge.watch.start()
    }

    /// Listens, and makes the loops.
    private static func listen(_ options: Options) throws(ReactorError) -> EventLoopGroup {
        try EventLoopGroup(
            loops: options.loops,
            configuration: EventLoopConfiguration(
                listeners: options.listeners, connectionsMax: options.loopConnectionsMax))
    }

    /// Whether a listener's connections begin with the header of a proxy.
    package func isProxied(_ listener: ListenerID) -> Bool {
        edge.configuration.proxiedListeners.contains(listener)
    }

    /// Takes over other options while it runs: what they say of connections, streams and the API.
    /// Listeners and loops stay as they were made. No connection is closed for it.
    ///
    /// Each loop takes over everything at once, between two requests. Returns when all loops have,
    /// or after `Limits.reloadSecondsMax` if one of them is busy for so long. Not to be called by
    /// several threads at once.
    package func adopt(_ options: Options) {
        edge.admission.setConnectionsMax(options.connectionsMax)
        emitter.setInterval(seconds: options.kinto.broadcastDebounceSeconds)
        let next = dispatcher.withLock { dispatcher in
            let service = KintoService(succeeding: dispatcher.service, settings: options.kinto)
            dispatcher = RequestDispatcher(succeeding: dispatcher, service: service)
            return dispatcher
        }
        next.runner.verifier.adopt(options.kinto)
        emitter.setPublic(next.service.publicVisibility(in: storage))
        let loops = DispatchGroup()
        for service in services {
            loops.enter()
            service.succeed(
                with: LoopService.Succession(
                    dispatcher: next, streams: options.streams,
                    connectionsMax: options.loopConnectionsMax, isTakenOver: { loops.leave() }))
        }
        _ = loops.wait(timeout: .now() + .seconds(Limits.reloadSecondsMax))
        // What grants a permission may have changed: streams that live by one are looked at again.
        hub.noteAccessChange()
    }

    /// Ends in order: says that it is not ready any more, accepts who waits, closes the listeners,
    /// answers what is in progress, and ends the streams; after `seconds` what is left is cut.
    /// Blocks until everything is closed.
    ///
    /// - Parameters:
    ///   - seconds: Also the window over which streams are told to return.
    ///   - noticeSeconds: How long everything goes on, but for the heartbeats, so that balancers
    ///     find out.
    package func drain(seconds: Int, noticeSeconds: Int = 0) {
        figures.noteDraining()
        sleep(UInt32(clamping: noticeSeconds))
        let loops = DispatchGroup()
        for service in services {
            loops.enter()
            let isPosted = service.loop.post {
                service.beginDrain(windowMilliseconds: seconds * 1_000)
                loops.leave()
            }
            if !isPosted { loops.leave() }
        }
        // Whom the loops accept last is counted then.
        _ = loops.wait(timeout: .now() + .seconds(seconds))
        var waitsLeft = seconds * 1_000_000 / Int(Limits.drainPollMicroseconds)
        while edge.admission.openCount > 0, waitsLeft > 0 {
            usleep(Limits.drainPollMicroseconds)
            waitsLeft -= 1
        }
        stop()
    }

    /// Runs `job` on the first loop's thread.
    func post(_ job: @escaping @Sendable () -> Void) -> Bool { group.loops[0].post(job) }

    /// Looks at the memory, and tells of refusals, as it is done once a second.
    func look() { edge.watch.look() }

    /// How many polls were answered by the bytes of their requests.
    package var repeatedAnswers: UInt64 { figures.repeatedAnswers }

    /// Cuts all connections, finishes the writes that wait, and closes the storage.
    package func stop() {
        group.stop()
        group.join()
        edge.watch.stop()
        emitter.stop()
        storage.close()
    }

    /// Who announces what changed, after what the storage remembers.
    private static func emitter(
        _ settings: KintoSettings, _ log: [Change], _ known: [Broadcast],
        _ actions: BroadcastEmitter.Actions
    ) -> BroadcastEmitter {
        let monitored = settings.monitored
        return BroadcastEmitter(
            intervalSeconds: settings.broadcastDebounceSeconds, log: log,
            last: known.first { $0.id == Broadcast.monitorChangesID },
            isMonitored: { monitored.monitors($0) }, actions: actions)
    }

    /// Who carries out plans over a storage, and hashes passwords beside it.
    private static func runner(
        _ settings: KintoSettings, _ storage: any Storage
    ) -> PlanRunner {
        let workers = BackgroundThreads(
            threadsMax: Limits.passwordThreadsMax, jobsMax: Limits.passwordJobsMax)
        let verifier = LoginVerifier(
            settings: settings, storage: storage, workers: workers, clock: now)
        let compressors = BackgroundThreads(
            threadsMax: Limits.compressingThreadsMax, jobsMax: Limits.compressingJobsMax)
        return PlanRunner(
            storage: storage, verifier: verifier, workers: workers, compressors: compressors)
    }

    /// The host that entries name when no setting says which: the first address over TCP.
    private static func host(of addresses: [BoundAddress]) -> String {
        for bound in addresses {
            if case .tcp = bound.address { return "\(bound.address)" }
        }
        return "localhost"
    }

    /// The time of day.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
