// SPDX-License-Identifier: MIT

import Core

/// An event as a client of an event stream sees it.
package struct StreamedEvent: Equatable, Sendable {
    /// The event's type, `message` unless the stream named another.
    package var name: String
    /// The data, lines separated by line feeds.
    package var data: String
    /// The id last told by the stream, with this event or before it.
    package var lastEventID: String

    /// Makes an event of its parts.
    package init(name: String = "message", data: String, lastEventID: String = "") {
        self.name = name
        self.data = data
        self.lastEventID = lastEventID
    }
}

/// Reads event streams from bytes that arrive in pieces, by the algorithm of WHATWG HTML,
/// section 9.2.6, "Interpreting an event stream".
package struct EventStreamParser {
    /// Why a stream is given up.
    package enum ParsingError: Error, Equatable {
        /// A line or an event above `Limits.eventBytesMax`.
        case tooLarge
    }

    /// The id to send when returning (`Last-Event-ID`); empty if there is none.
    package private(set) var lastEventID: String
    /// How long the stream asked to wait before returning; nil if it did not say.
    package private(set) var retryMilliseconds: Int?

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var name = ""
    private var id: String
    private var isAtStart = true
    private var skipsLineFeed = false

    /// Makes a parser for one connection.
    ///
    /// - Parameter lastEventID: The id known from the connection before.
    package init(lastEventID: String = "") {
        self.lastEventID = lastEventID
        id = lastEventID
    }

    /// Reads the bytes that arrived and returns the events they complete.
    ///
    /// An event that the end of the stream cuts off is never returned, as the algorithm wants.
    ///
    /// - Throws: `ParsingError.tooLarge`; the stream is then of no more use.
    /// - Complexity: O(*n*).
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ParsingError) -> [StreamedEvent] {
        var events: [StreamedEvent] = []
        var start = 0
        if skipsLineFeed, let first = bytes.first {
            skipsLineFeed = false
            if first == Byte.lineFeed { start = 1 }
        }
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == Byte.lineFeed || byte == Byte.carriageReturn else {
                index &+= 1
                continue
            }
            try append(bytes.part(start..<index))
            if let event = try endLine() { events.append(event) }
            index &+= 1
            if byte == Byte.carriageReturn {
                if index == bytes.count {
                    skipsLineFeed = true
                } else if bytes[index] == Byte.lineFeed {
                    index &+= 1
                }
            }
            start = index
        }
        try append(bytes.part(start..<bytes.count))
        return events
    }

    private mutating func append(_ part: UnsafeRawBufferPointer) throws(ParsingError) {
        guard part.count <= Limits.eventBytesMax - line.count else { throw .tooLarge }
        line.append(contentsOf: part)
    }

    /// Interprets the finished line.
    private mutating func endLine() throws(ParsingError) -> StreamedEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        var content = line[...]
        if isAtStart {
            isAtStart = false
            if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        }
        guard !content.isEmpty else { return dispatch() }
        guard let colon = content.firstIndex(of: UInt8(ascii: ":")) else {
            try interpret(field: content, value: [])
            return nil
        }
        var value = content[(colon + 1)...]
        if value.first == Byte.space { value = value.dropFirst() }
        try interpret(field: content[..<colon], value: value)
        return nil
    }

    private mutating func interpret(
        field: ArraySlice<UInt8>, value: ArraySlice<UInt8>
    ) throws(ParsingError) {
        if field.elementsEqual("data".utf8) {
            guard value.count + 1 <= Limits.eventBytesMax - data.count else { throw .tooLarge }
            data.append(contentsOf: value)
            data.append(Byte.lineFeed)
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        } else if field.elementsEqual("retry".utf8) {
            let isNumber = !value.isEmpty && value.allSatisfy { Byte.decimalValue($0) != nil }
            if isNumber, let wait = DecimalNumber.parse(value, digitsMax: 18) {
                retryMilliseconds = Int(wait)
            }
        }
    }

    private mutating func dispatch() -> StreamedEvent? {
        lastEventID = id
        defer {
            data.removeAll(keepingCapacity: true)
            name = ""
        }
        guard !data.isEmpty else { return nil }
        return StreamedEvent(
            name: name.isEmpty ? "message" : name,
            data: String(decoding: data.dropLast(), as: UTF8.self), lastEventID: id)
    }
}
