// SPDX-License-Identifier: MIT

import Core

/// A setting that has another value than before.
package struct SettingChange: Sendable, Equatable {
    /// The full name, such as `kinto.changes.resources`.
    package let name: String
    /// The value before; empty if there was none.
    package let old: String
    /// The value now; empty if there is none.
    package let new: String

    /// The value before as it may be shown: on one line, short, a secret masked.
    ///
    /// - Complexity: O(length of the value).
    package var shownOld: String { SettingChange.shown(old, of: name) }
    /// The value now as it may be shown.
    ///
    /// - Complexity: O(length of the value).
    package var shownNew: String { SettingChange.shown(new, of: name) }

    private static func shown(_ value: String, of name: String) -> String {
        let line = PlainLine.of(SecretMask.masked(value, of: name))
        guard !line.isEmpty else { return "(nothing)" }
        let most = Limits.shownSettingCharactersMax
        return line.count > most ? line.prefix(most) + "…" : line
    }
}

extension SettingChange: CustomStringConvertible {
    /// `kinto.readonly: false → true`, secrets masked.
    package var description: String { "\(name): \(shownOld) → \(shownNew)" }
}

/// What two readings of the settings differ in, by what a server that runs makes of it.
package struct SettingsDifference: Sendable, Equatable {
    /// Settings that it can change, in the order of the table.
    package let applicable: [SettingChange]
    /// Settings that need a restart.
    package let waiting: [SettingChange]

    /// Compares two readings.
    ///
    /// Values are compared as texts, whoever set them: moving a line is no change, spelling `true`
    /// as `yes` is one.
    ///
    /// - Complexity: O(number of settings × patterns in the table).
    package init(
        from old: EffectiveSettings, to new: EffectiveSettings, table: SettingsTable = .complete
    ) {
        let before = old.values
        let after = new.values
        let gone = old.settings.filter { after[$0.name] == nil }
        var applicable: [SettingChange] = []
        var waiting: [SettingChange] = []
        for setting in new.settings + gone {
            guard let row = table.row(of: setting) else { continue }
            let change = SettingChange(
                name: setting.name, old: before[setting.name] ?? row.defaultValue,
                new: after[setting.name] ?? row.defaultValue)
            guard change.old != change.new else { continue }
            if row.isReloadable {
                applicable.append(change)
            } else {
                waiting.append(change)
            }
        }
        self.applicable = applicable
        self.waiting = waiting
    }
}

extension EffectiveSettings {
    /// The settings as a server takes them over that runs with others: what needs a restart has
    /// its value and origin of there.
    ///
    /// - Complexity: O(number of settings × patterns in the table).
    package func takenOver(
        from running: EffectiveSettings, table: SettingsTable = .complete
    ) -> EffectiveSettings {
        let kept = running.settings.filter { !(table.row(of: $0)?.isReloadable ?? true) }
        let places = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0) })
        let names = Set(settings.map(\.name))
        return EffectiveSettings(
            settings: settings.compactMap { setting in
                guard let row = table.row(of: setting), !row.isReloadable else { return setting }
                return places[setting.name]
            } + kept.filter { !names.contains($0.name) }, notices: notices)
    }

    /// The values by full names.
    fileprivate var values: [String: String] {
        Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0.value) })
    }
}

extension SettingsTable {
    /// The row that a setting is of.
    fileprivate func row(of setting: EffectiveSetting) -> SettingRow? {
        switch setting.section {
        case .server: serverRow(setting.name)
        case .application: applicationRow(SettingKey.canonical(setting.name))
        }
    }
}
