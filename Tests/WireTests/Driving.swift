// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

/// A request as a driver sees it, or why there is none.
enum Parsed: Equatable, CustomStringConvertible {
    case request(line: String, fields: [String], HTTPRequestFraming, body: [UInt8])
    case unfinished
    case failed(HTTPRequestError)

    var description: String {
        switch self {
        case .request(let line, let fields, let framing, let body):
            "\(line) \(fields) \(framing) \(String(decoding: body, as: UTF8.self))"
        case .unfinished: "unfinished"
        case .failed(let error): "failed: \(error)"
        }
    }
}

/// Plays the driver of a connection on which `pieces` arrive one after the other.
func parse(
    _ pieces: [[UInt8]], parser: HTTPRequestParser = HTTPRequestParser()
) -> [Parsed] {
    var parser = parser
    var unread: [UInt8] = []
    var parsed: [Parsed] = []
    var head: (HTTPRequestHead, HTTPRequestFraming)?
    var body: [UInt8] = []
    for piece in pieces {
        unread += piece
        reading: while true {
            let (consumed, step) = unread.withUnsafeBytes { parser.parse($0) }
            precondition(consumed <= unread.count)
            switch step {
            case .needMoreBytes:
                unread.removeFirst(consumed)
                break reading
            case .head(let newHead, let framing): head = (newHead, framing)
            case .body(let range):
                precondition(range.upperBound <= consumed && !range.isEmpty)
                body += unread[range]
            case .complete:
                if let (head, framing) = head {
                    parsed.append(
                        .request(
                            line: "\(head.method.name) \(head.target) \(head.version)",
                            fields: head.fields.lines.map { "\($0.name): \($0.value)" }, framing,
                            body: body))
                }
                head = nil
                body = []
                precondition(parser.isBetweenRequests)
            case .failed(let error):
                parsed.append(.failed(error))
                return parsed
            }
            unread.removeFirst(consumed)
        }
    }
    if head != nil || !unread.isEmpty || !parser.isBetweenRequests { parsed.append(.unfinished) }
    return parsed
}

/// Parses one text that arrives at once.
func parse(_ text: String) -> [Parsed] {
    parse([Array(text.utf8)])
}

/// A small generator (SplitMix64), so that a seed reproduces a failure.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
