// SPDX-License-Identifier: MIT

/// One event of a stream (WHATWG HTML, section 9.2.6).
struct ServerSentEvent: Equatable {
    /// Its type, `message` if the stream names none.
    var name = "message"
    /// Its lines of data, joined.
    var data = ""
    /// The last id that the stream told, this event's or an earlier one's.
    var id = ""
}

/// Cuts the bytes of a stream into events, however they are split on their way.
struct EventStreamParser {
    /// The time to wait before returning, in milliseconds, if the stream told one.
    private(set) var retryMilliseconds: Int?

    private var line: [UInt8] = []
    private var skipsLineFeed = false
    private var event = ServerSentEvent()
    private var hasData = false

    /// Takes bytes, and returns the events that they complete.
    mutating func parse(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where skipsLineFeed:
                skipsLineFeed = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                skipsLineFeed = byte == UInt8(ascii: "\r")
                if let complete = takeLine() { events.append(complete) }
            default:
                skipsLineFeed = false
                line.append(byte)
            }
        }
        return events
    }

    private mutating func takeLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return takeEvent() }
        let parts = line.split(
            separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: parts[0], as: UTF8.self)
        var value = parts.count > 1 ? parts[1] : []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch name {
        case "event": event.name = text
        case "id" where !value.contains(0): event.id = text
        case "retry": retryMilliseconds = Int(text) ?? retryMilliseconds
        case "data":
            event.data += hasData ? "\n" + text : text
            hasData = true
        default: break
        }
        return nil
    }

    private mutating func takeEvent() -> ServerSentEvent? {
        let complete = event
        let isEvent = hasData
        event = ServerSentEvent(id: complete.id)
        hasData = false
        return isEvent ? complete : nil
    }
}
