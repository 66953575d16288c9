// SPDX-License-Identifier: MIT

import Testing

@Suite("The sources are tidy")
struct TidyTests {
    private static let sources = SourceFile.all(under: "Sources")
    private static let tests = SourceFile.all(under: "Tests")

    private func expectNone(_ messages: [String]) {
        for message in messages { Issue.record("\(message)") }
    }

    @Test("and are found at all")
    func found() throws {
        #expect(Self.sources.contains { $0.path == LimitsRule.path })
        #expect(Self.tests.contains { $0.path == "Tests/Tidy/TidyTests.swift" })
        let targets = Set(Self.sources.map(\.target))
        #expect(Arrows.imports.keys.filter { !targets.contains($0) }.sorted() == [])
    }

    @Test("every file begins with its licence")
    func licence() throws {
        expectNone((Self.sources + Self.tests).flatMap(Rules.licence))
        let manifest = try #require(SourceFile.text("Package.swift"))
        #expect(
            manifest.split(separator: "\n").dropFirst().first == "// SPDX-License-Identifier: MIT")
    }

    @Test("lines have at most 100 columns")
    func lineLength() { expectNone((Self.sources + Self.tests).flatMap(Rules.lineLength)) }

    @Test("files have at most 500 lines")
    func fileLength() { expectNone(Self.sources.flatMap(Rules.fileLength)) }

    @Test("functions have at most 70 lines")
    func functionLength() { expectNone(Self.sources.flatMap(Rules.functionLength)) }

    @Test("nothing is forced")
    func forcing() { expectNone(Self.sources.flatMap(Rules.forcing)) }

    @Test("nothing is left to do without an issue's number")
    func openEnds() { expectNone(Self.sources.flatMap(Rules.openEnds)) }

    @Test("nothing imports Foundation")
    func foundation() { expectNone(Self.sources.flatMap(Rules.foundation)) }

    @Test("imports run along the arrows")
    func arrows() { expectNone(Self.sources.flatMap(Rules.arrows)) }

    @Test("the arrows are those of the manifest, and the pure modules have no others")
    func manifest() throws {
        let manifest = try #require(SourceFile.text("Package.swift"))
        let expected = Arrows.imports.mapValues { $0.subtracting(Arrows.system) }
        #expect(Arrows.dependencies(inManifest: manifest) == expected)
        for target in Arrows.pureTargets {
            #expect(
                Arrows.imports[target]?.isDisjoint(with: ["Glibc", "Dispatch", "CLinux"]) == true)
        }
    }

    @Test("what other files can see is documented")
    func documentation() {
        let requirements = Rules.requirements(in: Self.sources)
        expectNone(Self.sources.flatMap { Rules.documentation($0, requirements: requirements) })
    }

    @Test("switches over our enums name every case")
    func switches() {
        let rule = SwitchRule(files: Self.sources)
        expectNone(Self.sources.flatMap(rule.check))
    }

    @Test("every limit is used, and has a test at its boundary")
    func limits() throws {
        let file = try #require(Self.sources.first { $0.path == LimitsRule.path })
        let names = LimitsRule.names(in: file)
        #expect(names.count > 40)
        for name in LimitsRule.unused(names, in: Self.sources)
        where Allowances.unusedLimits[name] == nil {
            Issue.record("Limits.\(name) limits nothing")
        }
        let untested = Set(LimitsRule.unused(names, in: Self.tests))
        for name in untested.sorted()
        where Allowances.untestedLimits[name] == nil && Allowances.unusedLimits[name] == nil {
            Issue.record("Limits.\(name) has no test")
        }
        for name in Allowances.untestedLimits.keys.sorted() where !untested.contains(name) {
            Issue.record("Limits.\(name) has a test, and needs no allowance")
        }
        let listed = Array(Allowances.unusedLimits.keys) + Allowances.untestedLimits.keys
        #expect(listed.filter { !names.contains($0) } == [])
    }
}
