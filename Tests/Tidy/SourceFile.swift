// SPDX-License-Identifier: MIT

import Glibc

/// A Swift file as the rules see it: its lines as written, and the same lines with everything
/// blanked that is not code.
struct SourceFile: Sendable {
    /// The path from the package's root, such as `Sources/Core/Limits.swift`.
    let path: String
    /// The lines as written.
    let lines: [String]
    /// The same lines; comments and the insides of string literals are spaces.
    let code: [String]

    /// Makes a file of its text.
    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = Self.split(CodeMask.masked(text))
    }

    /// The name of the target the file belongs to.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    // MARK: Reading the package

    /// The package's root, three levels above this file.
    static let root = String(
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined())

    /// The text of a file of the package.
    static func text(_ path: String) -> String? {
        guard let file = fopen(root + "/" + path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// All Swift files under a folder of the package, by path.
    static func all(under folder: String) -> [SourceFile] {
        var files: [SourceFile] = []
        guard let directory = opendir(root + "/" + folder) else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            if entry.pointee.d_type == UInt8(DT_DIR) {
                files += all(under: path)
            } else if name.hasSuffix(".swift"), let text = text(path) {
                files.append(SourceFile(path: path, text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}
