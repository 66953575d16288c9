// SPDX-License-Identifier: MIT

import Core

/// What happens to settings of Kinto that this server has no use for.
///
/// A file that ran a Kinto should run here. So what only concerns Kinto's insides (pools, caches,
/// metrics, Python's logging) is ignored and said once. What the operator relies on (a plugin, a
/// way to log in, a limit) must not be ignored: the server refuses to start and names it.
enum KintoCompatibility {
    /// What becomes of one setting.
    enum Verdict: Equatable {
        /// Nothing to say.
        case accepted
        /// It has no effect here; the operator is told once.
        case ignored
        /// Some of its words have no effect here; the operator is told once.
        case partlyIgnored([String])
        /// Nobody knows it, Kinto included; the operator is told once.
        case unknown
        /// The server must not start; the reason completes "name = value: …".
        case refused(String)
    }

    /// Keys that are judged even if only an environment variable sets them.
    static let judgedKeys =
        ["includes", "http_api_version"] + refusedSwitches.keys.sorted()
        + pythonNames.keys.sorted()

    /// Judges a setting that the table does not have.
    ///
    /// - Parameter key: The name without `kinto.` (`SettingKey.canonical`).
    /// - Complexity: O(number of rules).
    static func verdict(unlisted key: String, value: String) -> Verdict {
        if let verdict = valueVerdict(key, value) { return verdict }
        if let refused = refusedPrefixes.first(where: { key.hasPrefix($0.prefix) }) {
            return .refused("\(refused.meaning) are not built in")
        }
        if harmlessKeys.contains(key) || harmlessPrefixes.contains(where: key.hasPrefix) {
            return .ignored
        }
        return .unknown
    }

    /// Judges the value of a setting that the table has.
    ///
    /// - Complexity: O(number of rules).
    static func verdict(listed key: String, value: String) -> Verdict {
        valueVerdict(key, value) ?? .accepted
    }

    /// Judges a key of `[server:main]` other than the address.
    static func verdict(serverKey key: String) -> Verdict {
        ["listen", "sockets", "unix_socket", "fd"].contains(key)
            ? .refused("use host and port here, or heliograph.listen in [app:main]") : .ignored
    }

    // MARK: Rules

    /// Plugins whose work is done by the server itself.
    static let builtInPlugins: Set = [
        "kinto_changes", "kinto_remote_settings.changes", "kinto.plugins.default_bucket",
        "kinto.plugins.flush", "kinto.plugins.history", "kinto.plugins.accounts",
    ]
    /// Plugins that nothing of the API depends on: the console in a browser, and measuring.
    static let ignoredPlugins: Set = [
        "kinto.plugins.admin", "kinto.plugins.prometheus", "kinto.plugins.statsd",
    ]
    /// The ways to log in.
    static let builtInPolicies: Set = ["account", "basicauth"]

    /// Settings that must not be true, with what they would turn on.
    static let refusedSwitches = [
        "account_validation": "the validation of accounts by mail",
        "experimental_collection_schema_validation": "the validation of records by schemas",
        "flush_endpoint_enabled": "the flush endpoint",
    ]
    /// Beginnings of the names of settings that must not be there.
    static let refusedPrefixes = [
        (prefix: "quotas.", meaning: "quotas"), (prefix: "openid.", meaning: "OpenID policies"),
    ]

    /// Settings that name a piece of Python, with the values whose work is built in.
    static let pythonNames: [String: Set<String>] = [
        "multiauth.authorization_policy": [
            "kinto.authorization.AuthorizationPolicy",
            "kinto.core.authorization.AuthorizationPolicy",
        ],
        "multiauth.groupfinder": ["kinto.core.authorization.groupfinder"],
        "id_generator": ["kinto.core.storage.generators.UUID4"],
        "initialization_sequence": [],
        "event_listeners": [],
        "settings_prefix": ["kinto"],
    ]

    private static func valueVerdict(_ key: String, _ value: String) -> Verdict? {
        let words = value.settingWords
        switch key {
        case "includes":
            let known = builtInPlugins.union(ignoredPlugins)
            for word in words where !known.contains(word) {
                return .refused("the plugin \(word) is not built in")
            }
            let ignored = words.filter(ignoredPlugins.contains)
            return ignored.isEmpty ? .accepted : .partlyIgnored(ignored)
        case "http_api_version":
            return value.split(separator: ".").first == "1"
                ? .ignored : .refused("the API is that of version 1")
        case _ where key.hasPrefix("multiauth.policy.") && value.contains("openid"):
            return .refused("OpenID policies are not built in")
        case _:
            if let meaning = refusedSwitches[key] {
                return isTrue(value) ? .refused("\(meaning) is not built in") : .accepted
            }
            guard let known = pythonNames[key] else { return nil }
            for word in words where !known.contains(word) {
                return .refused("\(word) is Python code, which this server cannot run")
            }
            return .accepted
        }
    }

    /// Settings of Kinto's insides.
    static let harmlessKeys: Set = [
        "admin_assets_path", "disabled_metrics", "filter-with",
        "handle_exceptions", "heartbeat_timeout_seconds", "json_renderer", "storage_max_backlog",
        "storage_max_overflow", "storage_strict_json", "transaction_per_request", "use",
    ]

    /// Beginnings of the names of settings of Kinto's insides.
    static let harmlessPrefixes = [
        "account_", "attachment.", "cache_", "cornice", "event_listeners.", "logging_", "metrics_",
        "multiauth.policy.", "newrelic_", "permission_", "profiler_", "prometheus_",
        "pyramid.", "raven.", "sentry_", "signer.", "statsd_", "storage_pool_", "tm.",
    ]

    /// Whether Pyramid takes the text for true.
    private static func isTrue(_ value: String) -> Bool {
        ["t", "true", "y", "yes", "on", "1"].contains(value.lowercased())
    }
}

extension String {
    /// The words of a list setting, which white space separates.
    ///
    /// - Complexity: O(length).
    var settingWords: [String] {
        split { $0 == " " || $0 == "\n" || $0 == "\t" }.map(String.init)
    }
}
