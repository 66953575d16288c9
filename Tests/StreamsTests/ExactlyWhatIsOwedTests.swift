// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing

@testable import Streams

@Suite("Any interleaving of writes, slow sockets, disconnects and resumes")
struct ExactlyWhatIsOwedTests {
    private struct Peer {
        var id: StreamID
        let channel: Channel
        /// What was received over earlier connections.
        var earlier: [Received.Event] = []
        var cursor: String?
        var isConnected = true
    }

    @Test(
        "ends with each subscriber holding the newest entry of each collection it may see",
        arguments: 0..<300)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bench = Bench(seed: seed)
        var peers: [Peer] = []
        let channels: [Channel] = [
            .monitor(.all), .monitor(ChangeFilter(bucket: "b1")),
            .monitor(ChangeFilter(collection: "c2")),
            .monitor(ChangeFilter(resources: [.bucket("b0"), .bucket("b2")])),
            .monitor(ChangeFilter(resources: [])),
            .collection(CollectionPath(bucket: "b1", collection: "c1")),
            .collection(CollectionPath(bucket: "private", collection: "c0")),
            .collection(CollectionPath(bucket: "private", collection: "c1")),
        ]
        let buckets = ["b0", "b1", "b2", "private"]
        for step in 0..<200 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                bench.write(
                    "c\(Int.random(in: 0..<6, using: &random))",
                    Int64.random(in: 0..<40, using: &random),
                    bucket: buckets[Int.random(in: 0..<4, using: &random)],
                    deletes: Int.random(in: 0..<6, using: &random) == 0)
            case 4, 5:
                bench.fanOut.synchronize()
            case 6 where peers.count < 12:
                let channel = channels[Int.random(in: 0..<channels.count, using: &random)]
                let id = bench.subscribe(
                    UInt32(peers.count), room: Int.random(in: 0..<2_000, using: &random),
                    channel: channel)
                peers.append(Peer(id: id, channel: channel))
            case 7, 8:
                guard let place = peers.indices.randomElement(using: &random),
                    peers[place].isConnected
                else { continue }
                let bytes = Int.random(in: 1..<1_500, using: &random)
                if bench.transport.read(peers[place].id, bytes: bytes) {
                    bench.fanOut.drained(peers[place].id)
                }
            default:
                guard let place = peers.indices.randomElement(using: &random) else { continue }
                if peers[place].isConnected {
                    disconnect(&peers[place], bench)
                } else {
                    reconnect(&peers[place], bench, step, room: 300)
                }
            }
        }
        bench.fanOut.synchronize()
        for place in peers.indices {
            if !peers[place].isConnected { reconnect(&peers[place], bench, 1_000, room: 1 << 30) }
            if bench.transport.read(peers[place].id, bytes: 1 << 30) {
                bench.fanOut.drained(peers[place].id)
            }
            check(peers[place], bench)
        }
    }

    private func shows(_ channel: Channel, _ path: CollectionPath) -> Bool {
        switch channel {
        case .monitor(let filter): path.bucket != "private" && filter.matches(path)
        case .collection(let own, _): path == own
        case .broadcasts: false
        }
    }

    /// Cuts the connection; events cut in the middle are lost, as a peer would lose them.
    private func disconnect(_ peer: inout Peer, _ bench: Bench) {
        let whole = wholeEvents(bench.text(peer.id))
        let received = Received(whole)
        peer.earlier += received.changes
        peer.cursor = received.lastID ?? peer.cursor
        bench.transport.close(peer.id)
        bench.fanOut.closed(peer.id)
        peer.isConnected = false
    }

    private func reconnect(_ peer: inout Peer, _ bench: Bench, _ step: Int, room: Int) {
        peer.id = bench.subscribe(
            peer.id.slot, generation: UInt32(step + 2), room: room, channel: peer.channel,
            cursor: peer.cursor)
        peer.isConnected = true
    }

    private func wholeEvents(_ text: String) -> String {
        guard let end = text.range(ofLast: "\n\n") else { return "" }
        return String(text[..<end])
    }

    private func check(_ peer: Peer, _ bench: Bench) {
        let events = peer.earlier + Received(bench.text(peer.id)).changes
        let revisions = events.map(\.revision)
        #expect(zip(revisions, revisions.dropFirst()).allSatisfy { $0 < $1 }, "I4, nothing twice")
        var held: [UInt64: UInt64] = [:]
        for event in events {
            let change = bench.history[Int(event.revision) - 1]
            #expect(shows(peer.channel, change.path))
            #expect(change.timestamp.milliseconds == event.timestamp)
            held[UInt64(bitPattern: Int64(change.path.hashValue))] = event.revision
        }
        var newest: [CollectionPath: Change] = [:]
        for change in bench.history where shows(peer.channel, change.path) {
            newest[change.path] = change
        }
        for (path, change) in newest {
            let key = UInt64(bitPattern: Int64(path.hashValue))
            if change.isTombstone, held[key] == nil { continue }
            #expect(held[key] == change.revision.number)
        }
    }
}

extension String {
    /// The index behind the last occurrence of `needle`.
    fileprivate func range(ofLast needle: String) -> String.Index? {
        var found: String.Index?
        var place = startIndex
        while place < endIndex {
            if self[place...].hasPrefix(needle) {
                found = index(place, offsetBy: needle.count)
            }
            place = index(after: place)
        }
        return found
    }
}
