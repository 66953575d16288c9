// SPDX-License-Identifier: MIT

import Testing

@Suite("A rule of style")
struct RulesTests {
    private func file(_ text: String, path: String = "Sources/Hub/Example.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test("sees the licence in the first line only")
    func licence() {
        #expect(Rules.licence(file("// SPDX-License-Identifier: MIT\n")).isEmpty)
        #expect(Rules.licence(file("\n// SPDX-License-Identifier: MIT\n")).count == 1)
        #expect(Rules.licence(file("")).count == 1)
    }

    @Test("allows 100 columns, and not 101")
    func lineLength() {
        let line = String(repeating: "é", count: 100)
        #expect(Rules.lineLength(file(line)).isEmpty)
        #expect(
            Rules.lineLength(file("\n" + line + "x")) == [
                "Sources/Hub/Example.swift:2: 101 columns, more than 100"
            ])
    }

    @Test("allows 500 lines, and not 501")
    func fileLength() {
        #expect(Rules.fileLength(file(String(repeating: "x\n", count: 500))).isEmpty)
        #expect(Rules.fileLength(file(String(repeating: "x\n", count: 501))).count == 1)
    }

    @Test("allows functions of 70 lines, and not of 71, whatever braces stand in them")
    func functionLength() {
        func function(_ lines: Int, _ head: String = "func a(b: () -> Void = {})") -> String {
            let body = String(
                repeating: "        x.map({ if y { \"}\" } }) // }\n", count: lines - 2)
            return "struct S {\n    \(head) {\n\(body)    }\n\n    func b() {}\n}\n"
        }
        #expect(Rules.functionLength(file(function(70))).isEmpty)
        #expect(
            Rules.functionLength(file(function(71))) == [
                "Sources/Hub/Example.swift:2: a has 71 lines, more than 70"
            ])
        #expect(Rules.functionLength(file(function(71, "init()"))).count == 1)
        #expect(Rules.functionLength(file(function(71, "private static var c: Int"))).count == 1)
        // A long type is no long function.
        let requirements = String(repeating: "    func a()\n", count: 80)
        #expect(Rules.functionLength(file("protocol P {\n\(requirements)}\n")).isEmpty)
    }

    @Test("flags what is forced, but not what only speaks of it")
    func forcing() {
        #expect(Rules.forcing(file("let a = try! b()")).count == 1)
        #expect(Rules.forcing(file("let a = b as! C")).count == 1)
        #expect(Rules.forcing(file("// try! it\nlet a = \"as! b\"\nlet c = try? d as? E")).isEmpty)
    }

    @Test("flags what is left to do without an issue's number")
    func openEnds() {
        for text in ["// TODO: a", "/* FIXME */", "// XXX", "// TODO(#x)", "// TODO(a)"] {
            #expect(Rules.openEnds(file(text)).count == 1)
        }
        #expect(Rules.openEnds(file("// TODO(#12): a\n// METHODTODOS")).isEmpty)
    }

    @Test("flags Foundation in each of its spellings")
    func foundation() {
        for text in [
            "import Foundation", "@preconcurrency import Foundation", "import FoundationEssentials",
            "internal import struct Foundation.Data",
        ] { #expect(Rules.foundation(file(text)).count == 1) }
        #expect(Rules.foundation(file("// import Foundation\nimport Core")).isEmpty)
    }

    @Test("flags imports against the arrows, and targets without arrows")
    func arrows() {
        for module in ["Glibc", "Dispatch", "CLinux", "Reactor", "Storage"] {
            #expect(
                Rules.arrows(file("import Core\nimport \(module)\n")) == [
                    "Sources/Hub/Example.swift:2: Hub must not import \(module)"
                ])
        }
        #expect(Rules.arrows(file("import Glibc", path: "Sources/Server/A.swift")).isEmpty)
        #expect(Rules.arrows(file("", path: "Sources/Other/A.swift")).count == 1)
    }

    @Test("reads the arrows of a manifest")
    func manifest() {
        let text = """
            let package = Package(
                name: "p",
                targets: [
                    module("A", ["B"]),
                    module(
                        "C",
                        ["A", "B"]),
                    .executableTarget(
                        name: "d", dependencies: ["C"], swiftSettings: swiftSettings),
                    tests("ATests", ["A"]),
                    module("E"),
                ]
            )
            """
        #expect(
            Arrows.dependencies(inManifest: text)
                == ["A": ["B"], "C": ["A", "B"], "d": ["C"], "E": []])
    }

    @Test(
        "flags each kind of declaration that has no comment",
        arguments: [
            ("package func a() {}", "func a"), ("func a() {}", "func a"),
            ("public struct A {}", "struct A"), ("final class A {}", "class A"),
            ("enum A {}", "enum A"), ("package protocol A {}", "protocol A"),
            ("actor A {}", "actor A"), ("static let a = 1", "let a"),
            ("@inlinable package var a: Int { 1 }", "var a"), ("typealias A = B", "typealias A"),
            ("package private(set) var a = 1", "var a"), ("init(a: Int) {}", "init init(a:"),
            ("/// A.\nenum A {\n    case b\n}", "case b"), ("// A.\nfunc a() {}", "func a"),
            ("/// A.\nstruct A {\n    /// B.\n    let b = 1\n    let c = 2\n}", "let c"),
            ("/// A.\n\nfunc a() {}", "func a"),
            ("/// A.\nprotocol A {\n    func a()\n}", "func a"),
            ("extension A {\n    func a() {}\n}", "func a"),
        ])
    func documentation(text: String, what: String) {
        let messages = Rules.documentation(file(text), requirements: [])
        #expect(messages.count == 1)
        #expect(messages.first?.hasSuffix(": \(what) is not documented") == true)
    }

    @Test("asks for no comment on what is private, local, or required by a protocol")
    func documentationExceptions() {
        for text in [
            "/// A.\n@inlinable\npackage func a() {\n    let b = 1\n    func c() {}\n}",
            "private struct A {\n    let b = 1\n}", "fileprivate func a() {}",
            "private extension A {\n    func a() {}\n}",
            "extension A {\n    package var description: String { \"\" }\n}",
            "/// A.\nfunc a() {\n    switch b {\n    case .c: let d = { (e) in\n let f }\n    }\n}",
            "deinit {}", "extension A: P {\n    package func required() {}\n}",
            "/// A.\nlet a = b.map({ c in\n    let d = c\n})",
        ] { #expect(Rules.documentation(file(text), requirements: ["required"]) == []) }
    }

    @Test("lends the comment of a protocol's requirement to members of that name, and no others")
    func inheritedDocumentation() {
        let protocols = [
            file("/// P.\nprotocol P {\n    /// R.\n    func required()\n    func bare()\n}"),
            file("/// Free.\nfunc free() {}\n/// S.\nstruct S {\n    /// M.\n    let m = 1\n}"),
        ]
        let requirements = Rules.requirements(in: protocols)
        #expect(requirements == ["required"])
        func check(_ member: String) -> Int {
            let text = "extension S: P {\n    package \(member)\n}"
            return Rules.documentation(file(text), requirements: requirements).count
        }
        #expect(check("func required() {}") == 0)
        #expect(check("static func == (left: S, right: S) -> Bool { true }") == 0)
        for other in ["bare", "free", "m", "require", "requiredToo"] {
            #expect(check("func \(other)() {}") == 1)
        }
        // A function of no type meets no requirement, and a requirement inherits nothing.
        for text in [
            "func required() {}", "func next() {}", "/// Q.\nprotocol Q {\n    func next()\n}",
        ] {
            #expect(Rules.documentation(file(text), requirements: requirements).count == 1)
        }
    }

    @Test("flags a default in a switch over one of the package's enums only")
    func switches() {
        let enums = file("enum A {\n    case one, two(Int)\n    case `three`\n}\n")
        let constants = file("struct M {\n    static let get = 1\n}\nenum B {\n    case get\n}\n")
        let rule = SwitchRule(files: [enums, constants])
        func check(_ cases: String) -> Int {
            rule.check(file("func f() {\n    switch x {\n\(cases)\n    }\n}\n")).count
        }
        #expect(check("    case .one: a\n    default: b") == 1)
        #expect(check("    case .one: a\n    case _: b") == 1)
        #expect(check("    case .two(let n): a { default }\n    default:\n        b") == 1)
        #expect(check("    case let .two(n) where n > 1: a\n    default: b") == 1)
        #expect(check("    case (.three, _): a\n    default: b") == 1)
        #expect(check("    default: b\n    case .one: a") == 1)
        #expect(check("    case .one, .two, .three: b") == 0)
        #expect(check("    case 1, UInt8(ascii: \"a\"): a\n    default: b") == 0)
        #expect(check("    case .get: a\n    default: b") == 0)
        #expect(check("    case A.other.one: a\n    default: b") == 0)
        // The default of an inner switch is not the outer one's.
        let inner =
            "    case .one:\n        switch n {\n        case 1: a\n        default: b\n        }\n"
        #expect(check(inner + "    case .two, .three: c") == 0)
        #expect(check(inner + "    default: c") == 1)
    }

    @Test("flags limits that nothing names")
    func limits() {
        let limits = file(
            "enum Limits {\n    static let aMax = 1\n    static let aMaxOther = aMax\n"
                + "    static let toldMax = 3\n}\n",
            path: LimitsRule.path)
        let names = LimitsRule.names(in: limits)
        #expect(names == ["aMax", "aMaxOther", "toldMax"])
        let user = file("x(Limits.aMaxOther) // Limits.aMax\ny(\"at most \\(Limits.toldMax)\")\n")
        #expect(LimitsRule.unused(names, in: [limits, user]) == ["aMax"])
        #expect(LimitsRule.unused(names, in: [limits]) == names)
    }

    @Test(
        "looks at code, not at texts and comments",
        arguments: [
            ("a /* b /* c */ d */ e // f", "a                   e     "),
            (#"g "h \" }" i"#, #"g "      " i"#),
            (#"g "\(h("}")) {" i"#, #"g "           " i"#),
            (##"g #"h \"# i"##, ##"g  "   "  i"##),
            ("g \"\"\"\n  h \"}\" {\n\"\"\" i", "g \"\"\"\n         \n\"\"\" i"),
        ])
    func mask(text: String, code: String) {
        #expect(CodeMask.masked(text) == code)
    }
}
