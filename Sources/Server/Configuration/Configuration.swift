// SPDX-License-Identifier: MIT

import Core
import KintoAPI

/// What the command line says about the configuration.
package struct ConfigurationOptions: Sendable, Equatable {
    /// The file of `--ini`.
    package var iniPath: String?
    /// The host of `--host`.
    package var host: String?
    /// The port of `--port`; 0 picks a free one.
    package var port: UInt16?
    /// The storage of `--storage`.
    package var storage: StorageLocation?
    /// The number of event loops of `--loops`.
    package var loops: Int?

    /// Makes options that say nothing.
    package init() {}

    /// The settings that the options set.
    package var flags: [SettingFlag] {
        var flags: [SettingFlag] = []
        if let host { flags.append(SettingFlag(flag: "--host", setting: "host", value: host)) }
        if let port { flags.append(SettingFlag(flag: "--port", setting: "port", value: "\(port)")) }
        if let storage {
            let (backend, url) = storage.settings
            flags += [
                SettingFlag(flag: "--storage", setting: "kinto.storage_backend", value: backend),
                SettingFlag(flag: "--storage", setting: "kinto.storage_url", value: url),
            ]
        }
        if let loops {
            flags.append(
                SettingFlag(flag: "--loops", setting: "heliograph.loops", value: "\(loops)"))
        }
        return flags
    }
}

/// The whole configuration: the server's own part typed, all of it with its origin.
package struct Configuration: Sendable {
    /// The path of the file that was read, if any.
    package let iniPath: String?
    /// Every setting with its origin, and what the operator should be told.
    package let effective: EffectiveSettings
    /// The settings of the server itself.
    package let server: ServerSettings
    /// The settings of the API.
    package let api: KintoSettings
    /// What the operator should be told once at the start, one line each.
    package let notices: [String]
    private let source: Source

    /// Where the settings were read from.
    private struct Source {
        let options: ConfigurationOptions
        let environment: [String: String]
        let workingDirectory: String
    }

    /// Reads the file, if one is named, and merges it with the rest.
    ///
    /// The file is that of `--ini`, else that of the environment variable `KINTO_INI`, which
    /// Kinto's own command line reads too. Its variables are `here`, `__file__` and `http_port`,
    /// which Kinto's template uses for the port.
    ///
    /// - Throws: `ConfigurationError`: exit with 78.
    /// - Complexity: O(length of the file).
    package init(
        _ options: ConfigurationOptions, environment: [String: String],
        workingDirectory: String = ConfigurationFile.workingDirectory()
    ) throws(ConfigurationError) {
        let table = SettingsTable.complete
        source = Source(
            options: options, environment: environment, workingDirectory: workingDirectory)
        iniPath = options.iniPath ?? environment["KINTO_INI"].flatMap { $0.isEmpty ? nil : $0 }
        var file: IniFile?
        var variables: [String: String] = [:]
        if let iniPath {
            file = try IniFile(parsing: try ConfigurationFile.read(iniPath), path: iniPath)
            let here = ConfigurationFile.directory(of: iniPath, workingDirectory: workingDirectory)
            let port = table.serverRow("port")?.defaultValue
            variables = [
                "here": here,
                "__file__": iniPath.hasPrefix("/") ? iniPath : workingDirectory + "/" + iniPath,
                "http_port": options.port.map { "\($0)" } ?? port ?? "",
            ]
        }
        effective = try EffectiveSettings(
            table: table, file: file, variables: variables, environment: environment,
            flags: options.flags)
        server = try ServerSettings(effective)
        var api = try Self.apiSettings(effective, table)
        let isSet = effective["kinto.version_json_path"]?.origin != .builtIn
        api.versionDocument = VersionFile.read(api.versionPath, isSet: isSet)
        self.api = api
        var notices = effective.notices
        if case .missing = api.versionDocument {
            notices.append(
                "kinto.version_json_path: no JSON at \(PlainLine.of(api.versionPath)), so that "
                    + "__version__ answers 500")
        }
        self.notices = notices
    }

    /// Reads everything again, exactly as at the start.
    ///
    /// - Throws: `ConfigurationError`.
    /// - Complexity: O(length of the file).
    package func readAgain() throws(ConfigurationError) -> Configuration {
        try Configuration(
            source.options, environment: source.environment,
            workingDirectory: source.workingDirectory)
    }

    /// This configuration as a server takes it over that runs with another: what needs a restart is
    /// as there.
    ///
    /// - Throws: `ConfigurationError` if the two do not go together.
    /// - Complexity: O(number of settings).
    package func takenOver(
        from running: Configuration
    ) throws(ConfigurationError) -> Configuration {
        try Configuration(self, effective: effective.takenOver(from: running.effective))
    }

    private init(
        _ other: Configuration, effective: EffectiveSettings
    ) throws(ConfigurationError) {
        iniPath = other.iniPath
        source = other.source
        notices = other.notices
        self.effective = effective
        server = try ServerSettings(effective)
        var api = try Self.apiSettings(effective, .complete)
        api.versionDocument = other.api.versionDocument
        self.api = api
    }

    private static func apiSettings(_ effective: EffectiveSettings, _ table: SettingsTable)
        throws(ConfigurationError) -> KintoSettings
    {
        do {
            var settings = try KintoSettings(effective.values(differingFrom: table))
            if effective["kinto.project_version"]?.origin == .builtIn {
                settings.projectVersion = HeliographVersion.text
            }
            return settings
        } catch {
            throw effective.error(error)
        }
    }
}
