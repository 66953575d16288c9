// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Reactor

/// The settings of the server itself, checked and typed.
package struct ServerSettings: Sendable, Equatable {
    /// `host`: what to listen on.
    var host = "127.0.0.1"
    /// `port`: where to listen; 0 for any.
    var port: UInt16 = 8888
    /// `heliograph.listen`: addresses instead of host and port.
    var listenAddresses: [ListenAddress] = []
    /// Which of these are for proxies that put a header before each connection.
    var proxiedAddresses: Set<ListenAddress> = []
    /// `kinto.storage_backend`: the kind of storage.
    var storageBackend = "sqlite"
    /// `kinto.storage_url`: where that is.
    var storageURL = "sqlite:///heliograph.db"
    /// Where the data is kept, by backend and URL.
    package private(set) var storage = StorageLocation.memory
    /// The number of event loops; nil means one per core.
    package internal(set) var loops: Int?
    /// The number of connections beyond which new ones are refused; nil means as many as the
    /// process may have descriptors.
    package internal(set) var connectionsMax: Int?
    /// The time between two heartbeats of one stream.
    package internal(set) var heartbeatSeconds = Limits.heartbeatSecondsDefault
    /// The shortest time after which an event source returns.
    var retryMillisecondsMin = Limits.retryMilliseconds.lowerBound
    /// The longest time after which an event source returns.
    var retryMillisecondsMax = Limits.retryMilliseconds.upperBound
    /// How long a drain may take before what is left is cut.
    package internal(set) var drainSeconds = Limits.drainSecondsMax
    /// How long everything goes on before a drain, but for the heartbeats.
    package internal(set) var drainNoticeSeconds = 0
    /// The longest age of a stream; 0 for any.
    package internal(set) var streamAgeSecondsMax = 0
    /// Whether streams are compressed whose clients ask for it.
    package internal(set) var compressesStreams = true
    /// Over how long one change is told to event streams; 0 for at once.
    package internal(set) var paceSeconds = 0
    /// Who connects, and what is believed of it.
    package internal(set) var edge = EdgeConfiguration()
    /// The least severe messages that are logged.
    package internal(set) var logLevel = LogLevel.info

    /// Makes the settings that hold when nothing is set.
    package init() {}

    /// Reads the settings.
    ///
    /// - Throws: `ConfigurationError.invalidValue` for the first value out of its range.
    /// - Complexity: O(number of settings).
    package init(_ effective: EffectiveSettings) throws(ConfigurationError) {
        let rows = Set(Self.declarations.map(\.row.name))
        let own = effective.settings.filter { rows.contains($0.name) }
        do throws(SettingsError) {
            try read(Dictionary(own.map { ($0.name, $0.value) }) { first, _ in first })
            // An option `--host` or `--port` outranks a list that an option did not set.
            if own.contains(where: { $0.section == .server && $0.origin.isFlag }) {
                listenAddresses = []
                proxiedAddresses = []
            }
            try resolveProxiedListeners()
            if retryMillisecondsMin > retryMillisecondsMax {
                throw SettingsError(
                    key: "heliograph.streams.retry_milliseconds_min",
                    value: "\(retryMillisecondsMin)",
                    expected: "a whole number, 1 to \(retryMillisecondsMax)")
            }
            storage = try readStorage()
        } catch {
            throw effective.error(error)
        }
    }

    /// The addresses to accept connections on; at least one.
    package var listeners: [ListenAddress] {
        listenAddresses.isEmpty ? [.tcp(host: host, port: port)] : listenAddresses
    }

    /// The range from which each stream's `retry:` is drawn.
    package var retryMilliseconds: ClosedRange<Int> {
        retryMillisecondsMin...retryMillisecondsMax
    }

    private func readStorage() throws(SettingsError) -> StorageLocation {
        do {
            return try StorageLocation(backend: storageBackend, url: storageURL)
        } catch {
            let isAboutURL = error == .malformedPath || storageBackend == "sqlite"
            throw SettingsError(
                key: isAboutURL ? "kinto.storage_url" : "kinto.storage_backend",
                value: isAboutURL ? storageURL : storageBackend, expected: error.expected)
        }
    }
}

extension EffectiveSettings {
    /// The error about a setting, with who set it; the value is masked if it may be a secret.
    ///
    /// - Complexity: O(number of settings).
    func error(_ error: SettingsError) -> ConfigurationError {
        let isPlain = self[error.key] != nil
        let name = isPlain ? error.key : SettingKey.full(SettingKey.canonical(error.key))
        return .invalidValue(
            name: name, value: SecretMask.masked(error.value, of: name),
            origin: self[name]?.origin ?? .builtIn, expected: error.expected)
    }
}

extension SettingOrigin {
    /// Whether an option of the command line said it.
    fileprivate var isFlag: Bool {
        if case .flag = self { true } else { false }
    }
}
