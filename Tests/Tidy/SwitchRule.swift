// SPDX-License-Identifier: MIT

/// A switch over one of our enums names every case, so that a new case stops the compiler at each
/// place that has to decide about it.
///
/// What a switch is over cannot be seen in its text. But its patterns can: where one of them
/// begins with a dot and is named like a case of an enum of this package, it is over an enum.
/// Switches over bytes, texts, numbers and constants of structs may have a `default:`; the other
/// spelling, `case _:`, counts as one.
struct SwitchRule {
    private let cases: Set<String>

    /// Makes the rule for the enums that the files declare.
    ///
    /// A name that is a constant of a struct as well (`HTTPMethod.get`) is left out.
    init(files: [SourceFile]) {
        var cases: Set<String> = []
        var constants: Set<String> = []
        for file in files {
            for declaration in Declarations.all(in: file) {
                if declaration.keyword == "case" {
                    cases.formUnion(Self.names(file.code[declaration.line]))
                } else if ["let", "var"].contains(declaration.keyword),
                    file.code[declaration.line].containsWord("static")
                {
                    constants.insert(declaration.name)
                }
            }
        }
        self.cases = cases.subtracting(constants)
    }

    /// The lines that decide for cases without naming them.
    func check(_ file: SourceFile) -> [String] {
        var messages: [String] = []
        var open: [(isSwitch: Bool, hasCases: Bool, defaults: [Int])] = []
        for (index, line) in file.code.enumerated() {
            let text = line.trimmed
            if let top = open.indices.last, open[top].isSwitch {
                if text.hasPrefix("default:") || text.hasPrefix("case _:") {
                    open[top].defaults.append(index)
                } else if text.hasPrefix("case "), isOurs(String(text)) {
                    open[top].hasCases = true
                }
            }
            for (offset, byte) in line.utf8.enumerated() {
                if byte == UInt8(ascii: "{") {
                    let before = String(decoding: line.utf8.prefix(offset), as: UTF8.self)
                    let afterSwitch = before.containsWord("switch")
                    open.append((isSwitch: afterSwitch, hasCases: false, defaults: []))
                } else if byte == UInt8(ascii: "}"), let closed = open.popLast(), closed.hasCases {
                    messages += closed.defaults.map {
                        "\(file.path):\($0 + 1): default in a switch over an enum"
                    }
                }
            }
        }
        return messages
    }

    private func isOurs(_ pattern: String) -> Bool {
        let label = pattern.prefix { $0 != ":" }
        var isAfterBoundary = false
        var rest = label[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            if character == ".", isAfterBoundary {
                if cases.contains(String(rest.prefix { $0.isWordPart })) { return true }
            }
            isAfterBoundary = [" ", "(", ","].contains(character)
        }
        return false
    }

    /// The names of `case a, b(Int), c = 1`.
    private static func names(_ line: String) -> [String] {
        var depth = 0
        var names: [String] = []
        var name = ""
        for character in line.trimmed.split(separator: "case ", maxSplits: 1).last ?? "" {
            if character == "(" || character == "[" { depth += 1 }
            if character == ")" || character == "]" { depth -= 1 }
            if character == ",", depth == 0 {
                names.append(name)
                name = ""
            } else if depth == 0 {
                name.append(character)
            }
        }
        return (names + [name]).map { text in
            String(text.trimmed.drop { $0 == "`" }.prefix { $0.isWordPart })
        }
    }
}
