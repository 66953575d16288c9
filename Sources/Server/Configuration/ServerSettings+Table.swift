// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Reactor

/// The declarations of the server's own settings.
extension ServerSettings: DeclaredSettings {
    package static let topics = [
        SettingTopic("Where the server listens", listening),
        SettingTopic("Where the data is kept", data),
        SettingTopic("Connections and streams", [loops] + connections.reloadable()),
        SettingTopic("Proxies in front, and overload", edgeSettings),
    ]

    private static let listening: [Setting<ServerSettings>] = [
        Setting(
            "host", default: ServerSettings().host,
            "Host name or address to listen on; 0.0.0.0 or :: for all.", section: .server
        ) { value, settings throws(SettingsError) in
            guard ListenAddress.isHost(value.value) else {
                throw value.error(expected: "a host name or an address without brackets")
            }
            settings.host = value.value
        },
        Setting(
            "port", default: "\(ServerSettings().port)",
            "Port to listen on; 0 picks a free one.", section: .server
        ) { value, settings throws(SettingsError) in
            guard let port = ListenAddress.port(value.value) else {
                throw value.error(expected: "a port, 0 to 65535")
            }
            settings.port = port
        },
        Setting(
            "heliograph.listen",
            "Addresses to listen on instead of host and port, separated by white space: "
                + "http://HOST:PORT or unix:/path. With proxy+ before it, connections begin with"
                + " the header of the PROXY protocol, version 2."
        ) { value, settings throws(SettingsError) in
            try readListeners(value, &settings)
        },
    ]

    private static let data: [Setting<ServerSettings>] = [
        .text(
            "kinto.storage_backend", \.storageBackend,
            "Where the data is kept: sqlite, or memory (kinto.core.storage.memory)."),
        .text(
            "kinto.storage_url", \.storageURL,
            "The SQLite file: sqlite:///relative/path or sqlite:////absolute/path."),
    ]

    private static let loops = Setting<ServerSettings>.integer(
        "heliograph.loops", \.loops, in: 1...Limits.loopsMax, none: "auto",
        "Event loops, 1 to \(Limits.loopsMax); auto is one per core that the process may use.")

    private static let connections: [Setting<ServerSettings>] = [
        .integer(
            "heliograph.max_connections", \.connectionsMax, in: 1...Limits.connectionsMax,
            none: "auto",
            "Connections beyond which new ones are refused, 1 to \(Limits.connectionsMax);"
                + " auto is what the limit of open files allows."),
        .integer(
            "heliograph.drain_seconds", \.drainSeconds, in: 0...Limits.drainSecondsSettingMax,
            "Seconds over which streams are told to return when the server stops, and that its end"
                + " may take, 0 to \(Limits.drainSecondsSettingMax)."),
        .integer(
            "heliograph.drain_notice_seconds", \.drainNoticeSeconds,
            in: 0...Limits.drainSecondsSettingMax,
            "Seconds that the server goes on before that, with heartbeats that say 503, so that"
                + " balancers send nobody any more, 0 to \(Limits.drainSecondsSettingMax)."),
        Setting(
            "heliograph.log_level", default: ServerSettings().logLevel.rawValue,
            "The least severe messages to log: debug, info, warning or error."
        ) { value, settings throws(SettingsError) in
            guard let level = LogLevel(rawValue: value.value.lowercased()) else {
                throw value.error(expected: "debug, info, warning or error")
            }
            settings.logLevel = level
        },
        .integer(
            "heliograph.streams.heartbeat_seconds", \.heartbeatSeconds,
            in: 1...Limits.heartbeatSecondsMax,
            "Seconds between two heartbeats of a stream, 1 to "
                + "\(Limits.heartbeatSecondsMax). Keep it below the idle limits of proxies."),
        .integer(
            "heliograph.streams.max_age_seconds", \.streamAgeSecondsMax,
            in: 0...Limits.streamAgeSecondsMax,
            "The age at which a stream ends and its client is told to return, so that streams even"
                + " out over servers, up to \(Limits.streamAgeSecondsMax); each draws its own"
                + " between 80 and 100 % of it; 0 for none."),
        .integer(
            "heliograph.streams.pace_seconds", \.paceSeconds, in: 0...Limits.paceSecondsMax,
            "Seconds over which one change is told to event streams and browsers' push services,"
                + " WebSocket streams apart, which are told at once, 0 to"
                + " \(Limits.paceSecondsMax)."),
        .flag(
            "heliograph.streams.compression", \.compressesStreams,
            "Whether streams are compressed whose clients ask for it: WebSocket streams that offer"
                + " permessage-deflate, and event streams with _encoding=gzip."),
        .integer(
            "heliograph.streams.retry_milliseconds_min", \.retryMillisecondsMin,
            in: 1...Limits.retryMillisecondsMax,
            "The shortest time, in milliseconds, after which an event source returns."),
        .integer(
            "heliograph.streams.retry_milliseconds_max", \.retryMillisecondsMax,
            in: 1...Limits.retryMillisecondsMax,
            "The longest time, in milliseconds, after which an event source returns, 1 to "
                + "\(Limits.retryMillisecondsMax)."),
    ]
}
