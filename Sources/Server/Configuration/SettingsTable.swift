// SPDX-License-Identifier: MIT

import Core
import KintoAPI

/// Every setting that the program understands, in the order in which they are shown.
package struct SettingsTable: Sendable {
    /// Settings that belong together, for people.
    package struct Topic: Sendable {
        /// What they are about, as a heading.
        package let title: String
        /// The settings.
        package let rows: [SettingRow]

        /// Takes what people are told out of declarations.
        init(_ topic: SettingTopic<some DeclaredSettings>) {
            title = topic.title
            rows = topic.settings.map(\.row)
        }
    }

    /// The settings of the server and of the API.
    package static let complete = SettingsTable(
        ServerSettings.topics.map(Topic.init) + KintoSettings.topics.map(Topic.init))

    /// The settings by what they are about.
    package let topics: [Topic]
    /// The settings.
    package let rows: [SettingRow]
    private let rowOfKey: [String: Int]

    /// Makes a table of rows, each about another setting.
    ///
    /// - Complexity: O(number of rows).
    init(_ topics: [Topic]) {
        self.topics = topics
        rows = topics.flatMap(\.rows)
        var index: [String: Int] = [:]
        for (position, row) in rows.enumerated()
        where row.section == .application && !row.isPattern {
            let previous = index.updateValue(position, forKey: row.key)
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
