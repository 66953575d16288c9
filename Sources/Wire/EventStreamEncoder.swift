// SPDX-License-Identifier: MIT

/// Writes event streams (WHATWG HTML, section 9.2.5, "Parsing an event stream").
///
/// Each piece ends with an empty line, so pieces may be put one behind the other in any order.
package enum EventStreamEncoder {
    /// The media type of event streams.
    package static let mediaType = "text/event-stream"

    /// Whether `id` survives as an event's id: a line break would end it, NUL makes clients
    /// ignore it.
    ///
    /// - Complexity: O(*n*).
    package static func isValidID(_ id: String) -> Bool {
        id.utf8.allSatisfy { !isLineEnd($0) && $0 != 0 }
    }

    /// The bytes of an event.
    ///
    /// - Parameters:
    ///   - id: The id that a returning client sends; nil leaves the client's as it is. Must be
    ///     valid (`isValidID(_:)`).
    ///   - name: The event's name, nil for a plain message. Must be a single line.
    ///   - data: The data; each line of it, whichever way it ends, becomes a `data` line, so a
    ///     client sees every line end as a line feed.
    /// - Complexity: O(*n*).
    package static func event(
        id: String? = nil, name: String? = nil, data: [UInt8]
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(data.count + 64 + (id?.utf8.count ?? 0) + (name?.utf8.count ?? 0))
        if let id {
            precondition(isValidID(id), "an id with a line break or NUL")
            output.append(contentsOf: "id: ".utf8)
            output.append(contentsOf: id.utf8)
            output.append(Byte.lineFeed)
        }
        if let name {
            precondition(!name.utf8.contains(where: isLineEnd), "an event name with a line break")
            output.append(contentsOf: "event: ".utf8)
            output.append(contentsOf: name.utf8)
            output.append(Byte.lineFeed)
        }
        appendLines("data: ", data, to: &output)
        output.append(Byte.lineFeed)
        return output
    }

    /// The bytes of an event whose data is text.
    ///
    /// - Complexity: O(*n*).
    package static func event(
        id: String? = nil, name: String? = nil, text: String
    ) -> [UInt8] {
        event(id: id, name: name, data: Array(text.utf8))
    }

    /// The bytes that tell a client how long to wait before it returns.
    package static func retry(milliseconds: Int) -> [UInt8] {
        precondition(milliseconds >= 0)
        return Array("retry: \(milliseconds)\n\n".utf8)
    }

    /// The bytes of a comment, which clients ignore: it keeps a connection open.
    ///
    /// - Complexity: O(*n*).
    package static func comment(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        appendLines(": ", text.utf8, to: &output)
        output.append(Byte.lineFeed)
        return output
    }

    /// Appends each line of `text` behind `prefix`.
    private static func appendLines(
        _ prefix: String, _ text: some Collection<UInt8>, to output: inout [UInt8]
    ) {
        var rest = text[...]
        while true {
            let end = rest.firstIndex(where: isLineEnd)
            output.append(contentsOf: prefix.utf8)
            output.append(contentsOf: rest[..<(end ?? rest.endIndex)])
            output.append(Byte.lineFeed)
            guard let end else { return }
            let next = rest.index(after: end)
            let isPair =
                rest[end] == Byte.carriageReturn && next < rest.endIndex
                && rest[next] == Byte.lineFeed
            rest = rest[(isPair ? rest.index(after: next) : next)...]
        }
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool {
        byte == Byte.lineFeed || byte == Byte.carriageReturn
    }
}
