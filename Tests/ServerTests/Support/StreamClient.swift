// SPDX-License-Identifier: MIT

import Core
import Wire

/// A client of a stream over a real socket, which holds what it was told.
final class StreamClient {
    enum Transport: CaseIterable {
        case eventStream, eventStreamGzip, webSocket, webSocketDeflate
    }

    /// What it holds: the timestamp of each collection it believes in, by `bucket/collection`.
    private(set) var entries: [String: Int64] = [:]
    /// The cursor of the last event that came whole.
    private(set) var cursor: String?
    /// What it was told wrongly.
    private(set) var complaints: [String] = []
    /// How many changes and resets it was told.
    private(set) var changes = 0
    private(set) var resets = 0

    private let transport: Transport
    private let query: String
    private var connection: TestConnection?
    private var parser = EventStreamParser()
    private var decoder = WebSocketFrameDecoder(role: .client)
    private var inflater = Inflater(outputBytesMax: .max / 2)
    private var unread: [UInt8] = []
    private var lastRevision: UInt64 = 0

    init(_ transport: Transport, query: String) {
        self.transport = transport
        self.query = query
    }

    var isConnected: Bool { connection != nil }

    /// Connects, from where it was if it was anywhere.
    func connect(port: UInt16) throws {
        let connection = try TestConnection(port: port)
        connection.shrinkReceiveBuffer()
        let since = cursor.map { "&_since=\($0)" } ?? ""
        let path = "/v1/buckets/monitor/collections/changes/stream?\(query)\(since)"
        switch transport {
        case .eventStream:
            try connection.send("GET", path)
            _ = try connection.read(until: "\r\n\r\n")
        case .eventStreamGzip:
            try connection.send(
                "GET", path + "&_encoding=gzip", fields: ["Accept-Encoding": "gzip"])
            _ = try connection.read(until: "\r\n\r\n")
            let header = try connection.readBytes(Gzip.header.count)
            if header != Gzip.header { complaints.append("no gzip") }
        case .webSocket: _ = try connection.upgrade(path)
        case .webSocketDeflate:
            let answer = try connection.upgrade(
                path, fields: ["Sec-WebSocket-Extensions": "permessage-deflate"])
            if answer.fields["Sec-WebSocket-Extensions"] == nil { complaints.append("no deflate") }
        }
        parser = EventStreamParser()
        decoder = WebSocketFrameDecoder(
            role: .client, allowsCompression: transport == .webSocketDeflate)
        inflater = Inflater(outputBytesMax: .max / 2)
        unread = []
        self.connection = connection
    }

    /// Leaves; what has not come whole is lost.
    func disconnect() { connection = nil }

    /// Reads what is there, without waiting.
    func readAvailable() throws {
        while let bytes = try connection?.receiveAvailable(), !bytes.isEmpty { take(bytes) }
    }

    /// Reads until it holds that timestamp of a collection.
    func read(until name: String, is timestamp: Int64) throws {
        while entries[name] != timestamp {
            guard let bytes = try connection?.receiveSome(), !bytes.isEmpty else {
                throw TestConnection.Failure(reason: "ended before \(name) was at \(timestamp)")
            }
            take(bytes)
        }
    }

    private func take(_ bytes: [UInt8]) {
        switch transport {
        case .eventStreamGzip:
            var text: [UInt8] = []
            do {
                try inflater.inflate(bytes, to: &text)
            } catch {
                complaints.append("not deflated: \(error)")
            }
            takeEvents(text)
        case .eventStream: takeEvents(bytes)
        case .webSocket, .webSocketDeflate:
            unread += bytes
            while let text = nextMessage() {
                let message = (try? JSONParser.parse(text))?.object ?? JSONObject()
                take(
                    message["type"]?.string ?? "", message["entry"]?.object,
                    message["cursor"]?.string ?? "")
            }
        }
    }

    private func takeEvents(_ bytes: [UInt8]) {
        let events = bytes.withUnsafeBytes { try? parser.parse($0) } ?? []
        for event in events { take(event.name, event.data, event.lastEventID) }
    }

    private func nextMessage() -> [UInt8]? {
        while true {
            let (count, event) = unread.withUnsafeBytes { decoder.decode($0) }
            unread.removeFirst(count)
            switch event {
            case .needMoreBytes, .close: return nil
            case .message(.text(let text)): return text
            case .ping, .pong: continue
            case .message(.binary), .failed:
                complaints.append("not a text message")
                return nil
            }
        }
    }

    private func take(_ name: String, _ data: String, _ id: String) {
        let entry = name == "message" ? (try? JSONParser.parse(data))?.object : nil
        take(name == "message" ? "change" : name, entry, id)
    }

    private func take(_ name: String, _ entry: JSONObject?, _ id: String) {
        if name == "reset" {
            resets += 1
            entries = [:]
            lastRevision = 0
            return
        }
        guard case .exact(_, _, let revision)? = try? Cursor(parsing: id) else {
            complaints.append("\(name) with \(id)")
            return
        }
        let mustBeAbove = name == "change" ? lastRevision + 1 : lastRevision
        if revision.number < mustBeAbove {
            complaints.append("\(name) at \(revision) after \(lastRevision)")
        }
        lastRevision = revision.number
        cursor = id
        guard name == "change", let entry else { return }
        changes += 1
        let path = "\(entry["bucket"]?.string ?? "")/\(entry["collection"]?.string ?? "")"
        let isTombstone = entry["deleted"]?.bool ?? false
        entries[path] = isTombstone ? nil : entry["last_modified"]?.integer
    }
}
