// SPDX-License-Identifier: MIT

/// One setting, declared once: what people are told of it, and how its value gets into `Settings`.
///
/// For example:
///
/// ```swift
/// .flag("kinto.readonly", \.isReadOnly, "Refuse everything but reading.")
/// ```
///
/// The default is that of the field, so that the file, the documentation and the program cannot
/// tell different ones. A setting that is no plain field has a closure (`init`).
package struct Setting<Settings: DeclaredSettings>: Sendable {
    /// Takes a value into the settings, or throws what is expected instead.
    package typealias Reading =
        @Sendable (_ value: SettingValue, _ settings: inout Settings) throws(SettingsError) -> Void
    /// The way to a field of the settings.
    package typealias Field<Value> = any WritableKeyPath<Settings, Value> & Sendable

    /// What people are told.
    package let row: SettingRow
    /// How the value is read.
    package let read: Reading

    /// Declares a setting that is no plain field, or a pattern of names.
    ///
    /// - Parameters:
    ///   - name: The full name. `<…>` in it stands for a name of the operator's own.
    ///   - defaultValue: The default, as it would be written; it must come to what `Settings` has.
    ///   - withoutFile: The default of a server that was started without a file, if it differs.
    ///   - summary: What it does, in one sentence, with unit and range.
    ///   - section: The part of the file it stands in.
    ///   - read: Takes a value; for a pattern, of any name that matches it.
    package init(
        _ name: String, default defaultValue: String = "", withoutFile: String? = nil,
        _ summary: String, section: SettingRow.Section = .application, read: @escaping Reading
    ) {
        row = SettingRow(
            name: name, defaultValue: defaultValue, defaultValueWithoutFile: withoutFile,
            summary: summary, section: section)
        self.read = read
    }

    /// The same setting, which a server that runs can change.
    ///
    /// For example:
    ///
    /// ```swift
    /// .flag("kinto.readonly", \.isReadOnly, "Refuse everything but reading.").reloadable
    /// ```
    package var reloadable: Setting {
        var row = row
        row.isReloadable = true
        return Setting(row: row, read: read)
    }

    private init(row: SettingRow, read: @escaping Reading) {
        self.row = row
        self.read = read
    }

    // MARK: Plain fields

    /// A text; where it is empty, the default stands.
    package static func text(
        _ name: String, _ field: Field<String>, _ summary: String
    ) -> Setting {
        let own = Settings()[keyPath: field]
        return Setting(name, default: own, summary) { value, settings throws(SettingsError) in
            settings[keyPath: field] = value.text ?? own
        }
    }

    /// A text that need not be there.
    package static func text(
        _ name: String, _ field: Field<String?>, _ summary: String
    ) -> Setting {
        let own = Settings()[keyPath: field] ?? ""
        return Setting(name, default: own, summary) { value, settings throws(SettingsError) in
            settings[keyPath: field] = value.text
        }
    }

    /// A truth value.
    package static func flag(_ name: String, _ field: Field<Bool>, _ summary: String) -> Setting {
        let own = Settings()[keyPath: field] ? "true" : "false"
        return Setting(name, default: own, summary) { value, settings throws(SettingsError) in
            settings[keyPath: field] = try value.bool()
        }
    }

    /// A whole number within bounds.
    package static func integer(
        _ name: String, _ field: Field<Int>, in range: ClosedRange<Int>, _ summary: String
    ) -> Setting {
        let own = "\(Settings()[keyPath: field])"
        return Setting(name, default: own, summary) { value, settings throws(SettingsError) in
            settings[keyPath: field] = try value.integer(in: range)
        }
    }

    /// A whole number within bounds that need not be there.
    ///
    /// - Parameter none: The word for its absence; empty for the empty text.
    package static func integer(
        _ name: String, _ field: Field<Int?>, in range: ClosedRange<Int>, none: String = "",
        _ summary: String
    ) -> Setting {
        let own = Settings()[keyPath: field].map { "\($0)" } ?? none
        return Setting(name, default: own, summary) { value, settings throws(SettingsError) in
            let isNone = (value.text ?? "") == none
            settings[keyPath: field] = isNone ? nil : try value.integer(in: range)
        }
    }

    /// Words, separated by white space.
    package static func words(
        _ name: String, _ field: Field<[String]>, withoutFile: String? = nil, _ summary: String
    ) -> Setting {
        let own = Settings()[keyPath: field].joined(separator: " ")
        return Setting(name, default: own, withoutFile: withoutFile, summary) {
            value, settings throws(SettingsError) in
            settings[keyPath: field] = value.words
        }
    }
}

extension Array {
    /// The same settings, all of which a server that runs can change.
    ///
    /// - Complexity: O(*n*).
    package func reloadable<Settings>() -> [Setting<Settings>] where Element == Setting<Settings> {
        map(\.reloadable)
    }
}

/// Settings that belong together, in the order a file should tell them.
package struct SettingTopic<Settings: DeclaredSettings>: Sendable {
    /// What they are about, as a heading.
    package let title: String
    /// The settings.
    package let settings: [Setting<Settings>]

    /// Makes a topic of a heading and its settings.
    package init(_ title: String, _ settings: [Setting<Settings>]) {
        self.title = title
        self.settings = settings
    }
}

/// Settings that are filled in by declarations, and by nothing else.
package protocol DeclaredSettings: Sendable {
    /// Every setting there is.
    static var topics: [SettingTopic<Self>] { get }
    /// Makes the settings that hold when nothing is set.
    init()
}

extension DeclaredSettings {
    /// Every setting there is, in the order of the topics.
    ///
    /// - Complexity: O(number of settings).
    package static var declarations: [Setting<Self>] { topics.flatMap(\.settings) }

    /// Takes the values that a declaration is about, and passes over the others.
    ///
    /// Keys count with and without the prefix `kinto.`; of two spellings of one key the prefixed
    /// one stands. A plain name comes before the patterns it matches.
    ///
    /// - Throws: `SettingsError` for the first value that is not what it should be.
    /// - Complexity: O(values × patterns + declarations).
    package mutating func read(_ values: [String: String]) throws(SettingsError) {
        var rest: [String: SettingValue] = [:]
        for (key, value) in values {
            let name = SettingKey.canonical(key)
            if key != name || rest[name] == nil {
                rest[name] = SettingValue(key: key, value: value)
            }
        }
        let declarations = Self.declarations
        for setting in declarations where !setting.row.isPattern {
            guard let value = rest.removeValue(forKey: setting.row.key) else { continue }
            try setting.read(value, &self)
        }
        let patterns = declarations.filter(\.row.isPattern)
        for (name, value) in rest.sorted(by: { $0.key < $1.key }) {
            try patterns.first { $0.row.matches(name) }?.read(value, &self)
        }
    }
}
