// SPDX-License-Identifier: MIT

import Core

/// The steps by which `EffectiveSettings` come about: read the file, decide each row, judge what
/// no row is about.
struct SettingsMerge {
    private struct Found {
        let writtenKey: String
        let value: String
        let origin: SettingOrigin
    }

    private let table: SettingsTable
    private let environment: [String: String]
    /// Application settings of the file by canonical key.
    private var found: [String: Found] = [:]
    /// The keys of `found` in the order of the file.
    private var keys: [String] = []
    private var serverFound: [String: Found] = [:]
    private var ignored: [String] = []
    private var unknown: [String] = []
    /// What counts, so far.
    private(set) var settings: [EffectiveSetting] = []

    /// Begins with nothing said.
    init(table: SettingsTable, environment: [String: String]) {
        self.table = table
        self.environment = environment
    }

    // MARK: The file

    /// Takes the settings of the file's two sections.
    ///
    /// - Complexity: O(number of settings in the file).
    mutating func read(_ file: IniFile, variables: [String: String]) throws(ConfigurationError) {
        guard let application = file.section(SettingRow.Section.application.rawValue) else {
            throw .unreadable(path: file.path, reason: "no section [app:main]")
        }
        for entry in application.entries {
            let value = NativeValue.plain(
                try file.value(of: entry, in: application, variables: variables))
            try take(entry.key, value, .file(file.place(of: entry)))
        }
        guard let server = file.section(SettingRow.Section.server.rawValue) else { return }
        for entry in server.entries where entry.key != "use" {
            let origin = SettingOrigin.file(file.place(of: entry))
            if table.serverRow(entry.key) == nil {
                let verdict = KintoCompatibility.verdict(serverKey: entry.key)
                try act(on: verdict, "server:main " + entry.key, entry.rawValue, origin)
                continue
            }
            let value = try file.value(of: entry, in: server, variables: variables)
            serverFound[entry.key] = Found(writtenKey: entry.key, value: value, origin: origin)
        }
    }

    private mutating func take(_ writtenKey: String, _ value: String, _ origin: SettingOrigin)
        throws(ConfigurationError)
    {
        if writtenKey == "use" {
            guard value.hasPrefix("egg:") else {
                throw .unsupported(
                    name: writtenKey, value: value, origin: origin,
                    reason: "settings cannot be taken from elsewhere")
            }
            return
        }
        let key = SettingKey.canonical(writtenKey)
        if let other = found[key] {
            guard other.value == value else {
                throw .conflict(
                    name: SettingKey.full(key), first: other.origin, second: origin)
            }
            return
        }
        keys.append(key)
        found[key] = Found(writtenKey: writtenKey, value: value, origin: origin)
    }

    // MARK: The rows

    /// Decides what counts for one row and appends it.
    ///
    /// - Complexity: O(number of flags).
    mutating func decide(_ row: SettingRow, flags: [SettingFlag], hasFile: Bool)
        throws(ConfigurationError)
    {
        let builtIn = hasFile ? row.defaultValue : row.defaultValueWithoutFile ?? row.defaultValue
        var value = builtIn
        var origin = SettingOrigin.builtIn
        let key = SettingKey.canonical(row.name)
        if let flag = flags.last(where: { $0.setting == row.name }) {
            (value, origin) = (flag.value, .flag(flag.flag))
        } else {
            switch row.section {
            case .application:
                if let said = fromEnvironment(key) ?? found[key] {
                    (value, origin) = (said.value, said.origin)
                }
            case .server:
                if let said = serverFound[row.name] { (value, origin) = (said.value, said.origin) }
            }
        }
        settings.append(
            EffectiveSetting(name: row.name, section: row.section, value: value, origin: origin))
        guard row.section == .application, origin != .builtIn else { return }
        try act(
            on: KintoCompatibility.verdict(listed: key, value: value), row.name, value, origin)
    }

    private func fromEnvironment(_ key: String) -> Found? {
        for name in SettingKey.environmentNames(key) {
            guard let value = environment[name] else { continue }
            return Found(
                writtenKey: name, value: NativeValue.plain(value), origin: .environment(name))
        }
        return nil
    }

    // MARK: What no plain row is about

    /// Takes settings that match a pattern, and judges all others.
    ///
    /// - Complexity: O(number of settings × patterns).
    mutating func judgeTheRest() throws(ConfigurationError) {
        for key in keys {
            guard let inFile = found[key] else { continue }
            let row = table.applicationRow(key)
            if let row, !row.isPattern { continue }
            let said = fromEnvironment(key) ?? inFile
            if row != nil {
                settings.append(
                    EffectiveSetting(
                        name: SettingKey.full(key), section: .application, value: said.value,
                        origin: said.origin))
                let verdict = KintoCompatibility.verdict(listed: key, value: said.value)
                try act(on: verdict, said.writtenKey, said.value, said.origin)
            } else {
                try judge(key, said)
            }
        }
        for key in KintoCompatibility.judgedKeys
        where found[key] == nil && table.applicationRow(key) == nil {
            if let said = fromEnvironment(key) { try judge(key, said) }
        }
    }

    private mutating func judge(_ key: String, _ said: Found) throws(ConfigurationError) {
        let name = SettingKey.full(key)
        if key.hasPrefix("heliograph.") {
            throw .unknownSetting(
                name: name, origin: said.origin,
                suggestion: Suggestion.nearest(
                    to: name, among: table.applicationNames.filter { $0.hasPrefix("heliograph.") }))
        }
        let verdict = KintoCompatibility.verdict(unlisted: key, value: said.value)
        // A name that only a typing mistake parts from a setting was meant to have its effect.
        if verdict == .unknown,
            let meant = Suggestion.nearest(to: name, among: table.applicationNames, mistakesMax: 2)
        {
            throw .unknownSetting(name: said.writtenKey, origin: said.origin, suggestion: meant)
        }
        try act(on: verdict, said.writtenKey, said.value, said.origin)
    }

    private mutating func act(
        on verdict: KintoCompatibility.Verdict, _ name: String, _ value: String,
        _ origin: SettingOrigin
    ) throws(ConfigurationError) {
        switch verdict {
        case .accepted: break
        case .ignored: ignored.append(name)
        case .partlyIgnored(let words): ignored += words.map { "\($0) in \(name)" }
        case .unknown: unknown.append(name)
        case .refused(let reason):
            throw .unsupported(
                name: name, value: SecretMask.masked(value, of: name), origin: origin,
                reason: reason)
        }
    }

    // MARK: Notices

    /// What the operator should be told once.
    ///
    /// - Complexity: O(number of settings).
    func notices(of file: IniFile?) -> [String] {
        var notices = file?.warnings ?? []
        let read = Set(SettingRow.Section.allCases.map(\.rawValue) + ["DEFAULT"])
        let sections = (file?.sections.map(\.name) ?? []).filter { !read.contains($0) }
        if !sections.isEmpty {
            notices.append("sections not used: " + sections.joined(separator: ", "))
        }
        if !ignored.isEmpty {
            notices.append("settings without effect here: " + ignored.joined(separator: ", "))
        }
        if !unknown.isEmpty {
            notices.append("settings that nothing knows: " + unknown.joined(separator: ", "))
        }
        let names = Set(
            table.rows.filter { $0.section == .application }
                .flatMap { SettingKey.environmentNames(SettingKey.canonical($0.name)) })
        for name in environment.keys.sorted()
        where name.hasPrefix("HELIOGRAPH_") && !names.contains(name) {
            // Not an error: orchestrators define such variables for a service of this name.
            guard let meant = Suggestion.nearest(to: name, among: names.sorted()) else { continue }
            notices.append("environment \(name) is not read; did you mean \(meant)?")
        }
        return notices.map(PlainLine.of)
    }
}
