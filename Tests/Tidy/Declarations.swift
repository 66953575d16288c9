// SPDX-License-Identifier: MIT

/// A declaration found in a file.
struct Declaration {
    /// What introduces it: `func`, `struct`, `case` …
    let keyword: String
    /// Its name, or what stands for it: `==`, `init`, `subscript`.
    let name: String
    /// The index of its line.
    let line: Int
    /// The index of the line on which its body ends, if it has one.
    var lastLine: Int?
    /// Whether other files can see it: neither it nor what it lies in is private or local.
    let isVisible: Bool
    /// Whether it is a requirement of a protocol.
    let isRequirement: Bool
    /// Whether it lies in a type or an extension, so that it can be what a protocol requires.
    let isMember: Bool
}

/// Finds declarations by their keywords and braces. It is no parser: it relies on each
/// declaration beginning a line, which `swift format` sees to.
enum Declarations {
    private static let modifiers: Set = [
        "package", "public", "internal", "open", "private", "fileprivate", "static", "class",
        "final",
        "mutating", "nonmutating", "borrowing", "consuming", "override", "convenience", "required",
        "lazy", "weak", "unowned", "nonisolated", "indirect", "dynamic", "isolated", "prefix",
        "postfix", "infix", "unsafe", "distributed",
    ]
    private static let keywords: Set = [
        "func", "var", "let", "struct", "class", "enum", "actor", "protocol", "extension", "init",
        "deinit", "subscript", "typealias", "associatedtype", "case", "macro",
    ]
    private static let types: Set = ["struct", "class", "enum", "actor", "protocol", "extension"]

    private enum Scope {
        case type(isVisible: Bool, keyword: String)
        case body(Int?)

        var isProtocol: Bool {
            if case .type(_, "protocol") = self { true } else { false }
        }
    }

    /// The declarations of a file, local ones left out.
    static func all(in file: SourceFile) -> [Declaration] {
        var found: [Declaration] = []
        var scopes: [Scope] = []
        var pending: Scope?
        var parentheses = 0
        for (index, line) in file.code.enumerated() {
            if parentheses == 0, let start = declaration(line, in: scopes) {
                if start.keyword != "extension", start.keyword != "deinit" {
                    found.append(
                        Declaration(
                            keyword: start.keyword, name: start.name, line: index, lastLine: nil,
                            isVisible: start.isVisible,
                            isRequirement: scopes.last?.isProtocol ?? false,
                            isMember: !scopes.isEmpty))
                }
                if types.contains(start.keyword) {
                    pending = .type(isVisible: start.isVisible, keyword: start.keyword)
                } else {
                    pending = .body(found.isEmpty ? nil : found.count - 1)
                }
            }
            for byte in line.utf8 {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                case UInt8(ascii: "{"):
                    if parentheses == 0 {
                        scopes.append(pending ?? .body(nil))
                        pending = nil
                    } else {
                        // A closure among arguments: its end closes it, whatever stands inside.
                        scopes.append(.body(nil))
                        parentheses += closureWeight
                    }
                case UInt8(ascii: "}"):
                    if parentheses >= closureWeight { parentheses -= closureWeight }
                    if case .body(let owner?)? = scopes.popLast() { found[owner].lastLine = index }
                default: break
                }
            }
        }
        return found
    }

    /// Counts a brace inside of parentheses apart from the parentheses themselves.
    private static let closureWeight = 1_000

    private struct Start {
        let keyword: String
        let name: String
        let isVisible: Bool
    }

    private static func declaration(_ line: String, in scopes: [Scope]) -> Start? {
        var isOuterVisible = true
        var isInEnum = false
        for scope in scopes {
            guard case .type(let isVisible, let keyword) = scope else { return nil }
            isOuterVisible = isOuterVisible && isVisible
            isInEnum = keyword == "enum"
        }
        var isOwnVisible = true
        var words = line.split { $0 == " " }[...]
        while let word = words.first, word.hasPrefix("@") || isModifier(word, next: words) {
            if word == "private" || word == "fileprivate" { isOwnVisible = false }
            words = words.dropFirst()
        }
        guard let first = words.first else { return nil }
        let keyword = String(first.prefix { $0.isLetter })
        guard keywords.contains(keyword),
            keyword == first || ["init", "subscript"].contains(keyword)
        else { return nil }
        if keyword == "case", !isInEnum { return nil }
        let rest = words.dropFirst().first ?? ""
        var name = rest.prefix { $0 != "(" && $0 != ":" && $0 != "," && $0 != "{" }
        if name.first?.isWordPart == true { name = name.prefix { $0.isWordPart } }
        let isNamed = keyword != "init" && keyword != "subscript"
        return Start(
            keyword: keyword, name: isNamed ? String(name) : String(first),
            isVisible: isOuterVisible && isOwnVisible)
    }

    private static func isModifier(_ word: Substring, next words: ArraySlice<Substring>) -> Bool {
        let plain = word.prefix { $0 != "(" }
        guard modifiers.contains(String(plain)) else { return false }
        // `class` is a modifier only before another keyword.
        guard plain == "class" else { return true }
        let following = words.dropFirst().first.map(String.init) ?? ""
        return keywords.contains(following) || modifiers.contains(following)
    }
}
