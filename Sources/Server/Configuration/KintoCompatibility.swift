// SPDX-License-Identifier: MIT

import Core

/// What happens to settings of Kinto that this server has no use for.
///
/// A file that ran a Kinto should run here. So what only concerns Kinto's insides (pools, caches,
/// metrics, Python's logging) is ignored and said once. What the operator relies on (a plugin, a
/// way to log in, a closed endpoint) must not be ignored: the server refuses to start and names it.
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
    static let judgedKeys = [
        "includes", "multiauth.policies", "experimental_collection_schema_validation",
        "event_listeners", "initialization_sequence", "multiauth.authorization_policy",
        "multiauth.groupfinder", "multiauth.policy.basicauth.use", "id_generator", "readonly",
    ]

    /// Judges a setting that the table does not have.
    ///
    /// - Parameter key: The name without `kinto.` (`SettingKey.canonical`).
    /// - Complexity: O(number of rules).
    static func verdict(unlisted key: String, value: String) -> Verdict {
        if let verdict = valueVerdict(key, value) { return verdict }
        let words = key.split(separator: "_", omittingEmptySubsequences: false)
        if words.count == 3, ["create", "write", "read"].contains(words[1]),
            words[2] == "principals", objectTypes.contains(String(words[0]))
        {
            return value.isEmpty ? .ignored : .refused("this permission setting is not built in")
        }
        if key.hasSuffix("_enabled"), key.hasPrefix("plural_") || key.hasPrefix("object_") {
            return isTrue(value)
                ? .ignored : .refused("endpoints cannot be switched off one by one")
        }
        if key == "readonly" {
            return isTrue(value) ? .refused("this server cannot refuse all writes") : .ignored
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

    private static let objectTypes = ["bucket", "collection", "group", "record"]

    /// Plugins whose work is done by the server itself.
    private static let builtInPlugins: Set = [
        "kinto_changes", "kinto_remote_settings.changes", "kinto.plugins.default_bucket",
        "kinto.plugins.history",
    ]
    /// Plugins that only measure.
    private static let measuringPlugins: Set = ["kinto.plugins.prometheus", "kinto.plugins.statsd"]

    private static let basicAuthPolicy = "kinto.core.authentication.BasicAuthAuthenticationPolicy"

    /// Settings that name a piece of Python, with the values whose work is built in.
    private static let pythonNames: [String: Set<String>] = [
        "multiauth.authorization_policy": [
            "kinto.authorization.AuthorizationPolicy",
            "kinto.core.authorization.AuthorizationPolicy",
        ],
        "multiauth.groupfinder": ["kinto.core.authorization.groupfinder"],
        "multiauth.policy.basicauth.use": [basicAuthPolicy],
        "id_generator": ["kinto.core.storage.generators.UUID4"],
        "bucket_id_generator": ["kinto.views.NameGenerator"],
        "collection_id_generator": ["kinto.views.NameGenerator"],
        "group_id_generator": ["kinto.views.NameGenerator"],
        "record_id_generator": ["kinto.views.RelaxedUUID"],
        "initialization_sequence": [],
        "event_listeners": [],
        "settings_prefix": ["kinto"],
    ]

    private static func valueVerdict(_ key: String, _ value: String) -> Verdict? {
        let words = value.settingWords
        switch key {
        case "includes":
            for word in words where !builtInPlugins.contains(word) {
                if !measuringPlugins.contains(word) {
                    return .refused("the plugin \(word) is not built in")
                }
            }
            let measuring = words.filter(measuringPlugins.contains)
            return measuring.isEmpty ? .accepted : .partlyIgnored(measuring)
        case "multiauth.policies":
            for word in words where word != "basicauth" {
                return .refused("the policy \(word) is not built in, only basicauth")
            }
            return .accepted
        case "experimental_collection_schema_validation":
            return isTrue(value) ? .refused("schemas are not validated yet") : .accepted
        case "flush_endpoint_enabled":
            return isTrue(value) ? .refused("the flush endpoint is not built in") : .accepted
        default:
            guard let known = pythonNames[key] else { return nil }
            for word in words where !known.contains(word) {
                return .refused("\(word) is Python code, which this server cannot run")
            }
            return .accepted
        }
    }

    private static let harmlessKeys: Set = [
        "admin_assets_path", "disabled_metrics", "filter-with", "heartbeat_timeout_seconds",
        "http_api_version", "http_scheme", "json_renderer", "project_docs", "project_name",
        "project_version", "storage_max_backlog", "storage_max_overflow", "storage_strict_json",
        "transaction_per_request", "use", "version_json_path",
    ]

    private static let harmlessPrefixes = [
        "account_", "attachment.", "cache_", "event_listeners.", "logging_", "metrics_",
        "multiauth.policy.", "newrelic_", "openid.", "permission_", "profiler_", "prometheus_",
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
