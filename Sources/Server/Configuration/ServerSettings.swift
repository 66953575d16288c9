// SPDX-License-Identifier: MIT

import Core
import Reactor

/// The settings of the server itself, checked and typed.
package struct ServerSettings: Sendable, Equatable {
    /// The addresses to accept connections on; at least one.
    package let listeners: [ListenAddress]
    /// Where the data is kept.
    package let storage: StorageLocation
    /// The number of event loops; nil means one per core.
    package let loops: Int?
    /// The number of connections beyond which new ones are refused; nil means as many as the
    /// process may have descriptors.
    package let connectionsMax: Int?
    /// The time between two heartbeats of one stream.
    package let heartbeatSeconds: Int
    /// The range from which each stream's `retry:` is drawn.
    package let retryMilliseconds: ClosedRange<Int>
    /// How long a drain may take before what is left is cut.
    package let drainSeconds: Int
    /// The least severe messages that are logged.
    package let logLevel: LogLevel

    /// Reads the settings, of which `effective` must hold all of `rows`.
    ///
    /// - Throws: `ConfigurationError.invalidValue` for the first value out of its range.
    /// - Complexity: O(number of settings).
    package init(_ effective: EffectiveSettings) throws(ConfigurationError) {
        let reader = SettingReader(settings: effective)
        listeners = try Self.listeners(reader)
        storage = try Self.storage(reader)
        loops = try reader.automaticInteger("heliograph.loops", in: 1...Limits.loopsMax)
        connectionsMax = try reader.automaticInteger(
            "heliograph.max_connections", in: 1...Limits.connectionsMax)
        heartbeatSeconds = try reader.integer(
            "heliograph.streams.heartbeat_seconds", in: 1...Limits.heartbeatSecondsMax)
        let longest = try reader.integer(
            "heliograph.streams.retry_milliseconds_max", in: 1...Limits.retryMillisecondsMax)
        let shortest = try reader.integer(
            "heliograph.streams.retry_milliseconds_min", in: 1...longest)
        retryMilliseconds = shortest...longest
        drainSeconds = try reader.integer(
            "heliograph.drain_seconds", in: 0...Limits.drainSecondsSettingMax)
        let level = reader.setting("heliograph.log_level")
        guard let logLevel = LogLevel(rawValue: level.value.lowercased()) else {
            throw reader.invalid(level, expected: "debug, info, warning or error")
        }
        self.logLevel = logLevel
    }

    /// The addresses of `heliograph.listen`, else host and port. An option `--host` or `--port`
    /// outranks a list that an option did not set.
    private static func listeners(_ reader: SettingReader) throws(ConfigurationError)
        -> [ListenAddress]
    {
        let list = reader.setting("heliograph.listen")
        let host = reader.setting("host")
        let port = reader.setting("port")
        guard ListenAddress.isHost(host.value) else {
            throw reader.invalid(host, expected: "a host name or an address without brackets")
        }
        guard let number = ListenAddress.port(port.value) else {
            throw reader.invalid(port, expected: "a port, 0 to 65535")
        }
        let words = list.value.settingWords
        if words.isEmpty || host.origin.isFlag || port.origin.isFlag {
            return [.tcp(host: host.value, port: number)]
        }
        guard words.count <= Limits.listenersMax else {
            throw reader.invalid(list, expected: "at most \(Limits.listenersMax) addresses")
        }
        var addresses: [ListenAddress] = []
        for word in words {
            guard let address = ListenAddress(parsing: word), !addresses.contains(address) else {
                throw reader.invalid(
                    list, expected: "different addresses of the form http://HOST:PORT or unix:/path"
                )
            }
            addresses.append(address)
        }
        return addresses
    }

    private static func storage(_ reader: SettingReader) throws(ConfigurationError)
        -> StorageLocation
    {
        let backend = reader.setting("kinto.storage_backend")
        let url = reader.setting("kinto.storage_url")
        do {
            return try StorageLocation(backend: backend.value, url: url.value)
        } catch .malformedPath {
            throw reader.invalid(url, expected: StorageLocation.SyntaxError.malformedPath.expected)
        } catch {
            throw reader.invalid(
                backend.value == "sqlite" ? url : backend, expected: error.expected)
        }
    }
}

extension SettingOrigin {
    /// Whether an option of the command line said it.
    fileprivate var isFlag: Bool {
        if case .flag = self { true } else { false }
    }
}

/// Takes typed values out of the settings.
private struct SettingReader {
    let settings: EffectiveSettings

    func setting(_ name: String) -> EffectiveSetting {
        guard let setting = settings[name] else {
            preconditionFailure("the table lacks the row \(name)")
        }
        return setting
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let setting = setting(name)
        guard let number = DecimalNumber.parse(setting.value.utf8, digitsMax: 12),
            range.contains(Int(number))
        else {
            throw invalid(
                setting, expected: "a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    func automaticInteger(_ name: String, in range: ClosedRange<Int>)
        throws(ConfigurationError) -> Int?
    {
        setting(name).value == "auto" ? nil : try integer(name, in: range)
    }

    func invalid(_ setting: EffectiveSetting, expected: String) -> ConfigurationError {
        .invalidValue(
            name: setting.name, value: SecretMask.masked(setting.value, of: setting.name),
            origin: setting.origin, expected: expected)
    }
}
