// SPDX-License-Identifier: MIT

import KintoAPI

extension SettingsTable {
    /// The settings of the server and of the API.
    package static let complete = SettingsTable(
        ServerSettings.rows
            + KintoSettings.table.map { setting in
                SettingRow(
                    name: setting.name, defaultValue: setting.defaultValue,
                    defaultValueWithoutFile: defaultsWithoutFile[setting.name],
                    summary: setting.summary)
            })

    /// What makes a server without a file useful at once: somebody can write, and it streams.
    private static let defaultsWithoutFile = [
        "multiauth.policies": "basicauth",
        "kinto.changes.resources": "*",
    ]
}
