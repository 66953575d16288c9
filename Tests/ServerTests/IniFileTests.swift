// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Server

@Suite("An ini file")
struct IniFileTests {
    private func parse(_ text: String) throws(ConfigurationError) -> IniFile {
        try IniFile(parsing: Array(text.utf8), path: "kinto.ini")
    }

    private func value(
        _ key: String, of text: String, _ variables: [String: String] = [:]
    ) throws -> String {
        let file = try parse(text)
        let section = try #require(file.section("app:main"))
        return try file.value(
            of: try #require(section[key]), in: section, variables: variables)
    }

    private func refusal(_ text: String, _ key: String? = nil) -> String {
        do {
            if let key { return "accepted: " + (try value(key, of: text)) }
            return "accepted: \(try parse(text).sections)"
        } catch { return "\(error)" }
    }

    @Test(
        "takes = and : and keeps what follows the first of them",
        arguments: [
            ("a = 1", "1"), ("a=1", "1"), ("a: 1", "1"), ("a =", ""), ("a = b=c", "b=c"),
            ("a = http://x:1/?y=z", "http://x:1/?y=z"), ("a : b = c", "b = c"),
            ("a = 1 ; kept", "1 ; kept"), ("a = 1 # kept", "1 # kept"), ("  a\t=\t1  ", "1"),
            ("a = 1\r", "1"), ("a = é", "é"),
        ])
    func delimiters(line: String, expected: String) throws {
        #expect(try value("a", of: "[app:main]\n\(line)\n") == expected)
    }

    @Test("continues a value on lines indented more than its key")
    func continuation() throws {
        let text = """
            [app:main]
            list = one
                   two
            # a comment inside
              ; another
             three = 3

              four
            next = 5

            """
        #expect(try value("list", of: text) == "one\ntwo\nthree = 3\n\nfour")
        #expect(try value("next", of: text) == "5")
        // The same indentation begins another setting.
        #expect(try value("b", of: "[app:main]\n  a = 1\n  b = 2\n") == "2")
        #expect(try value("a", of: "[app:main]\n  a = 1\n   b = 2\n") == "1\nb = 2")
        #expect(try value("a", of: "[app:main]\na =\n  1\n  2") == "1\n2")
    }

    @Test("ends a value at the next section, whatever its indentation was")
    func sectionEndsValue() throws {
        let file = try parse("[app:main]\na = 1\n\n[loggers]\n keys = root\n")
        #expect(file.sections.map(\.name) == ["app:main", "loggers"])
        #expect(file.section("loggers")?["keys"]?.rawValue == "root")
        #expect(file.section("app:main")?["keys"] == nil)
    }

    @Test("knows the line of each key and tells keys apart by case")
    func lines() throws {
        let file = try parse("\u{FEFF}# hello\n[app:main]\nA = 1\n  2\n\na = 3\n")
        #expect(file.section("app:main")?["A"]?.line == 3)
        #expect(file.section("app:main")?["a"]?.line == 6)
    }

    @Test("lets the last of two keys win, with a warning")
    func duplicates() throws {
        let file = try parse("[app:main]\na = 1\nb = 2\n[app:main]\na = 3\n")
        #expect(file.section("app:main")?.entries.map(\.rawValue) == ["3", "2"])
        #expect(
            file.warnings == [
                "kinto.ini:4: section [app:main] again: both are read",
                "kinto.ini:5: a again: line 2 is not used",
            ])
    }

    @Test(
        "refuses lines without a meaning, with their place",
        arguments: [
            ("a = 1\n", "kinto.ini:1: a setting before the first [section]"),
            ("[app:main]\nnothing\n", "kinto.ini:2: neither [section] nor key = value"),
            ("[app:main]\n= 1\n", "kinto.ini:2: a value without a key"),
            ("[app:main\n", "kinto.ini:1: a [section] without its closing bracket"),
            ("[]\n", "kinto.ini:1: a [section] without a name"),
            ("[a] b\n", "kinto.ini:1: text after [section]"),
            ("[a]\nb = \u{1}\n", "kinto.ini:2: a control character"),
            ("[a]\nb = x\ry\n", "kinto.ini:2: a control character"),
        ])
    func refusals(text: String, message: String) {
        #expect(refusal(text) == message)
    }

    @Test("refuses bytes that are not UTF-8")
    func invalidUTF8() {
        #expect(throws: ConfigurationError.self) {
            try IniFile(parsing: Array("[a]\nb = ".utf8) + [0xC3, 0x28], path: "x")
        }
    }

    @Test("takes an empty file, a comment after a header, and a file without a last line end")
    func small() throws {
        #expect(try parse("").sections.isEmpty)
        #expect(try parse("[a] # b\nc = d").section("a")?["c"]?.rawValue == "d")
    }

    @Test("replaces %(name)s from the section, then the variables, then [DEFAULT]")
    func interpolation() throws {
        let text = """
            [DEFAULT]
            base = default
            here = never
            [app:main]
            url = sqlite:///%(here)s/kinto.db
            own = <%(url)s>
            percent = 100%%
            both = %(base)s%%%(here)s
            """
        let variables = ["here": "/etc"]
        #expect(try value("url", of: text, variables) == "sqlite:////etc/kinto.db")
        #expect(try value("own", of: text, variables) == "<sqlite:////etc/kinto.db>")
        #expect(try value("percent", of: text) == "100%")
        #expect(try value("both", of: text, variables) == "default%/etc")
        // What a variable holds is not interpolated again.
        #expect(try value("url", of: text, ["here": "%(url)s"]) == "sqlite:///%(url)s/kinto.db")
    }

    @Test("leaves the % of sections alone that nobody asks for")
    func loggingSections() throws {
        let file = try parse("[formatter_generic]\nformat = %(asctime)s %(levelname)-5.5s\n")
        #expect(
            file.section("formatter_generic")?["format"]?.rawValue
                == "%(asctime)s %(levelname)-5.5s")
    }

    @Test(
        "refuses a % that leads nowhere",
        arguments: [
            ("100%", "kinto.ini:2: a single % (write %% for a percent sign)"),
            ("p%40ss", "kinto.ini:2: a single % (write %% for a percent sign)"),
            ("%(x", "kinto.ini:2: a single % (write %% for a percent sign)"),
            ("%(x)d", "kinto.ini:2: a single % (write %% for a percent sign)"),
            ("%(x)s", "kinto.ini:2: %(x)s is not defined"),
            ("%(a)s", "kinto.ini:2: %(…)s refers to itself"),
        ])
    func interpolationRefusals(value: String, message: String) {
        #expect(refusal("[app:main]\na = \(value)\n", "a") == message)
    }

    @Test("follows names as deep as the limit, and not one deeper")
    func interpolationDepth() throws {
        func chain(_ length: Int) -> String {
            "[app:main]\n" + (0..<length).map { "k\($0) = %(k\($0 + 1))s\n" }.joined()
                + "k\(length) = %%\n"
        }
        let deepest = Limits.interpolationDepthMax - 1
        #expect(try value("k0", of: chain(deepest)) == "%")
        #expect(refusal(chain(deepest + 1), "k0") == "kinto.ini:2: %(…)s refers to itself")
    }

    @Test("refuses values that grow without bound, and takes one as long as the limit")
    func interpolationSize() throws {
        let doubling = (0..<8).map { "k\($0) = " + String(repeating: "%(k\($0 + 1))s", count: 9) }
        let bomb = "[app:main]\n" + doubling.joined(separator: "\n") + "\nk8 = %%xxxxxxxxx\n"
        #expect(refusal(bomb, "k0") == "kinto.ini:2: the value is too long")
        for (length, isTaken) in [
            (Limits.settingValueBytesMax, true), (Limits.settingValueBytesMax + 1, false),
        ] {
            let text = "[app:main]\na = %(b)s"
            let file = try parse(text)
            let section = try #require(file.section("app:main"))
            let variables = ["b": String(repeating: "x", count: length)]
            let result = try? file.value(
                of: section.entries[0], in: section, variables: variables)
            #expect((result != nil) == isTaken)
        }
    }
}
