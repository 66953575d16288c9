// SPDX-License-Identifier: MIT

import Core

/// Reads Server-Sent Events (WHATWG HTML, section 9.2.6), as far as a subscriber here cares.
struct EventStreamReader {
    private enum Kind { case message, ready, other }

    private let tracksCursor: Bool
    private var kind = Kind.message
    private var change: StreamItem?
    private var hasData = false
    private var id: StreamCursor?

    /// Makes a reader for the beginning of a stream.
    ///
    /// - Parameter tracksCursor: Whether ids are looked at.
    init(tracksCursor: Bool) {
        self.tracksCursor = tracksCursor
    }

    /// Reads on at `index` until an item is complete, and moves `index` behind what was read.
    ///
    /// - Parameter cursor: Becomes the id of an event that is complete.
    /// - Returns: The item, or nil if no further line is complete.
    /// - Throws: `StreamError.tooLong`.
    /// - Complexity: O(bytes read).
    mutating func next(
        in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int, cursor: inout StreamCursor
    ) throws(StreamError) -> StreamItem? {
        while let end = lineEnd(in: bytes, from: index) {
            var line = UnsafeBufferPointer(rebasing: bytes[index..<end])
            index = end + 1
            if line.last == UInt8(ascii: "\r") { line = .init(rebasing: line.dropLast()) }
            if line.isEmpty {
                if let item = dispatch(&cursor) { return item }
            } else if let item = read(line) {
                return item
            }
        }
        guard bytes.count - index <= Limits.benchMessageBytesMax else { throw .tooLong }
        return nil
    }

    private func lineEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { return index }
            index += 1
        }
        return nil
    }

    /// Reads a field; only `retry` means something at once.
    private mutating func read(_ line: UnsafeBufferPointer<UInt8>) -> StreamItem? {
        if ByteSearch.matches("data:", in: line, at: 0) {
            hasData = true
            if change == nil { change = ByteSearch.change(in: line) }
        } else if ByteSearch.matches("event:", in: line, at: 0) {
            kind = ByteSearch.first("ready", in: line, from: 6) != nil ? .ready : .other
        } else if tracksCursor, ByteSearch.matches("id:", in: line, at: 0) {
            let start = line.count > 3 && line[3] == UInt8(ascii: " ") ? 4 : 3
            id = StreamCursor(UnsafeBufferPointer(rebasing: line[start...]))
        } else if ByteSearch.matches("retry:", in: line, at: 0) {
            var index = line.count > 6 && line[6] == UInt8(ascii: " ") ? 7 : 6
            guard let number = ByteSearch.number(in: line, at: &index), index == line.count
            else { return nil }
            return .retry(milliseconds: Int(number))
        }
        return nil
    }

    /// The item that an empty line completes; nil for an event without data.
    private mutating func dispatch(_ cursor: inout StreamCursor) -> StreamItem? {
        defer {
            kind = .message
            change = nil
            hasData = false
        }
        if let id {
            cursor = id
            self.id = nil
        }
        guard hasData else { return nil }
        switch kind {
        case .message: return change ?? .other
        case .ready: return .ready
        case .other: return .other
        }
    }
}
