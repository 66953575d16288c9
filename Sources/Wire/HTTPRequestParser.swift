// SPDX-License-Identifier: MIT

import Core

/// Reads HTTP/1.1 requests from bytes that arrive in pieces (RFC 9112).
///
/// A driver calls `parse` with what it has read and not yet had consumed, drops the bytes that
/// the call consumed, and acts on the step:
///
/// ```swift
/// while true {
///     let (consumed, step) = parser.parse(unread)
///     switch step {
///     case .needMoreBytes: drop(consumed); return
///     case .head(let head, let framing): begin(head, framing)
///     case .body(let range): body.append(contentsOf: unread[range])
///     case .complete: answer()
///     case .failed(let error): refuse(error.status, error.reason)
///     }
///     drop(consumed)
/// }
/// ```
///
/// Each request gives `head`, then `body` any number of times, then `complete`, and bytes of the
/// next request are never touched: after `complete` the parser is as new, and the driver may let
/// go of it when nothing is unread (`isBetweenRequests`). No byte is searched twice for the end
/// of its line, however the request drips in, and at most one unfinished line stays unconsumed.
///
/// Where the standard lets a server choose between leniency and refusal, it is refusal: bare line
/// feeds, folded fields, white space before a colon, several lengths. These are the means of
/// request smuggling (RFC 9112, 11.2).
package struct HTTPRequestParser {
    /// What was found.
    package enum Step {
        /// Nothing more in these bytes; come back with what is unconsumed and more behind it.
        case needMoreBytes
        /// A request's head is complete.
        case head(HTTPRequestHead, HTTPRequestFraming)
        /// These positions of the bytes given are content of the body.
        case body(Range<Int>)
        /// The request is over.
        case complete
        /// There is no request here, nor will be: refuse and close. Said again on every call.
        case failed(HTTPRequestError)
    }

    private enum State {
        case requestLine(emptyLines: Int)
        case fields
        case fixedBody(remaining: Int)
        case chunkedBody(ChunkedBodyDecoder)
        case end
        case failed(HTTPRequestError)
    }

    private var state = State.requestLine(emptyLines: 0)
    private var lines = LineScanner()
    private var headBytes = 0
    private var head = HTTPRequestHead(method: .get, target: "")
    private var authority: String?
    private var framingFields = HTTPFramingFields()
    private let bodyBytesMax: Int

    /// Makes a parser for a connection.
    ///
    /// - Parameter bodyBytesMax: The largest body; beyond it the request fails with 413.
    package init(bodyBytesMax: Int = Limits.requestBodyBytesMax) {
        self.bodyBytesMax = bodyBytesMax
    }

    /// Whether no byte of a request was consumed: then a new parser would do as well.
    package var isBetweenRequests: Bool {
        guard case .requestLine(emptyLines: 0) = state else { return false }
        return true
    }

    /// Takes the next step.
    ///
    /// - Parameter bytes: What was read and not consumed: the unconsumed bytes of the last call,
    ///   unchanged, and what arrived since.
    /// - Returns: How many bytes may be dropped, and what was found.
    /// - Complexity: O(*n*) in the bytes that are new since the last call.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer
    ) -> (consumed: Int, step: Step) {
        var offset = 0
        do throws(HTTPRequestError) {
            let step = try advance(bytes, &offset)
            return (offset, step)
        } catch {
            state = .failed(error)
            head.fields = HTTPFields()
            return (offset, .failed(error))
        }
    }

    private mutating func advance(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int
    ) throws(HTTPRequestError) -> Step {
        while true {
            switch state {
            case .requestLine(let emptyLines):
                guard try readRequestLine(bytes, &offset, emptyLines) else {
                    return .needMoreBytes
                }
            case .fields:
                guard let framing = try readFields(bytes, &offset) else { return .needMoreBytes }
                switch framing.body {
                case .none: state = .end
                case .fixed(let count): state = .fixedBody(remaining: count)
                case .chunked:
                    state = .chunkedBody(ChunkedBodyDecoder(bodyBytesMax: bodyBytesMax))
                }
                return .head(takeHead(), framing)
            case .fixedBody(let remaining):
                let count = min(remaining, bytes.count - offset)
                guard count > 0 else { return .needMoreBytes }
                state = count == remaining ? .end : .fixedBody(remaining: remaining - count)
                offset += count
                return .body((offset - count)..<offset)
            case .chunkedBody(var decoder):
                let (consumed, step) = decoder.decode(bytes)
                offset = consumed
                state = .chunkedBody(decoder)
                switch step {
                case .needMoreBytes: return .needMoreBytes
                case .part(let range): return .body(range)
                case .complete: state = .end
                case .failed(let error): throw error
                }
            case .end:
                state = .requestLine(emptyLines: 0)
                return .complete
            case .failed(let error):
                throw error
            }
        }
    }

    /// Reads a request line, or one of the empty lines that may precede it (RFC 9112, 2.2).
    ///
    /// - Returns: Whether a line was read.
    private mutating func readRequestLine(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int, _ emptyLines: Int
    ) throws(HTTPRequestError) -> Bool {
        switch lines.next(in: bytes, from: offset, bytesMax: Limits.requestLineBytesMax) {
        case .incomplete:
            guard HTTPRequestLine.canBegin(with: bytes.part(offset..<bytes.count)) else {
                throw .malformedRequestLine
            }
            return false
        case .tooLong: throw .requestLineTooLong
        case .malformed: throw .malformedRequestLine
        case .line(let range):
            offset = range.upperBound + 2
            guard !range.isEmpty else {
                guard emptyLines < Limits.leadingEmptyLinesMax else { throw .malformedRequestLine }
                state = .requestLine(emptyLines: emptyLines + 1)
                return true
            }
            let line = try HTTPRequestLine(bytes.part(range))
            head.method = line.method
            head.target = line.target
            head.version = line.version
            head.fields.reserveCapacity(16, byteCount: min(bytes.count - range.count, 1024))
            authority = line.authority
            headBytes = range.count + 2
            state = .fields
            return true
        }
    }

    /// Reads field lines up to the empty one.
    ///
    /// - Returns: The framing once all are read, nil if more bytes are needed.
    private mutating func readFields(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int
    ) throws(HTTPRequestError) -> HTTPRequestFraming? {
        while true {
            let bytesMax = Limits.requestHeadBytesMax - headBytes - 2
            switch lines.next(in: bytes, from: offset, bytesMax: bytesMax) {
            case .incomplete: return nil
            case .tooLong: throw .headTooLarge
            case .malformed: throw .malformedField
            case .line(let range):
                offset = range.upperBound + 2
                headBytes += range.count + 2
                guard !range.isEmpty else {
                    return try framingFields.framing(
                        version: head.version, bodyBytesMax: bodyBytesMax)
                }
                guard let line = HTTPFieldLine(bytes.part(range)) else { throw .malformedField }
                guard head.fields.count < Limits.requestFieldsMax else {
                    throw .headTooLarge
                }
                framingFields.note(line)
                head.fields.append(line)
            }
        }
    }

    /// Hands the head out and forgets it.
    private mutating func takeHead() -> HTTPRequestHead {
        var taken = HTTPRequestHead(method: .get, target: "")
        swap(&taken, &head)
        if let authority { taken.fields["Host"] = authority }
        authority = nil
        framingFields = HTTPFramingFields()
        headBytes = 0
        return taken
    }
}
