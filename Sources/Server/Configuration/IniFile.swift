// SPDX-License-Identifier: MIT

import Core

/// A configuration file as Python's `configparser` and Pyramid read it.
///
/// `[section]` headers; `key = value` or `key: value`, cut at the first of the two signs; whole
/// lines beginning with `#` or `;` are comments, wherever they are indented; a line indented more
/// than its key's continues the value. Keys are case-sensitive. Unlike `configparser`, a key or a
/// section that comes twice is not an error: the last value counts, with a warning.
///
/// Values stay as written until `value(of:in:variables:)` resolves their `%(name)s`, since the
/// sections of Python's logging use the same signs for something else.
package struct IniFile: Sendable {
    /// One setting as written.
    package struct Entry: Sendable, Equatable {
        /// The key, without surrounding white space.
        package let key: String
        /// The value before interpolation; the lines of a longer value are joined by `\n`.
        package fileprivate(set) var rawValue: String
        /// The line of the key, counted from 1.
        package let line: Int
    }

    /// The settings under one header, each key once, in the order of their first lines.
    package struct Section: Sendable, Equatable {
        /// The text between the brackets.
        package let name: String
        /// The settings.
        package fileprivate(set) var entries: [Entry]

        /// The setting of that key.
        ///
        /// - Complexity: O(number of entries).
        package subscript(key: String) -> Entry? { entries.first { $0.key == key } }
    }

    /// The path as the operator wrote it; messages begin with it.
    package let path: String
    /// The sections in the order of their first headers.
    package private(set) var sections: [Section] = []
    /// What was accepted, though it looks like a mistake. One line each, with its place.
    package private(set) var warnings: [String] = []

    /// Reads the text of a file.
    ///
    /// - Parameter path: Shown in messages; not opened.
    /// - Throws: `ConfigurationError.syntax` for the first line that has no meaning.
    /// - Complexity: O(length of `bytes`), plus the square of the keys per section.
    package init(parsing bytes: [UInt8], path: String) throws(ConfigurationError) {
        self.path = path
        var scan = Scan()
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let lines = bytes.dropFirst(hasMark ? 3 : 0)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let place = FilePlace(path: path, line: index + 1)
            try read(try Self.text(of: line, at: place), at: place, &scan)
        }
        finishValue(&scan)
    }

    /// The section of that name.
    ///
    /// - Complexity: O(number of sections).
    package func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// The place of a setting.
    package func place(of entry: Entry) -> FilePlace { FilePlace(path: path, line: entry.line) }

    // MARK: Reading

    /// What the lines read so far mean for the next one.
    private struct Scan {
        var section: Int?
        var entry: Entry?
        var valueLines: [String] = []
        var indentation = 0
    }

    private static func text(of line: ArraySlice<UInt8>, at place: FilePlace)
        throws(ConfigurationError) -> String
    {
        let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        for byte in bytes where (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7F {
            throw .syntax(place, reason: "a control character")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .syntax(place, reason: "not UTF-8 text")
        }
        return text
    }

    private mutating func read(_ line: String, at place: FilePlace, _ scan: inout Scan)
        throws(ConfigurationError)
    {
        let content = line.trimmingBlanks()
        if content.hasPrefix("#") || content.hasPrefix(";") { return }
        if content.isEmpty {
            // An empty line may stand inside a value; trailing ones are dropped with it.
            if scan.entry != nil { scan.valueLines.append("") }
            return
        }
        let indentation = line.utf8.prefix { $0.isBlank }.count
        if scan.entry != nil, indentation > scan.indentation {
            scan.valueLines.append(content)
            return
        }
        finishValue(&scan)
        scan.indentation = indentation
        if content.hasPrefix("[") {
            scan.section = try openSection(content, at: place)
            return
        }
        guard scan.section != nil else {
            throw .syntax(place, reason: "a setting before the first [section]")
        }
        let utf8 = content.utf8
        guard
            let sign = utf8.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ":") }
            )
        else { throw .syntax(place, reason: "neither [section] nor key = value") }
        let key = String(content[..<sign]).trimmingBlanks()
        guard !key.isEmpty else { throw .syntax(place, reason: "a value without a key") }
        scan.entry = Entry(key: key, rawValue: "", line: place.line)
        scan.valueLines = [String(content[utf8.index(after: sign)...]).trimmingBlanks()]
    }

    private mutating func openSection(_ content: String, at place: FilePlace)
        throws(ConfigurationError) -> Int
    {
        guard let end = content.lastIndex(of: "]") else {
            throw .syntax(place, reason: "a [section] without its closing bracket")
        }
        let rest = String(content[content.index(after: end)...]).trimmingBlanks()
        guard rest.isEmpty || rest.hasPrefix("#") || rest.hasPrefix(";") else {
            throw .syntax(place, reason: "text after [section]")
        }
        let name = String(content[content.index(after: content.startIndex)..<end])
        guard !name.isEmpty else { throw .syntax(place, reason: "a [section] without a name") }
        if let known = sections.firstIndex(where: { $0.name == name }) {
            warnings.append("\(place): section [\(name)] again: both are read")
            return known
        }
        sections.append(Section(name: name, entries: []))
        return sections.count - 1
    }

    private mutating func finishValue(_ scan: inout Scan) {
        guard var entry = scan.entry, let section = scan.section else { return }
        while scan.valueLines.last == "" { scan.valueLines.removeLast() }
        if scan.valueLines.first == "" { scan.valueLines.removeFirst() }
        entry.rawValue = scan.valueLines.joined(separator: "\n")
        scan.entry = nil
        scan.valueLines = []
        let entries = sections[section].entries
        guard let known = entries.firstIndex(where: { $0.key == entry.key }) else {
            sections[section].entries.append(entry)
            return
        }
        warnings.append(
            "\(place(of: entry)): \(entry.key) again: line \(entries[known].line) is not used")
        sections[section].entries[known] = entry
    }
}

extension UInt8 {
    /// Whether this is a space or a tab.
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension String {
    /// Returns the text without the spaces and tabs around it.
    ///
    /// - Complexity: O(length).
    func trimmingBlanks() -> String {
        let start = utf8.firstIndex { !$0.isBlank } ?? utf8.endIndex
        let end = utf8.lastIndex { !$0.isBlank }.map(utf8.index(after:)) ?? start
        return String(self[start..<end])
    }
}
