// SPDX-License-Identifier: MIT

import Testing

@testable import Wire

@Suite("A condition on entity tags")
struct EntityTagTests {
    @Test("is a star, a list or malformed")
    func parsing() {
        #expect(EntityTagCondition("*") == .any)
        #expect(EntityTagCondition(" *\t") == .any)
        #expect(EntityTagCondition("\"a\"") == .tags([EntityTag("a")]))
        #expect(EntityTagCondition("\"\"") == .tags([EntityTag("")]))
        #expect(
            EntityTagCondition("\"a\", W/\"b,c\" ,, \"é\"")
                == .tags([EntityTag("a"), EntityTag("b,c", isWeak: true), EntityTag("é")]))
        for text in [
            "", ",", "a", "\"a", "a\"", "\"a\" \"b\"", "w/\"a\"", "W/a", "W/", "*, \"a\"", "\"a\"x",
            "\"a b\"", "\"a\u{7F}\"", "\"a\"\"b\"", "**", "W/ \"a\"",
        ] {
            #expect(EntityTagCondition(text) == .malformed, "\(text)")
        }
    }

    @Test("is compared as RFC 9110 has it in its table")
    func comparison() {
        let table: [(EntityTag, EntityTag, strong: Bool, weak: Bool)] = [
            (EntityTag("1", isWeak: true), EntityTag("1", isWeak: true), false, true),
            (EntityTag("1", isWeak: true), EntityTag("2", isWeak: true), false, false),
            (EntityTag("1", isWeak: true), EntityTag("1"), false, true),
            (EntityTag("1"), EntityTag("1"), true, true),
        ]
        for (one, other, strong, weak) in table {
            #expect(one.matches(other, .strong) == strong)
            #expect(other.matches(one, .weak) == weak)
        }
    }

    @Test("names what exists")
    func naming() {
        let tag = EntityTag("5")
        #expect(EntityTagCondition.any.names(tag, .strong))
        #expect(!EntityTagCondition.any.names(nil, .strong))
        #expect(EntityTagCondition("\"4\", \"5\"").names(tag, .strong))
        #expect(!EntityTagCondition("W/\"5\"").names(tag, .strong))
        #expect(EntityTagCondition("W/\"5\"").names(tag, .weak))
        #expect(!EntityTagCondition("5").names(tag, .weak))
        #expect(!EntityTagCondition("\"5\"").names(nil, .weak))
        #expect("\(tag) \(EntityTag("a", isWeak: true))" == "\"5\" W/\"a\"")
    }
}
