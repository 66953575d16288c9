// SPDX-License-Identifier: MIT

import Testing

@testable import Core

/// Settings of a lighthouse.
private struct Lamp: DeclaredSettings, Equatable {
    var colour = "white"
    var name: String?
    var isLit = true
    var watts = 60
    var flashes: Int?
    var keepers = ["ann", "bob"]
    var depths: [String: String] = [:]

    static let topics = [
        SettingTopic(
            "Light",
            [
                .text("kinto.colour", \.colour, "The colour."),
                .text("kinto.name", \.name, "The name."),
                .flag("kinto.lit", \.isLit, "Whether there is light."),
                .integer("watts", \.watts, in: 1...100, "How much."),
                .integer("flashes", \.flashes, in: 0...9, none: "never", "How often."),
            ] as [Setting<Lamp>]),
        SettingTopic(
            "Sea",
            [
                .words("keepers", \.keepers, "Who is there."),
                Setting("kinto.<bay>.<rock>_depth", "How deep.") { value, lamp in
                    lamp.depths[value.name] = value.text
                },
                Setting("kinto.<bay>_depth", "How deep in general.") { value, lamp in
                    lamp.depths["all " + value.name] = value.text
                },
            ]),
    ]
}

@Suite("A setting")
struct SettingTests {
    private func lamp(_ values: [String: String]) throws(SettingsError) -> Lamp {
        var lamp = Lamp()
        try lamp.read(values)
        return lamp
    }

    @Test("has the default of its field")
    func defaults() {
        #expect(
            Lamp.declarations.map(\.row.defaultValue) == [
                "white", "", "true", "60", "never", "ann bob", "", "",
            ])
    }

    @Test("comes to the same when it is set to its default")
    func roundTrip() throws {
        let rows = Lamp.declarations.map(\.row).filter { !$0.isPattern }
        let values = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.defaultValue) })
        #expect(try lamp(values) == Lamp())
    }

    @Test("is read with and without the prefix, of which the prefixed one stands")
    func prefix() throws {
        #expect(try lamp(["kinto.watts": "1"]).watts == 1)
        #expect(try lamp(["colour": "red"]).colour == "red")
        #expect(try lamp(["colour": "red", "kinto.colour": "blue"]).colour == "blue")
    }

    @Test("that is empty is none where there may be none, false, nobody, or else the default")
    func empty() throws {
        let empty = try lamp(["name": " ", "lit": "", "keepers": "", "colour": ""])
        #expect(empty.name == nil && !empty.isLit && empty.keepers.isEmpty)
        #expect(empty.colour == "white")
        #expect(throws: SettingsError.self) { try lamp(["watts": ""]) }
        #expect(throws: SettingsError.self) { try lamp(["flashes": ""]) }
    }

    @Test("takes numbers at its bounds and none beyond")
    func bounds() throws {
        #expect(try lamp(["watts": "1"]).watts == 1)
        #expect(try lamp(["watts": "100"]).watts == 100)
        #expect(try lamp(["flashes": "never"]).flashes == nil)
        for text in ["0", "101", "1.5", "x", "9999999999999999999"] {
            #expect(
                throws: SettingsError(
                    key: "watts", value: text, expected: "a whole number, 1 to 100")
            ) { try lamp(["watts": text]) }
        }
    }

    @Test("needs a restart to change unless it says otherwise, and is the same setting then")
    func reloadable() throws {
        let setting = Setting<Lamp>.flag("kinto.lit", \.isLit, "Whether there is light.")
        #expect(!setting.row.isReloadable)
        #expect(setting.reloadable.row.isReloadable)
        #expect([setting].reloadable().map(\.row) == [setting.reloadable.row])
        var lamp = Lamp()
        try setting.reloadable.read(SettingValue(key: "kinto.lit", value: "no"), &lamp)
        #expect(!lamp.isLit)
    }

    @Test("may be a pattern, which takes each name that matches it but no other's")
    func patterns() throws {
        let lamp = try lamp([
            "kinto.north.one_depth": "1", "south_depth": "2", "..._depth": "3", "x": "4",
            "_depth": "5",
        ])
        #expect(
            lamp.depths == [
                "north.one_depth": "1", "all south_depth": "2", "..._depth": "3",
            ])
    }

    @Test("is matched by whole names, each part at least one sign long")
    func matching() throws {
        let row = try #require(Lamp.declarations.first { $0.row.isPattern }).row
        #expect(row.matches("a.b_depth"))
        #expect(!row.matches("a_depth"))
        #expect(!row.matches("a._depth"))
        #expect(!row.matches("a.b_depth2"))
    }
}
