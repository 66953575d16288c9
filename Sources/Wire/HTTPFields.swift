// SPDX-License-Identifier: MIT

/// Header fields in their order; names compare without regard to case (RFC 9110, section 5.1).
///
/// All lines lie in one buffer, so a section costs two allocations whatever it holds, and text is
/// made only of what is asked for: most of a request's fields are never looked at.
package struct HTTPFields: Sendable {
    /// One field line.
    package typealias Field = (name: String, value: String)

    /// Where one line lies in `bytes`: the name, then the value.
    private struct Span {
        let start: UInt32
        let nameCount: UInt32
        let valueCount: UInt32

        var name: Range<Int> { Int(start)..<Int(start + nameCount) }
        var value: Range<Int> { name.upperBound..<(name.upperBound + Int(valueCount)) }
    }

    /// The names and values, as UTF-8. Those of lines that were removed stay.
    private var bytes: [UInt8] = []
    private var spans: [Span] = []

    private static let usualBytes = 480
    private static let usualLines = 10

    /// Makes an empty section.
    package init() {}

    /// Makes a section of field lines.
    ///
    /// - Complexity: O(*n*).
    package init(_ lines: [Field]) {
        spans.reserveCapacity(lines.count)
        for line in lines { append(line.name, line.value) }
    }

    /// How many lines there are.
    package var count: Int { spans.count }

    /// The field lines as they were sent or are to be sent.
    ///
    /// - Complexity: O(*n*).
    package var lines: [Field] {
        spans.map { (text($0.name), text($0.value)) }
    }

    /// The value of `name`: several lines are joined by `, `. Setting replaces all lines of the
    /// name by one, setting nil removes them.
    ///
    /// - Complexity: O(*n*) in the number of lines.
    package subscript(name: String) -> String? {
        get {
            var joined: String?
            for span in spans where isNamed(span, name) {
                let value = text(span.value)
                joined = joined.map { "\($0), \(value)" } ?? value
            }
            return joined
        }
        set {
            if spans.contains(where: { isNamed($0, name) }) {
                spans = spans.filter { !isNamed($0, name) }
            }
            if let newValue { append(name, newValue) }
        }
    }

    /// The values of all lines of `name`, in their order.
    ///
    /// - Complexity: O(*n*) in the number of lines.
    package func all(_ name: String) -> [String] {
        spans.filter { isNamed($0, name) }.map { text($0.value) }
    }

    /// Adds a line behind the others.
    package mutating func append(_ name: String, _ value: String) {
        // What an answer has fits in, so that it does not grow line by line.
        if spans.isEmpty {
            bytes.reserveCapacity(HTTPFields.usualBytes)
            spans.reserveCapacity(HTTPFields.usualLines)
        }
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let valueStart = bytes.count
        bytes.append(contentsOf: value.utf8)
        note(start, valueStart)
    }

    /// Adds a line that was read.
    mutating func append(_ line: HTTPFieldLine) {
        let start = bytes.count
        bytes.append(contentsOf: line.name)
        let valueStart = bytes.count
        if line.isUTF8 {
            bytes.append(contentsOf: line.value)
        } else {
            bytes.append(contentsOf: line.latin1Text.utf8)
        }
        note(start, valueStart)
    }

    /// Makes room for `count` lines of `byteCount` bytes in all.
    mutating func reserveCapacity(_ count: Int, byteCount: Int) {
        spans.reserveCapacity(count)
        bytes.reserveCapacity(byteCount)
    }

    /// Calls `body` with the bytes of each line's name and value.
    ///
    /// - Complexity: O(*n*).
    func forEachLine(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for span in spans { body(bytes[span.name], bytes[span.value]) }
    }

    /// How many bytes the lines take, those removed included.
    var byteCount: Int { bytes.count }

    /// The elements of a comma-separated list over all lines of `name`, without white space.
    ///
    /// - Complexity: O(*n*).
    package func tokens(_ name: String) -> [Substring] {
        var tokens: [Substring] = []
        for span in spans where isNamed(span, name) {
            for part in text(span.value).split(separator: ",") {
                let token = part.trimmingOptionalWhiteSpace()
                if !token.isEmpty { tokens.append(token) }
            }
        }
        return tokens
    }

    /// Whether two field names or tokens are the same, ASCII letters compared without case.
    ///
    /// - Complexity: O(*n*).
    package static func areEqual(_ left: Substring, _ right: String) -> Bool {
        haveEqualBytes(left.utf8, right.utf8)
    }

    /// Whether two texts' bytes are the same, ASCII letters compared without case.
    ///
    /// - Complexity: O(*n*).
    static func haveEqualBytes(
        _ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>
    ) -> Bool {
        var one = left.makeIterator()
        var other = right.makeIterator()
        while true {
            switch (one.next(), other.next()) {
            case (nil, nil): return true
            case (let a?, let b?) where lowercase(a) == lowercase(b): continue
            case (_, _): return false
            }
        }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    private mutating func note(_ start: Int, _ valueStart: Int) {
        precondition(bytes.count <= Int(UInt32.max))
        spans.append(
            Span(
                start: UInt32(start), nameCount: UInt32(valueStart - start),
                valueCount: UInt32(bytes.count - valueStart)))
    }

    private func isNamed(_ span: Span, _ name: String) -> Bool {
        Int(span.nameCount) == name.utf8.count
            && HTTPFields.haveEqualBytes(bytes[span.name], name.utf8)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

extension StringProtocol {
    /// The text without the spaces and tabs at its ends (OWS, RFC 9110, section 5.6.3).
    ///
    /// - Complexity: O(*n*).
    @inlinable
    package func trimmingOptionalWhiteSpace() -> SubSequence {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let bytes = utf8
        guard let first = bytes.firstIndex(where: { !isSpace($0) }) else {
            return self[endIndex..<endIndex]
        }
        var end = first
        var index = first
        while index < bytes.endIndex {
            let next = bytes.index(after: index)
            if !isSpace(bytes[index]) { end = next }
            index = next
        }
        return self[first..<end]
    }
}
