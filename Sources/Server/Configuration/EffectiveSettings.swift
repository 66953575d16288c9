// SPDX-License-Identifier: MIT

import Core

/// One setting as it counts.
package struct EffectiveSetting: Sendable, Equatable {
    /// The full name, such as `kinto.changes.resources`.
    package let name: String
    /// The section it stands in.
    package let section: SettingRow.Section
    /// The value as plain text; the elements of a list are separated by white space.
    package let value: String
    /// Who set it.
    package let origin: SettingOrigin
}

/// A setting that an option of the command line sets.
package struct SettingFlag: Sendable, Equatable {
    /// The option with both hyphens.
    package let flag: String
    /// The full name of the setting.
    package let setting: String
    /// The value as plain text.
    package let value: String

    /// Makes a setting of an option.
    package init(flag: String, setting: String, value: String) {
        self.flag = flag
        self.setting = setting
        self.value = value
    }
}

/// All settings as they count, each with its origin: flags before environment before file before
/// defaults.
package struct EffectiveSettings: Sendable {
    /// The settings in the order of the table.
    package let settings: [EffectiveSetting]
    /// What the operator should be told once at the start, one line each.
    package let notices: [String]

    /// Merges what the parties said.
    ///
    /// - Parameters:
    ///   - table: The settings that exist.
    ///   - file: The configuration file, if there is one.
    ///   - variables: What `%(name)s` in the file may refer to besides the file itself.
    ///   - environment: The process's environment.
    ///   - flags: What the command line says.
    /// - Throws: `ConfigurationError` for the first thing that must not be ignored.
    /// - Complexity: O(settings in the file × patterns in the table).
    package init(
        table: SettingsTable, file: IniFile?, variables: [String: String] = [:],
        environment: [String: String], flags: [SettingFlag] = []
    ) throws(ConfigurationError) {
        var merge = SettingsMerge(table: table, environment: environment)
        if let file { try merge.read(file, variables: variables) }
        for row in table.rows where !row.isPattern {
            try merge.decide(row, flags: flags, hasFile: file != nil)
        }
        try merge.judgeTheRest()
        settings = merge.settings
        notices = merge.notices(of: file)
    }

    /// Makes settings of their parts.
    init(settings: [EffectiveSetting], notices: [String]) {
        self.settings = settings
        self.notices = notices
    }

    /// The setting of that full name.
    ///
    /// - Complexity: O(number of settings).
    package subscript(name: String) -> EffectiveSetting? { settings.first { $0.name == name } }

    /// The application's settings that somebody set, and those whose default is another without
    /// a file, by full name. The rest have the default their owner knows.
    ///
    /// - Complexity: O(number of settings).
    package func values(differingFrom table: SettingsTable) -> [String: String] {
        let defaults = Dictionary(
            uniqueKeysWithValues: table.rows.filter { $0.section == .application }
                .map { ($0.name, $0.defaultValue) })
        var values: [String: String] = [:]
        for setting in settings where setting.section == .application {
            if setting.origin != .builtIn || setting.value != defaults[setting.name] {
                values[setting.name] = setting.value
            }
        }
        return values
    }
}
