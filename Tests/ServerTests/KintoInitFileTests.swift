// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI
@testable import Server

/// The settings of a file that `kinto init` writes, by its answers to the two questions it asks.
private struct KintoInitFile {
    /// The answer to the first: memory or postgresql.
    var backend = "memory"
    /// The answer to the second, as a backend and its address.
    var cache = (backend: "memory", url: "")
    /// The plugins that the file names.
    var plugins = ["kinto.plugins.default_bucket", "kinto.plugins.admin", "kinto.plugins.accounts"]
    /// The policy that the file names.
    var policy = "account"

    var text: String {
        let url =
            backend == "memory" ? "" : "postgresql://postgres:postgres@localhost/postgres"
        return """
            [server:main]
            use = egg:waitress#main
            host = 127.0.0.1
            port = %(http_port)s
            [app:main]
            use = egg:kinto
            kinto.includes = \(plugins.joined(separator: "\n                 "))
            #                kinto.plugins.history
            kinto.storage_backend = kinto.core.storage.\(backend)
            kinto.storage_url = \(url)
            kinto.cache_backend = kinto.core.cache.\(cache.backend)
            kinto.cache_url = \(cache.url)
            kinto.permission_backend = kinto.core.permission.\(backend)
            kinto.permission_url = \(url)
            kinto.userid_hmac_secret = 3746528eec1b40caacab3d35e84d7994d2e71757583394a2
            multiauth.policies = \(policy)
            kinto.default_bucket_hmac_secret = 30c9bfd2777fa0d50b605ca59c98fe77842494663
            multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy
            kinto.account_create_principals = system.Everyone
            kinto.account_write_principals = account:admin
            kinto.bucket_create_principals = account:admin
            [loggers]
            keys = root, kinto
            [handlers]
            keys = console
            [formatters]
            keys = color, json
            [logger_root]
            level = INFO
            handlers = console
            [logger_kinto]
            level = DEBUG
            handlers = console
            qualname = kinto
            propagate = 0
            [handler_console]
            class = kinto.core.StreamHandlerWithRequestID
            args = (sys.stderr,)
            level = NOTSET
            formatter = color
            [formatter_color]
            class = logging_color_formatter.ColorFormatter
            [formatter_json]
            class = kinto.core.JsonLogFormatter

            """
    }

    /// What the server makes of the file.
    func settings() throws(ConfigurationError) -> (
        effective: EffectiveSettings, server: ServerSettings
    ) {
        let file = try IniFile(parsing: Array(text.utf8), path: "kinto.ini")
        let effective = try EffectiveSettings(
            table: .complete, file: file, variables: ["here": "/etc", "http_port": "8888"],
            environment: [:])
        return (effective, try ServerSettings(effective))
    }

    /// The one line with which the file is refused.
    var refusal: String {
        do { return "accepted: \(try settings())" } catch { return "\(error)" }
    }
}

@Suite("A file that kinto init wrote")
struct KintoInitFileTests {
    /// What of the file's plugins is built in.
    private let plugins = KintoInitFile().plugins.filter {
        KintoCompatibility.builtInPlugins.union(KintoCompatibility.ignoredPlugins).contains($0)
    }

    @Test(
        "is taken with any cache, and what has no effect is told once",
        arguments: [
            ("memory", ""), ("redis", "redis://127.0.0.1/0"),
            ("memcached", "127.0.0.1:11211 127.0.0.2:11211"),
            ("postgresql", "postgresql://postgres:postgres@localhost/postgres"),
        ])
    func caches(backend: String, url: String) throws {
        var file = KintoInitFile(cache: (backend, url), plugins: plugins)
        if !KintoCompatibility.builtInPolicies.contains(file.policy) { file.policy = "basicauth" }
        let (effective, server) = try file.settings()
        #expect(server.storage == .memory)
        #expect(server.listeners == [.tcp(host: "127.0.0.1", port: 8888)])
        let notices = effective.notices.joined(separator: "\n")
        for name in ["kinto.plugins.admin in kinto.includes", "kinto.cache_backend"] {
            #expect(notices.firstRange(of: name) != nil)
        }
        #expect(!notices.contains("settings that nothing knows"))
        let api = try KintoSettings(effective.values(differingFrom: .complete))
        #expect(api.principals["bucket_create_principals"] == ["account:admin"])
    }

    @Test("is refused by the name of each plugin and policy that is not built in")
    func refused() throws {
        let missing = KintoInitFile().plugins.filter { !plugins.contains($0) }
        for plugin in missing {
            #expect(
                KintoInitFile(plugins: [plugin]).refusal.contains(
                    "the plugin \(plugin) is not built in"))
        }
        let (effective, _) = try KintoInitFile(plugins: plugins, policy: "google").settings()
        let error = #expect(throws: SettingsError.self) {
            try KintoSettings(effective.values(differingFrom: .complete))
        }
        #expect(error?.key == "multiauth.policies" && error?.value == "google")
    }

    @Test("is refused with PostgreSQL, which is not built in yet")
    func postgresql() {
        let file = KintoInitFile(backend: "postgresql", plugins: plugins, policy: "basicauth")
        #expect(file.refusal.contains("PostgreSQL is not built in yet"))
        #expect(!file.refusal.contains("postgres:postgres"))
    }
}
