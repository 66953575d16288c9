// SPDX-License-Identifier: MIT

import Core
import Hub
import Wire

@testable import Streams

/// A client that follows a stream as its protocol says, holds what it was told, and notices when it
/// is told what it must not be.
struct SimulatedPeer {
    /// What it follows.
    var channel: Channel
    let encoding: StreamEncoding
    let slot: UInt32
    /// The loop that it is connected to, and its stream there; nil while it is away.
    var connection: (loop: Int, id: StreamID)?

    /// What it holds: the timestamp of each collection that it believes to exist.
    private(set) var entries: [CollectionPath: Timestamp] = [:]
    /// The cursor that it would return with.
    private(set) var cursor: String?
    /// What a poll left out for good: changes up to a revision whose timestamp is not above the
    /// list's.
    private(set) var blindSpot: (head: Revision, floor: Timestamp)?
    /// What it was told wrongly.
    private(set) var complaints: [String] = []
    /// What it has seen so far.
    private(set) var seen = Coverage()

    private var lastRevision: UInt64 = 0
    private var consumed = 0
    private var parser = EventStreamParser()
    private var decoder: WebSocketFrameDecoder
    private var inflater = Inflater(outputBytesMax: .max / 2)
    private var isFailed = false

    init(_ channel: Channel, _ encoding: StreamEncoding, slot: UInt32) {
        self.channel = channel
        self.encoding = encoding
        self.slot = slot
        decoder = Self.makeDecoder(encoding)
    }

    /// It begins anew, without a cursor.
    mutating func forget() {
        entries = [:]
        cursor = nil
        blindSpot = nil
        lastRevision = 0
    }

    /// It polls: holds the list, and would go on from the list's timestamp.
    mutating func poll(_ list: [CollectionPath: Timestamp], _ timestamp: Timestamp) {
        forget()
        entries = list
        cursor = "\"\(timestamp)\""
    }

    /// It returns to a server that has come to `head`: from a timestamp, it misses what a poll
    /// would have.
    mutating func resumes(at head: Revision) {
        guard let cursor, case .timestamp(let floor)? = try? Cursor(parsing: cursor) else { return }
        blindSpot = (head, floor)
    }

    /// It has connected.
    mutating func opened(loop: Int, id: StreamID) {
        connection = (loop, id)
        consumed = 0
        parser = EventStreamParser()
        decoder = Self.makeDecoder(encoding)
        inflater = Inflater(outputBytesMax: .max / 2)
    }

    private static func makeDecoder(_ encoding: StreamEncoding) -> WebSocketFrameDecoder {
        WebSocketFrameDecoder(role: .client, allowsCompression: encoding == .webSocketDeflate)
    }

    /// It reads what its socket has received. What the end cuts off is lost.
    mutating func take(_ received: [UInt8], _ history: [Change]) {
        var fresh = Array(received[consumed...])
        switch encoding.dialect {
        case .eventStream:
            consumed = received.count
            if encoding == .eventStreamGzip { fresh = inflate(fresh) }
            let events = fresh.withUnsafeBytes { try? parser.parse($0) }
            for event in events ?? [] { take(event, history) }
        case .webSocket: takeMessages(fresh, history)
        case .push: break
        }
    }

    private mutating func inflate(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        do {
            try inflater.inflate(bytes, to: &text)
        } catch {
            complaints.append("not deflated: \(error)")
        }
        return text
    }

    private mutating func take(_ event: StreamedEvent, _ history: [Change]) {
        let data = (try? JSONParser.parse(event.data))?.object ?? JSONObject()
        switch event.name {
        case "message": change(data, event.lastEventID, history)
        case "ready": ready(event.lastEventID)
        case "reset": reset()
        case let name: complaints.append("an event named \(name)")
        }
    }

    private mutating func takeMessages(_ bytes: [UInt8], _ history: [Change]) {
        var rest = bytes[...]
        while !isFailed {
            let (count, event) = rest.withUnsafeBytes { decoder.decode($0) }
            rest = rest.dropFirst(count)
            consumed += count
            switch event {
            case .needMoreBytes: return
            case .message(.text(let text)):
                let message = (try? JSONParser.parse(text))?.object ?? JSONObject()
                let cursor = message["cursor"]?.string ?? ""
                switch message["type"]?.string {
                case "change": change(message["entry"]?.object ?? JSONObject(), cursor, history)
                case "ready": ready(cursor)
                case "reset": reset()
                case let type: complaints.append("a message of type \(type ?? "none")")
                }
            case .ping, .pong, .close: break
            case .message(.binary), .failed:
                isFailed = true
                complaints.append("not a text message")
            }
        }
    }

    private mutating func change(_ entry: JSONObject, _ id: String, _ history: [Change]) {
        seen.changes += 1
        guard let revision = revision(of: id), revision <= history.count, revision > 0 else {
            complaints.append("no revision in \(id)")
            return
        }
        let path = CollectionPath(
            bucket: entry["bucket"]?.string ?? "", collection: entry["collection"]?.string ?? "")
        let change = history[Int(revision) - 1]
        if revision <= lastRevision { complaints.append("\(revision) after \(lastRevision)") }
        if change.path != path { complaints.append("\(revision) is of \(change.path)") }
        if !shows(path) { complaints.append("\(path) is not asked for") }
        if entry["last_modified"]?.integer != change.timestamp.milliseconds {
            complaints.append("\(revision) has the timestamp \(change.timestamp)")
        }
        if (entry["deleted"]?.bool ?? false) != change.isTombstone {
            complaints.append("\(revision) is deleted, or is not")
        }
        lastRevision = revision
        entries[path] = change.isTombstone ? nil : change.timestamp
        cursor = id
    }

    private mutating func ready(_ id: String) {
        seen.readies += 1
        guard let revision = revision(of: id) else {
            complaints.append("no revision in \(id)")
            return
        }
        if revision < lastRevision { complaints.append("ready at \(revision)") }
        lastRevision = revision
        cursor = id
    }

    private mutating func reset() {
        seen.resets += 1
        entries = [:]
        blindSpot = nil
        lastRevision = 0
    }

    private func revision(of cursor: String) -> UInt64? {
        guard case .exact(_, _, let revision)? = try? Cursor(parsing: cursor) else { return nil }
        return revision.number
    }

    /// Whether a collection belongs to what it follows.
    func shows(_ path: CollectionPath) -> Bool {
        switch channel {
        case .monitor(let filter): SimulatedWorld.isMonitored(path) && filter.matches(path)
        case .collection(let own, _): path == own
        case .broadcasts: false
        }
    }

    /// What it holds wrongly, if everything is as in `newest`.
    func errors(_ newest: [CollectionPath: Change]) -> [String] {
        var errors = complaints
        for (path, change) in newest where shows(path) {
            let held = entries[path]
            guard held != (change.isTombstone ? nil : change.timestamp) else { continue }
            if let blindSpot, change.revision <= blindSpot.head, change.timestamp <= blindSpot.floor
            {
                continue
            }
            errors.append("holds \(held.map { "\($0)" } ?? "nothing") instead of \(change)")
        }
        for path in entries.keys where newest[path] == nil {
            errors.append("holds \(path), which never was")
        }
        return errors
    }
}

/// How often something happened, so that a simulation that tests nothing is noticed.
struct Coverage {
    var changes = 0
    var readies = 0
    var resets = 0
    var stalls = 0
    var exactResumes = 0
    var pollResumes = 0
    var restarts = 0
    var restores = 0
    var ended = 0
    var parked = 0

    mutating func add(_ other: Coverage) {
        changes += other.changes
        readies += other.readies
        resets += other.resets
        stalls += other.stalls
        exactResumes += other.exactResumes
        pollResumes += other.pollResumes
        restarts += other.restarts
        restores += other.restores
        ended += other.ended
        parked += other.parked
    }

    /// What never happened.
    var missing: [String] {
        let counts = [
            "changes": changes, "readies": readies, "resets": resets, "stalls": stalls,
            "exact resumes": exactResumes, "resumes after a poll": pollResumes,
            "restarts": restarts, "restores": restores, "ends by the server": ended,
            "parked streams": parked,
        ]
        return counts.filter { $0.value == 0 }.map(\.key).sorted()
    }
}
