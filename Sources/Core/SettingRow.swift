// SPDX-License-Identifier: MIT

/// One setting, for people.
package struct SettingRow: Sendable, Equatable {
    /// The part of the file a setting stands in.
    package enum Section: String, Sendable, CaseIterable {
        /// What the application does.
        case application = "app:main"
        /// Where the server listens, in the words of Python's servers.
        case server = "server:main"
    }

    /// The full name, such as `kinto.changes.resources`. Parts in angle brackets stand for any
    /// text: `kinto.<bucket>.record_cache_expires_seconds`.
    package let name: String
    /// The value when nobody sets it, as one would write it.
    package let defaultValue: String
    /// The value when nobody sets it and there is no file, if that differs.
    package let defaultValueWithoutFile: String?
    /// One sentence for the operator: what it does, with unit and range.
    package let summary: String
    /// The section it stands in.
    package let section: Section
    /// Whether a server that runs takes over another value when it reads its settings again;
    /// otherwise the value it started with stays in force.
    package internal(set) var isReloadable = false

    /// Makes a row of the table.
    init(
        name: String, defaultValue: String, defaultValueWithoutFile: String? = nil,
        summary: String, section: Section = .application
    ) {
        self.name = name
        self.defaultValue = defaultValue
        self.defaultValueWithoutFile = defaultValueWithoutFile
        self.summary = summary
        self.section = section
    }

    /// The name without the prefix `kinto.` (`SettingKey.canonical`).
    ///
    /// - Complexity: O(length of the name).
    package var key: String { SettingKey.canonical(name) }

    /// Whether the name holds parts in angle brackets.
    ///
    /// - Complexity: O(length of the name).
    package var isPattern: Bool { name.utf8.contains(UInt8(ascii: "<")) }

    /// Whether the row is about the setting of that key (`SettingKey.canonical`).
    ///
    /// - Complexity: O(length of the key × length of the name) at worst.
    package func matches(_ key: String) -> Bool {
        let own = self.key
        guard isPattern else { return own == key }
        // What is in angle brackets stands for one byte or more.
        var pattern = ""
        for part in own.split(separator: "<", omittingEmptySubsequences: false) {
            guard let close = part.firstIndex(of: ">") else {
                pattern += part
                continue
            }
            pattern += "?*" + part[close...].dropFirst()
        }
        return Wildcard.matches(key, pattern: pattern)
    }
}
