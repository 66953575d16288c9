// SPDX-License-Identifier: MIT

/// Every limit limits something, and a test stands at its boundary.
enum LimitsRule {
    static let path = "Sources/Core/Limits.swift"

    /// The names that the file of limits declares.
    static func names(in file: SourceFile) -> [String] {
        Declarations.all(in: file).filter { $0.keyword == "let" }.map(\.name)
    }

    /// The names that no file other than that of the limits uses, as `Limits.name`.
    static func unused(_ names: [String], in files: [SourceFile]) -> [String] {
        let text = files.filter { $0.path != path }.flatMap(\.code)
            .filter { $0.contains("Limits.") }.joined(separator: "\n")
        // Interpolations are blanked in code, and limits are told in messages.
        let messages = files.filter { $0.path != path }.flatMap(\.lines)
            .filter { $0.contains("\\(Limits.") }.joined(separator: "\n")
        return names.filter { name in
            !text.containsWord("Limits.\(name)") && !messages.containsWord("Limits.\(name)")
        }
    }
}
