// SPDX-License-Identifier: MIT

import Core

/// Reads the answers on one kept connection, of which only status and end matter. It makes no text
/// of what it reads: a client that is dearer than the server would measure itself.
struct AnswerReader {
    private enum State {
        case head
        case body(remaining: Int)
        case chunks(ChunkedReader)
    }

    /// The status of the last answer whose head was read.
    private(set) var status = 0
    private var state = State.head
    private var partialHead: [UInt8] = []

    /// Makes a reader for the first answer.
    init() {}

    /// Reads what has arrived, which is at most the rest of one answer.
    ///
    /// - Returns: Whether the answer is complete.
    /// - Throws: `StreamError` if it is none.
    /// - Complexity: O(*n*) for a head, O(1) for a body.
    mutating func receive(_ bytes: UnsafeBufferPointer<UInt8>) throws(StreamError) -> Bool {
        guard case .head = state else { return try receiveBody(bytes) }
        if partialHead.isEmpty {
            guard let length = try readHead(bytes) else {
                partialHead = Array(bytes)
                return false
            }
            return try receiveBody(UnsafeBufferPointer(rebasing: bytes[length...]))
        }
        partialHead.append(contentsOf: bytes)
        let whole = partialHead
        let result = whole.withUnsafeBufferPointer { buffer in
            Result { () throws(StreamError) in
                guard let length = try readHead(buffer) else { return false }
                partialHead = []
                return try receiveBody(UnsafeBufferPointer(rebasing: buffer[length...]))
            }
        }
        return try result.get()
    }

    /// Reads a head; returns its length, or nil if it is not complete.
    private mutating func readHead(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(StreamError) -> Int? {
        guard let end = ByteSearch.first("\r\n\r\n", in: bytes) else {
            guard bytes.count <= Limits.benchResponseHeadBytesMax else { throw .tooLong }
            return nil
        }
        var index = 9
        guard ByteSearch.matches("HTTP/1.", in: bytes, at: 0),
            let status = ByteSearch.number(in: bytes, at: &index)
        else { throw .malformed("no HTTP answer") }
        self.status = Int(status)
        let head = UnsafeBufferPointer(rebasing: bytes[..<end])
        if status == 304 || status == 204 {
            state = .body(remaining: 0)
        } else if let place = Self.value(of: "content-length", in: head) {
            var index = place
            guard let length = ByteSearch.number(in: head, at: &index) else {
                throw .malformed("an answer without length")
            }
            state = .body(remaining: Int(length))
        } else if Self.value(of: "transfer-encoding", in: head) != nil {
            state = .chunks(ChunkedReader())
        } else {
            throw .malformed("an answer without length")
        }
        return end + 4
    }

    private mutating func receiveBody(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(StreamError) -> Bool {
        switch state {
        case .head: preconditionFailure("the head is read first")
        case .body(let remaining):
            guard bytes.count <= remaining else { throw .malformed("more than was asked for") }
            let left = remaining - bytes.count
            state = left == 0 ? .head : .body(remaining: left)
            return left == 0
        case .chunks(var reader):
            var decoded: [UInt8] = []
            try reader.read(bytes, into: &decoded)
            state = reader.isAtEnd ? .head : .chunks(reader)
            return reader.isAtEnd
        }
    }

    /// Where the value of a field begins, whose name is given in lower case.
    private static func value(
        of name: StaticString, in head: UnsafeBufferPointer<UInt8>
    ) -> Int? {
        let length = name.utf8CodeUnitCount
        var index = 0
        while index + length < head.count {
            guard head[index] == UInt8(ascii: "\n") else {
                index += 1
                continue
            }
            index += 1
            var place = 0
            while place < length, index + place < head.count,
                head[index + place] | 0x20 == name.utf8Start[place]
            {
                place += 1
            }
            guard place == length, index + length < head.count,
                head[index + length] == UInt8(ascii: ":")
            else { continue }
            index += length + 1
            while index < head.count, head[index] == UInt8(ascii: " ") { index += 1 }
            return index
        }
        return nil
    }
}
