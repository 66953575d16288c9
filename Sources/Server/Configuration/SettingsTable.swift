// SPDX-License-Identifier: MIT

/// Every setting that the program understands, in the order in which they are shown.
package struct SettingsTable: Sendable {
    /// The settings.
    package let rows: [SettingRow]
    private let rowOfKey: [String: Int]

    /// Makes a table of rows, each about another setting.
    ///
    /// For example, the server's own settings and those of the API:
    ///
    /// ```swift
    /// let api = apiTable.map {
    ///     SettingRow(name: $0.name, defaultValue: $0.default, summary: $0.summary)
    /// }
    /// let table = SettingsTable(ServerSettings.rows + api)
    /// ```
    ///
    /// - Complexity: O(number of rows).
    package init(_ rows: [SettingRow]) {
        self.rows = rows
        var index: [String: Int] = [:]
        for (position, row) in rows.enumerated()
        where row.section == .application && !row.isPattern {
            let previous = index.updateValue(position, forKey: SettingKey.canonical(row.name))
            precondition(previous == nil, "two rows for one setting")
        }
        rowOfKey = index
    }

    /// The row about an application setting, by its key (`SettingKey.canonical`).
    ///
    /// - Complexity: O(1) for plain names, else O(number of rows).
    func applicationRow(_ key: String) -> SettingRow? {
        if let position = rowOfKey[key] { return rows[position] }
        return rows.first { $0.isPattern && $0.section == .application && $0.matches(key) }
    }

    /// The row about a setting of the server's section.
    ///
    /// - Complexity: O(number of rows).
    func serverRow(_ key: String) -> SettingRow? {
        rows.first { $0.section == .server && $0.name == key }
    }

    /// The full names of the application's settings, patterns left out.
    ///
    /// - Complexity: O(number of rows).
    var applicationNames: [String] {
        rows.filter { $0.section == .application && !$0.isPattern }.map(\.name)
    }
}
