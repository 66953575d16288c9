// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("Header fields")
struct HTTPFieldsTests {
    @Test("are found by name, without regard to case, and joined")
    func lookup() {
        var fields = HTTPFields([("Accept", "a"), ("Vary", ""), ("ACCEPT", "b, c")])
        #expect(fields["accept"] == "a, b, c")
        #expect(fields["Vary"] == "")
        #expect(fields["Accep"] == nil)
        #expect(fields["Accept:"] == nil)
        #expect(fields.all("Accept") == ["a", "b, c"])
        #expect(fields.tokens("Accept") == ["a", "b", "c"])
        fields.append("accept", "é ,,\td")
        #expect(fields.tokens("Accept") == ["a", "b", "c", "é", "d"])
        #expect(fields.count == 4)
    }

    @Test("are replaced and removed")
    func setting() {
        var fields = HTTPFields([("A", "1"), ("B", "2"), ("a", "3")])
        fields["A"] = "4"
        #expect(fields.lines.map { "\($0.name)=\($0.value)" } == ["B=2", "A=4"])
        fields["b"] = nil
        #expect(fields.lines.map { "\($0.name)=\($0.value)" } == ["A=4"])
        fields["C"] = ""
        #expect(fields["c"] == "" && fields.count == 2)
    }

    @Test("compare ASCII letters only")
    func equality() {
        #expect(HTTPFields.areEqual("aZ-é", "Az-é"))
        #expect(!HTTPFields.areEqual("é", "É"))
        #expect(!HTTPFields.areEqual("@", "`"))
        #expect(!HTTPFields.areEqual("[", "{"))
    }
}
