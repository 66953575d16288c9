// SPDX-License-Identifier: MIT

import Core

/// Reads Server-Sent Events (WHATWG HTML, section 9.2.6), as far as a subscriber here cares.
struct EventStreamReader {
    private enum Kind { case message, ready, other }

    private var kind = Kind.message
    private var lastModified: Int64?
    private var hasData = false

    /// Makes a reader for the beginning of a stream.
    init() {}

    /// Reads on at `index` until an item is complete, and moves `index` behind what was read.
    ///
    /// - Returns: The item, or nil if no further line is complete.
    /// - Throws: `StreamError.tooLong`.
    /// - Complexity: O(bytes read).
    mutating func next(
        in bytes: UnsafeBufferPointer<UInt8>, at index: inout Int
    ) throws(StreamError) -> StreamItem? {
        while let end = lineEnd(in: bytes, from: index) {
            var line = UnsafeBufferPointer(rebasing: bytes[index..<end])
            index = end + 1
            if line.last == UInt8(ascii: "\r") { line = .init(rebasing: line.dropLast()) }
            if line.isEmpty {
                if let item = dispatch() { return item }
            } else {
                read(line)
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

    private mutating func read(_ line: UnsafeBufferPointer<UInt8>) {
        if ByteSearch.matches("data:", in: line, at: 0) {
            hasData = true
            if lastModified == nil { lastModified = ByteSearch.lastModified(in: line) }
        } else if ByteSearch.matches("event:", in: line, at: 0) {
            kind = ByteSearch.first("ready", in: line, from: 6) != nil ? .ready : .other
        }
    }

    /// The item that an empty line completes; nil for an event without data.
    private mutating func dispatch() -> StreamItem? {
        defer {
            kind = .message
            lastModified = nil
            hasData = false
        }
        guard hasData else { return nil }
        switch kind {
        case .message: return lastModified.map { .change($0) } ?? .other
        case .ready: return .ready
        case .other: return .other
        }
    }
}
