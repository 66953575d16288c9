// SPDX-License-Identifier: MIT
//
// A server of two loops with real hub, fan-outs and change log, over simulated sockets and time,
// and its clients. One seed decides everything that happens; a failing seed fails again.

import Core
import Hub
import Wire

@testable import Streams

/// One loop of the simulated server.
private struct SimulatedLoop {
    let transport: SimulatedTransport
    let fanOut: FanOut<SimulatedTransport, SeededGenerator>
}

/// A server, its history and its clients.
final class SimulatedWorld {
    private var random: SeededGenerator
    private let configuration: StreamConfiguration
    private var epoch: Epoch
    /// All changes that the database has, by revision from 1 on.
    private var history: [Change] = []
    private var newest: [CollectionPath: Change] = [:]
    private var hub: Hub
    private var loops: [SimulatedLoop] = []
    private var peers: [SimulatedPeer] = []
    private var generation: UInt32 = 0
    private(set) var coverage = Coverage()

    private static let buckets = ["b0", "b1", "b2", "private"]
    private static let encodings = StreamEncoding.allCases.filter { $0 != .push }
    private static let channels: [Channel] = [
        .monitor(.all), .monitor(.all), .monitor(ChangeFilter(bucket: "b1")),
        .monitor(ChangeFilter(collection: "c2")),
        .monitor(ChangeFilter(bucket: "b0", collection: "c1")),
        .monitor(ChangeFilter(resources: [.bucket("b0"), .bucket("b2")])),
        .monitor(
            ChangeFilter(resources: [
                .collection(CollectionPath(bucket: "b1", collection: "c3")), .bucket("none"),
            ])),
        .monitor(ChangeFilter(resources: [])),
        .collection(CollectionPath(bucket: "b1", collection: "c1")),
        .collection(CollectionPath(bucket: "private", collection: "c0")),
        .collection(CollectionPath(bucket: "none", collection: "c0")),
    ]

    static func isMonitored(_ path: CollectionPath) -> Bool { path.bucket != "private" }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        epoch = Epoch(randomBits: seed &* 2 &+ 1)
        // Every other world paces, every third ends streams by age.
        var configuration = StreamConfiguration(
            heartbeatMilliseconds: 1_000,
            ageMillisecondsMax: seed.isMultiple(of: 3) ? 4_000 : nil,
            paceMilliseconds: seed.isMultiple(of: 2) ? 6_400 : 0)
        configuration.paceSlices = 2
        // Two worlds of three tell their streams two by two.
        if seed % 3 != 1 {
            configuration.sectionMembersMax = 2
            configuration.toldPerTurnMax = 1
        }
        self.configuration = configuration
        hub = Hub(epoch: epoch, host: "h", log: [], isMonitored: SimulatedWorld.isMonitored)
        start()
    }

    /// Lets `steps` things happen, then lets everyone read, and returns what is wrong.
    func run(steps: Int) -> [String] {
        for _ in 0..<steps { step() }
        settle()
        return peers.enumerated().flatMap { number, peer in
            peer.errors(newest).map { "peer \(number) (\(peer.encoding), \(peer.channel)): \($0)" }
        }
    }

    private func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<28: write(Int.random(in: 0..<8, using: &random) == 0 ? 4 : 1)
        case 28..<32: removeBucket()
        case 32..<48: loops.randomElement(using: &random)?.fanOut.synchronize()
        case 48..<54: arrive()
        case 54..<70: if let place = peers.indices.randomElement(using: &random) { read(place) }
        case 70..<82: if let place = peers.indices.randomElement(using: &random) { turn(place) }
        case 82..<88: if let place = peers.indices.randomElement(using: &random) { beat(place) }
        case 88..<95: tick()
        case 95..<97: if let place = peers.indices.randomElement(using: &random) { replace(place) }
        case 97: if Bool.random(using: &random) { restart() }
        case 98: if Int.random(in: 0..<4, using: &random) == 0 { restore() }
        default: break
        }
    }

    // MARK: Writes

    private func write(_ count: Int) {
        var changes: [CollectionPath: Change] = [:]
        for _ in 0..<count {
            let path = CollectionPath(
                bucket: Self.buckets[Int.random(in: 0..<4, using: &random)],
                collection: "c\(Int.random(in: 0..<6, using: &random))")
            let isTombstone =
                Int.random(in: 0..<6, using: &random) == 0
                && newest[path].map { !$0.isTombstone } ?? false
            let change = append(path, isTombstone: isTombstone)
            changes[path] = change
        }
        publish(Array(changes.values))
    }

    private func removeBucket() {
        let bucket = Self.buckets[Int.random(in: 0..<4, using: &random)]
        let paths = newest.values.filter { $0.path.bucket == bucket && !$0.isTombstone }
            .map(\.path).sorted { $0.collection < $1.collection }
        publish(paths.map { append($0, isTombstone: true) })
    }

    /// Appends a change whose timestamp may be above, equal to or below any other.
    private func append(_ path: CollectionPath, isTombstone: Bool) -> Change {
        let change = Change(
            path: path, timestamp: Timestamp(milliseconds: .random(in: 1..<60, using: &random)),
            revision: Revision(UInt64(history.count + 1)), isTombstone: isTombstone)
        history.append(change)
        newest[path] = change
        return change
    }

    private func publish(_ changes: [Change]) {
        hub.publish(Commit(changes: changes.sorted { $0.revision < $1.revision }))
    }

    // MARK: Clients

    private func arrive() {
        guard peers.count < 12 else { return }
        let channel = Self.channels[Int.random(in: 0..<Self.channels.count, using: &random)]
        let encoding = Self.encodings[Int.random(in: 0..<Self.encodings.count, using: &random)]
        peers.append(SimulatedPeer(channel, encoding, slot: UInt32(peers.count)))
        connect(peers.count - 1, room: Int.random(in: 0..<2_000, using: &random))
    }

    private func connect(_ place: Int, room: Int) {
        let loop = Int.random(in: 0..<loops.count, using: &random)
        generation += 1
        let id = loops[loop].transport.open(peers[place].slot, generation: generation, room: room)
        let hasBegun = loops[loop].fanOut.begin(
            id, encoding: peers[place].encoding, preamble: EncodedFrame(""),
            channel: peers[place].channel, cursor: peers[place].cursor)
        precondition(hasBegun)
        peers[place].resumes(at: hub.announced)
        peers[place].opened(loop: loop, id: id)
    }

    /// The client reads some of what waits for it.
    private func read(_ place: Int) {
        guard let (loop, id) = peers[place].connection else { return }
        let bytes = Int.random(in: 1..<1_500, using: &random)
        if loops[loop].transport.read(id, bytes: bytes) {
            coverage.stalls += 1
            loops[loop].fanOut.drained(id)
        }
        take(place)
        if let socket = loops[loop].transport.sockets[id.slot], socket.isEnded || socket.isCut {
            coverage.ended += 1
            disconnect(place)
        }
    }

    /// The client leaves, or returns.
    private func turn(_ place: Int) {
        guard peers[place].connection == nil else {
            disconnect(place)
            return
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: peers[place].forget()
        case 1: poll(place)
        case 2..<10: if peers[place].cursor != nil { coverage.exactResumes += 1 }
        default: break
        }
        connect(place, room: Int.random(in: 0..<600, using: &random))
    }

    /// The client gets the list by polling, which it goes on from.
    private func poll(_ place: Int) {
        guard case .monitor = peers[place].channel else { return }
        let (entries, timestamp) = hub.monitoredEntries()
        guard let timestamp else { return }
        var list: [CollectionPath: Timestamp] = [:]
        for entry in entries where peers[place].shows(entry.change.path) {
            list[entry.change.path] = entry.timestamp
        }
        coverage.pollResumes += 1
        peers[place].poll(list, timestamp)
    }

    private func take(_ place: Int) {
        guard let (loop, id) = peers[place].connection,
            let socket = loops[loop].transport.sockets[id.slot], socket.id == id
        else { return }
        peers[place].take(socket.received, history)
    }

    private func disconnect(_ place: Int) {
        guard let (loop, id) = peers[place].connection else { return }
        take(place)
        peers[place].connection = nil
        loops[loop].transport.close(id)
        loops[loop].fanOut.closed(id)
    }

    /// A deadline comes; the client may answer its ping or not.
    private func beat(_ place: Int) {
        guard let (loop, id) = peers[place].connection else { return }
        loops[loop].fanOut.deadlineReached(id)
        if Int.random(in: 0..<4, using: &random) > 0 { loops[loop].fanOut.heard(from: id) }
    }

    /// A WebSocket client asks for something else, from the start.
    private func replace(_ place: Int) {
        guard let (loop, id) = peers[place].connection,
            case .webSocket = peers[place].encoding.dialect,
            case .monitor = peers[place].channel
        else { return }
        loops[loop].fanOut.synchronize()
        guard !loops[loop].transport.hasPendingOutput(id) else { return }
        let filter = ChangeFilter(bucket: Self.buckets[Int.random(in: 0..<3, using: &random)])
        take(place)
        peers[place].forget()
        peers[place].channel = .monitor(filter)
        _ = loops[loop].fanOut.replace(id, filter: filter, cursor: nil)
    }

    // MARK: The server

    private func start() {
        loops = (0..<2).map { _ in
            let transport = SimulatedTransport()
            return SimulatedLoop(
                transport: transport,
                fanOut: FanOut(
                    hub: hub, transport: transport, configuration: configuration,
                    random: SeededGenerator(seed: random.next()), wake: {}, ask: { _ in }))
        }
    }

    /// The process ends and begins again: it knows what the database has.
    private func restart() {
        for place in peers.indices { disconnect(place) }
        coverage.restarts += 1
        let log = newest.values.sorted { $0.revision < $1.revision }
        hub = Hub(epoch: epoch, host: "h", log: log, isMonitored: SimulatedWorld.isMonitored)
        start()
    }

    /// A backup is put in the database's place: the history goes back, under another epoch.
    private func restore() {
        guard !history.isEmpty else { return }
        coverage.restores += 1
        for place in peers.indices { disconnect(place) }
        history = Array(history.prefix(Int.random(in: 0...history.count, using: &random)))
        newest = [:]
        for change in history { newest[change.path] = change }
        epoch = Epoch(randomBits: random.next())
        // A poll of the old list says nothing about the new one.
        for place in peers.indices where peers[place].blindSpot != nil { peers[place].forget() }
        restart()
    }

    private func tick() {
        for loop in loops {
            if loop.transport.takeAlarm() != nil { loop.fanOut.paceTick() }
            if loop.transport.takeTurn() { loop.fanOut.goOn() }
        }
    }

    /// Everyone is connected and reads until nothing happens any more.
    private func settle() {
        for loop in loops { loop.fanOut.synchronize() }
        for place in peers.indices {
            if let (loop, id) = peers[place].connection,
                loops[loop].transport.sockets[id.slot].map({ $0.isEnded || $0.isCut }) ?? true
            {
                disconnect(place)
            }
            if peers[place].connection == nil { connect(place, room: 1 << 30) }
            guard let (loop, id) = peers[place].connection else { continue }
            if loops[loop].transport.read(id, bytes: 1 << 30) { loops[loop].fanOut.drained(id) }
        }
        for _ in 0..<16 { tick() }
        precondition(loops.allSatisfy { !$0.fanOut.isTelling }, "everyone has been told")
        for place in peers.indices {
            take(place)
            coverage.add(peers[place].seen)
        }
        for loop in loops { coverage.parked += loop.fanOut.statistics.parked }
    }
}
