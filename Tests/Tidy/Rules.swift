// SPDX-License-Identifier: MIT

/// The rules of style that a text can be tested for. Each returns what is wrong, one line each.
enum Rules {
    /// A file's first line says its licence.
    static func licence(_ file: SourceFile) -> [String] {
        file.lines.first == "// SPDX-License-Identifier: MIT"
            ? [] : ["\(file.path):1: the first line is not the licence"]
    }

    /// Lines fit into 100 columns.
    static func lineLength(_ file: SourceFile) -> [String] {
        file.flagged {
            $0.count > 100
        } because: {
            "\($0.count) columns, more than 100"
        }
    }

    /// Files have at most 500 lines.
    static func fileLength(_ file: SourceFile) -> [String] {
        file.lines.count <= 500 || Allowances.longFiles[file.path] != nil
            ? [] : ["\(file.path):\(file.lines.count): more than 500 lines"]
    }

    /// Functions have at most 70 lines, from their own to the closing brace's.
    static func functionLength(_ file: SourceFile) -> [String] {
        Declarations.all(in: file).compactMap { declaration in
            guard ["func", "init", "subscript", "var"].contains(declaration.keyword),
                let last = declaration.lastLine
            else { return nil }
            let count = last - declaration.line + 1
            guard count > 70 else { return nil }
            return "\(file.path):\(declaration.line + 1): \(declaration.name) has \(count) lines, "
                + "more than 70"
        }
    }

    /// Nothing is forced.
    static func forcing(_ file: SourceFile) -> [String] {
        file.flaggedCode {
            $0.containsWord("try!") || $0.containsWord("as!")
        } because: { _ in
            "try! or as!"
        }
    }

    /// What is left to do has an issue's number: `TODO(#12)`.
    static func openEnds(_ file: SourceFile) -> [String] {
        file.flagged { line in
            ["TODO", "FIXME", "XXX"].contains { mark in
                guard line.containsWord(mark), let range = line.firstRange(of: mark) else {
                    return false
                }
                let rest = line[range.upperBound...]
                return !(rest.hasPrefix("(#") && rest.dropFirst(2).first?.isNumber == true)
            }
        } because: { _ in
            "something left to do without an issue's number"
        }
    }

    /// Nothing imports Foundation.
    static func foundation(_ file: SourceFile) -> [String] {
        imports(of: file).filter { $0.module.hasPrefix("Foundation") }
            .map { "\(file.path):\($0.line): imports \($0.module)" }
    }

    /// Imports run along the arrows only; modules without I/O import none of the system's.
    static func arrows(_ file: SourceFile) -> [String] {
        guard let allowed = Arrows.imports[file.target] else {
            return ["\(file.path):1: the target \(file.target) has no arrows"]
        }
        return imports(of: file).filter { !allowed.contains($0.module) }
            .map { "\(file.path):\($0.line): \(file.target) must not import \($0.module)" }
    }

    /// What other files can see has a comment that says what it is.
    ///
    /// - Parameter requirements: What protocols of the package require and document: members of
    ///   those names inherit their comments.
    static func documentation(_ file: SourceFile, requirements: Set<String>) -> [String] {
        Declarations.all(in: file).compactMap { declaration in
            guard declaration.isVisible, !isDocumented(declaration, in: file) else { return nil }
            let inherits =
                Allowances.isWitness(declaration) || requirements.contains(declaration.name)
            if declaration.isMember, !declaration.isRequirement, inherits { return nil }
            return "\(file.path):\(declaration.line + 1): \(declaration.keyword) "
                + "\(declaration.name) is not documented"
        }
    }

    /// The names of what the files' protocols require and document.
    static func requirements(in files: [SourceFile]) -> Set<String> {
        var names: Set<String> = []
        for file in files {
            for declaration in Declarations.all(in: file)
            where declaration.isRequirement && isDocumented(declaration, in: file) {
                names.insert(declaration.name)
            }
        }
        return names
    }

    /// Whether a comment stands right above a declaration and its attributes.
    private static func isDocumented(_ declaration: Declaration, in file: SourceFile) -> Bool {
        var line = declaration.line - 1
        while line >= 0, file.lines[line].trimmed.hasPrefix("@") { line -= 1 }
        return line >= 0 && file.lines[line].trimmed.hasPrefix("///")
    }

    /// The modules a file imports, each with its line.
    private static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            let words = line.split { $0 == " " }
            guard let place = words.firstIndex(of: "import"),
                words[..<place].allSatisfy({ $0.hasPrefix("@") || accessLevels.contains($0) })
            else { return nil }
            var rest = words[(place + 1)...]
            if let kind = rest.first, importKinds.contains(kind) { rest = rest.dropFirst() }
            let module = rest.first?.prefix { $0 != "." } ?? ""
            return (index + 1, String(module))
        }
    }

    private static let accessLevels: Set<Substring> = [
        "public", "package", "internal", "private", "fileprivate",
    ]
    private static let importKinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
}

extension SourceFile {
    /// Messages about the lines that break a rule.
    func flagged(_ isWrong: (String) -> Bool, because reason: (String) -> String) -> [String] {
        lines.enumerated().filter { isWrong($0.element) }
            .map { "\(path):\($0.offset + 1): \(reason($0.element))" }
    }

    /// Messages about the lines whose code breaks a rule.
    func flaggedCode(_ isWrong: (String) -> Bool, because reason: (String) -> String) -> [String] {
        code.enumerated().filter { isWrong($0.element) }
            .map { "\(path):\($0.offset + 1): \(reason($0.element))" }
    }
}

extension String {
    /// The text without the spaces before it.
    var trimmed: Substring { drop { $0 == " " } }

    /// Whether the word stands in the text, not as a part of a longer one.
    func containsWord(_ word: String) -> Bool {
        ranges(of: word).contains { range in
            let before = self[..<range.lowerBound].last
            let after = self[range.upperBound...].first
            return !(before?.isWordPart ?? false) && !(after?.isWordPart ?? false)
        }
    }
}

extension Character {
    /// Whether this may be a part of a name.
    var isWordPart: Bool { isLetter || isNumber || self == "_" }
}
