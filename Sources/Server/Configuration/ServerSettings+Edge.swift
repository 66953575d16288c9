// SPDX-License-Identifier: MIT

import Core
import Reactor

/// The declarations of the settings about who connects: proxies in front, limits, overload.
extension ServerSettings {
    /// The settings about who connects.
    static let edgeSettings: [Setting<ServerSettings>] = [
        Setting(
            "heliograph.trusted_proxies",
            "Proxies in front, separated by white space: addresses, networks (10.0.0.0/8), or unix"
                + " for who comes through a socket file. Only they are believed where a connection"
                + " (the PROXY protocol) or a request (Forwarded, X-Forwarded-For) came from."
        ) { value, settings throws(SettingsError) in
            let words = value.words
            guard words.count <= Limits.trustedProxiesMax else {
                throw value.error(
                    expected: "at most \(Limits.trustedProxiesMax) addresses and networks")
            }
            guard let proxies = TrustedProxies(words: words) else {
                throw value.error(
                    expected: "addresses like 192.0.2.1 or 2001:db8::1, networks like"
                        + " 192.0.2.0/24 without bits beyond their length, or unix")
            }
            settings.edge.trustedProxies = proxies
        },
        .integer(
            "heliograph.max_connections_per_address", \.edge.connectionsPerAddressMax,
            in: 0...Limits.perAddressMax,
            "Connections that one address may have, of IPv6 the first 64 bits; 0 for any number."
                + " Many clients may share one address. Trusted proxies are not limited."),
        .integer(
            "heliograph.max_streams_per_address", \.edge.streamsPerAddressMax,
            in: 0...Limits.perAddressMax,
            "Streams that one address may have, also behind trusted proxies; 0 for any number."),
        .integer(
            "heliograph.max_memory_megabytes", \.edge.memoryMegabytesMax,
            in: 0...Limits.memoryMegabytesMax, none: "auto",
            "Memory of the process, in MiB, above which new streams are refused; 0 for none; auto"
                + " is seven eighths of the control group's memory.max, if that is set."),
        .integer(
            "heliograph.max_loop_lag_milliseconds", \.edge.loopLagMillisecondsMax,
            in: 0...Limits.loopLagMillisecondsMax,
            "Mean length of a loop's turns, in milliseconds, above which it takes no new streams,"
                + " up to \(Limits.loopLagMillisecondsMax); 0 for any."),
    ]

    /// Reads `heliograph.listen`: different addresses, some perhaps for proxies.
    ///
    /// - Throws: `SettingsError`.
    static func readListeners(
        _ value: SettingValue, _ settings: inout ServerSettings
    ) throws(SettingsError) {
        let words = value.value.settingWords
        guard words.count <= Limits.listenersMax else {
            throw value.error(expected: "at most \(Limits.listenersMax) addresses")
        }
        var addresses: [ListenAddress] = []
        var proxied: Set<ListenAddress> = []
        for word in words {
            let isProxied = word.hasPrefix(proxyPrefix)
            let rest = isProxied ? String(word.dropFirst(proxyPrefix.count)) : word
            guard let address = ListenAddress(parsing: rest), !addresses.contains(address) else {
                throw value.error(
                    expected: "different addresses of the form http://HOST:PORT or unix:/path,"
                        + " or these with proxy+ before them")
            }
            addresses.append(address)
            if isProxied { proxied.insert(address) }
        }
        settings.listenAddresses = addresses
        settings.proxiedAddresses = proxied
    }

    /// Notes which listeners are for proxies.
    ///
    /// - Throws: `SettingsError` if nobody may connect to them.
    mutating func resolveProxiedListeners() throws(SettingsError) {
        for (place, address) in listeners.enumerated() where proxiedAddresses.contains(address) {
            edge.proxiedListeners.insert(ListenerID(place))
        }
        guard edge.proxiedListeners.isEmpty || !edge.trustedProxies.isEmpty else {
            throw SettingsError(
                key: "heliograph.trusted_proxies", value: "",
                expected: "the proxies that heliograph.listen has addresses for")
        }
    }

    private static let proxyPrefix = "proxy+"
}
