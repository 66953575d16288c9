// SPDX-License-Identifier: MIT

import Core

extension ServerSettings {
    /// The table's rows about the server itself.
    package static let rows = [
        SettingRow(
            name: "host", defaultValue: "127.0.0.1",
            summary: "Host name or address to listen on; 0.0.0.0 or :: for all.",
            section: .server),
        SettingRow(
            name: "port", defaultValue: "8888",
            summary: "Port to listen on; 0 picks a free one.", section: .server),
        SettingRow(
            name: "kinto.storage_backend", defaultValue: "sqlite",
            summary: "Where the data is kept: sqlite, or memory (kinto.core.storage.memory)."),
        SettingRow(
            name: "kinto.storage_url", defaultValue: "sqlite:///heliograph.db",
            summary: "The SQLite file: sqlite:///relative/path or sqlite:////absolute/path."),
        SettingRow(
            name: "heliograph.listen", defaultValue: "",
            summary: "Addresses to listen on instead of host and port, separated by white space: "
                + "http://HOST:PORT or unix:/path."),
        SettingRow(
            name: "heliograph.loops", defaultValue: "auto",
            summary: "Event loops, 1 to \(Limits.loopsMax); auto is one per core."),
        SettingRow(
            name: "heliograph.max_connections", defaultValue: "auto",
            summary: "Connections beyond which new ones are refused, 1 to \(Limits.connectionsMax);"
                + " auto is what the limit of open files allows."),
        SettingRow(
            name: "heliograph.drain_seconds", defaultValue: "\(Limits.drainSecondsMax)",
            summary: "Seconds that streams have to end when the server stops, 0 to "
                + "\(Limits.drainSecondsSettingMax)."),
        SettingRow(
            name: "heliograph.log_level", defaultValue: LogLevel.info.rawValue,
            summary: "The least severe messages to log: debug, info, warning or error."),
        SettingRow(
            name: "heliograph.streams.heartbeat_seconds",
            defaultValue: "\(Limits.heartbeatSecondsDefault)",
            summary: "Seconds between two heartbeats of a stream, 1 to "
                + "\(Limits.heartbeatSecondsMax). Keep it below the idle limits of proxies."),
        SettingRow(
            name: "heliograph.streams.retry_milliseconds_min",
            defaultValue: "\(Limits.retryMilliseconds.lowerBound)",
            summary: "The shortest time, in milliseconds, after which an event source returns."),
        SettingRow(
            name: "heliograph.streams.retry_milliseconds_max",
            defaultValue: "\(Limits.retryMilliseconds.upperBound)",
            summary: "The longest time, in milliseconds, after which an event source returns, 1 to "
                + "\(Limits.retryMillisecondsMax)."),
    ]
}
