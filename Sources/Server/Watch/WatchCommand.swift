// SPDX-License-Identifier: MIT

import Core
import Glibc
import Wire

/// `heliograph watch`: prints each change of a server as it happens, for ever: it comes back after
/// interruptions and goes on where it was.
package struct WatchCommand {
    /// What to watch and how to print it.
    package struct Options: Equatable, Sendable {
        /// Where.
        package var url: WatchURL
        /// The cursor to begin at; empty for everything.
        package var cursor: String
        /// Whether entries are printed as JSON lines instead of as a table.
        package var printsJSON: Bool

        /// Makes options of their parts.
        package init(url: WatchURL, cursor: String = "", printsJSON: Bool = false) {
            self.url = url
            self.cursor = cursor
            self.printsJSON = printsJSON
        }
    }

    private enum Ending: Error {
        /// Coming back may help.
        case interrupted(String)
        /// Coming back would not help.
        case refused(String)
    }

    private let options: Options
    private let print: (String) -> Void
    private let tell: (String) -> Void
    private var lastEventID: String
    private var retryMilliseconds = Limits.retryMilliseconds.lowerBound
    private var failures = 0

    /// Makes a watcher.
    ///
    /// - Parameters:
    ///   - print: Takes each line of output.
    ///   - tell: Takes what is said about the connection.
    package init(
        _ options: Options, print: @escaping (String) -> Void, tell: @escaping (String) -> Void
    ) {
        self.options = options
        self.print = print
        self.tell = tell
        lastEventID = options.cursor
    }

    /// Watches until the server refuses for good.
    ///
    /// - Returns: The exit code.
    package mutating func run() -> ExitStatus {
        while true {
            do throws(Ending) {
                try watchOnce()
            } catch {
                switch error {
                case .refused(let reason):
                    tell(reason)
                    return .failure
                case .interrupted(let reason):
                    failures += 1
                    let wait = waitMilliseconds()
                    tell("\(reason); again in \(wait) ms")
                    usleep(UInt32(clamping: wait * 1_000))
                }
            }
        }
    }

    /// The server's own time, doubled with each failure in a row, up to a limit, and varied.
    private func waitMilliseconds() -> Int {
        let doubled = retryMilliseconds << min(failures - 1, 6)
        let longest = min(doubled, Limits.watchRetryMillisecondsMax)
        return Int.random(in: longest / 2...longest)
    }

    private mutating func watchOnce() throws(Ending) {
        let socket = try connect()
        var reader = ResponseHeadReader()
        var body: BodyDecoder?
        var parser = EventStreamParser(lastEventID: lastEventID)
        while true {
            var bytes = try receive(socket)
            if bytes.isEmpty { throw .interrupted("the server ended the stream") }
            if body == nil {
                guard let (head, rest) = try readHead(&reader, bytes) else { continue }
                body = try decoder(for: head)
                bytes = rest
            }
            guard let content = body?.decode(bytes) else {
                throw .interrupted("the stream is malformed")
            }
            try show(content, &parser)
        }
    }

    private func connect() throws(Ending) -> ClientSocket {
        do {
            let socket = try ClientSocket(options.url.server)
            try socket.send(request())
            return socket
        } catch {
            guard error.mayPass else { throw .refused(error.description) }
            throw .interrupted(error.description)
        }
    }

    private func request() -> [UInt8] {
        var fields = HTTPFields([
            ("Host", options.url.server.authority), ("Accept", EventStreamEncoder.mediaType),
            ("Cache-Control", "no-cache"), ("User-Agent", "heliograph/\(HeliographVersion.text)"),
        ])
        if !lastEventID.isEmpty { fields.append("Last-Event-ID", lastEventID) }
        let head = HTTPRequestHead(method: .get, target: options.url.target, fields: fields)
        return HTTPRequestWriter.message(of: HTTPRequest(head: head))
    }

    private func receive(_ socket: ClientSocket) throws(Ending) -> [UInt8] {
        do {
            return try socket.receive()
        } catch {
            throw .interrupted(error.description)
        }
    }

    private func readHead(
        _ reader: inout ResponseHeadReader, _ bytes: [UInt8]
    ) throws(Ending) -> (head: ResponseHeadReader.Head, rest: [UInt8])? {
        do {
            return try reader.read(bytes)
        } catch {
            throw .refused("\(options.url.server.authority) does not speak HTTP")
        }
    }

    private func decoder(for head: ResponseHeadReader.Head) throws(Ending) -> BodyDecoder {
        switch head.status {
        case 200: break
        case 429, 500...599: throw .interrupted("the server answered \(head.status)")
        default: throw .refused("the server answered \(head.status)")
        }
        let type = head.fields["Content-Type"] ?? ""
        guard type.hasPrefix(EventStreamEncoder.mediaType) else {
            throw .refused("no event stream there, but \(type)")
        }
        let isChunked = head.fields.tokens("Transfer-Encoding").contains("chunked")
        return isChunked ? .chunked(ChunkReader()) : .plain
    }

    private mutating func show(
        _ content: [UInt8], _ parser: inout EventStreamParser
    ) throws(Ending) {
        let events: [StreamedEvent]
        do {
            events = try content.withUnsafeBytes { bytes in try parser.parse(bytes) }
        } catch {
            throw .interrupted("an event is too large")
        }
        lastEventID = parser.lastEventID
        if let retry = parser.retryMilliseconds { retryMilliseconds = max(1, retry) }
        for event in events {
            failures = 0
            switch event.name {
            case "message": showEntry(event.data)
            case "ready": tell("caught up; what follows is live")
            case "reset": tell("the cursor could not be resumed (\(event.data)): the whole list")
            default: break
            }
        }
    }

    private func showEntry(_ json: String) {
        guard !options.printsJSON, let entry = (try? JSONParser.parse(json))?.object,
            let bucket = entry["bucket"]?.string, let collection = entry["collection"]?.string,
            let timestamp = entry["last_modified"]?.integer
        else {
            print(json)
            return
        }
        let isTombstone = entry["deleted"]?.bool ?? false
        print("\(timestamp) \(bucket)/\(collection)\(isTombstone ? " deleted" : "")")
    }
}
