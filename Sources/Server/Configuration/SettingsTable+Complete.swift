// SPDX-License-Identifier: MIT

import KintoAPI

extension SettingsTable {
    /// The settings of the server and of the API.
    package static let complete = SettingsTable(
        ServerSettings.rows
            + KintoSettings.table.map { setting in
                SettingRow(
                    name: setting.name, defaultValue: setting.defaultValue,
                    defaultValueWithoutFile: KintoSettings.embedded[setting.name],
                    summary: setting.summary)
            })
}
