// SPDX-License-Identifier: MIT

import Core
import Reactor
import Testing

@testable import Server

/// Merges an ini's `[app:main]` text with an environment and flags, on the program's own table.
func merge(
    _ application: String? = "", server: String = "", environment: [String: String] = [:],
    flags: [SettingFlag] = []
) throws(ConfigurationError) -> EffectiveSettings {
    var file: IniFile?
    if let application {
        let text = "[app:main]\n\(application)\n[server:main]\n\(server)\n"
        file = try IniFile(parsing: Array(text.utf8), path: "kinto.ini")
    }
    return try EffectiveSettings(
        table: .complete, file: file, variables: ["here": "/etc", "http_port": "8888"],
        environment: environment, flags: flags)
}

/// The one line with which a configuration is refused.
func refusal(_ body: () throws(ConfigurationError) -> some Any) -> String {
    do {
        return "accepted: \(try body())"
    } catch { return "\(error)" }
}

@Suite("Settings")
struct EffectiveSettingsTests {
    private func shown(_ settings: EffectiveSettings, _ name: String) -> String? {
        settings[name].map { "\($0.value) (\($0.origin))" }
    }

    @Test("count in the order flag, environment, file, default")
    func precedence() throws {
        let flag = SettingFlag(flag: "--loops", setting: "heliograph.loops", value: "4")
        let environment = ["HELIOGRAPH_LOOPS": "3"]
        let file = "heliograph.loops = 2"
        #expect(
            shown(try merge(file, environment: environment, flags: [flag]), "heliograph.loops")
                == "4 (flag --loops)")
        #expect(
            shown(try merge(file, environment: environment), "heliograph.loops")
                == "3 (environment HELIOGRAPH_LOOPS)")
        #expect(shown(try merge(file), "heliograph.loops") == "2 (file kinto.ini:2)")
        #expect(shown(try merge(), "heliograph.loops") == "auto (default)")
    }

    @Test(
        "are named in the environment as in Kinto",
        arguments: [
            ("kinto.changes.resources", ["KINTO_CHANGES_RESOURCES"]),
            ("kinto.storage_url", ["KINTO_STORAGE_URL"]),
            ("multiauth.policies", ["KINTO_MULTIAUTH_POLICIES", "MULTIAUTH_POLICIES"]),
            ("heliograph.streams.heartbeat_seconds", ["HELIOGRAPH_STREAMS_HEARTBEAT_SECONDS"]),
            ("kinto.a-b.c_d", ["KINTO_A_B_C_D"]),
        ])
    func environmentNames(name: String, expected: [String]) {
        #expect(SettingKey.environmentNames(SettingKey.canonical(name)) == expected)
    }

    @Test("of the environment without the prefix count only where the setting has none")
    func environmentPrefix() throws {
        let settings = try merge(environment: [
            "READONLY": "true", "MULTIAUTH_POLICIES": "basicauth",
        ])
        #expect(shown(settings, "kinto.readonly") == "false (default)")
        #expect(
            shown(settings, "multiauth.policies") == "basicauth (environment MULTIAUTH_POLICIES)")
    }

    @Test("count with and without the prefix kinto., and must not contradict each other")
    func prefix() throws {
        #expect(shown(try merge("readonly = true"), "kinto.readonly") == "true (file kinto.ini:2)")
        #expect(
            shown(try merge("kinto.multiauth.policies = basicauth"), "multiauth.policies")
                == "basicauth (file kinto.ini:2)")
        let same = try merge("readonly = true\nkinto.readonly = true")
        #expect(shown(same, "kinto.readonly") == "true (file kinto.ini:2)")
        #expect(
            refusal { () throws(ConfigurationError) in
                try merge("readonly = true\nkinto.readonly = false")
            }
                == "file kinto.ini:3: kinto.readonly: another value is set at file kinto.ini:2; "
                + "keep one of them")
    }

    @Test(
        "stand for what their JSON says, as in Kinto",
        arguments: [
            ("\"Client is too old\"", "Client is too old"), ("null", ""), ("10", "10"),
            ("true", "true"), ("[\"a\", 1, false]", "a\n1\nfalse"), ("[[1]]", "[[1]]"),
            ("\"open", "\"open"), ("", ""), ("{\"a\":1}", "{\"a\":1}"),
        ])
    func nativeValues(written: String, plain: String) throws {
        #expect(try merge("kinto.eos_message = \(written)")["kinto.eos_message"]?.value == plain)
    }

    @Test("that match a pattern are kept under their own names")
    func patterns() throws {
        let settings = try merge(
            "kinto.blocklists.a.record_cache_expires_seconds = 7\n"
                + "collection_write_principals = system.Authenticated",
            environment: ["KINTO_BLOCKLISTS_A_RECORD_CACHE_EXPIRES_SECONDS": "8"])
        #expect(
            shown(settings, "kinto.blocklists.a.record_cache_expires_seconds")
                == "8 (environment KINTO_BLOCKLISTS_A_RECORD_CACHE_EXPIRES_SECONDS)")
        #expect(
            shown(settings, "kinto.collection_write_principals")
                == "system.Authenticated (file kinto.ini:3)")
    }

    @Test("of other defaults hold without a file only")
    func withoutFile() throws {
        let trial = try merge(nil)
        #expect(shown(trial, "kinto.changes.resources") == "* (default)")
        #expect(shown(trial, "multiauth.policies") == "basicauth (default)")
        #expect(
            trial.values(differingFrom: .complete) == [
                "kinto.changes.resources": "*", "multiauth.policies": "basicauth",
            ])
        #expect(shown(try merge(""), "kinto.changes.resources") == " (default)")
        #expect(try merge("").values(differingFrom: .complete).isEmpty)
    }

    @Test(
        "of ours that do not exist are refused with the nearest name",
        arguments: [
            (
                "heliograph.lops",
                "file kinto.ini:2: heliograph.lops: no such setting; did you mean heliograph.loops?"
            ),
            (
                "kinto.heliograph.loop",
                "file kinto.ini:2: heliograph.loop: no such setting; did you mean heliograph.loops?"
            ),
            (
                "heliograph.something_else",
                "file kinto.ini:2: heliograph.something_else: no such setting"
            ),
            (
                "kinto.redonly",
                "file kinto.ini:2: kinto.redonly: no such setting; did you mean kinto.readonly?"
            ),
        ])
    func unknown(key: String, message: String) {
        #expect(refusal { () throws(ConfigurationError) in try merge("\(key) = 1") } == message)
    }

    @Test("of Kinto's insides and of nobody are told once and ignored")
    func ignored() throws {
        let settings = try merge(
            """
            use = egg:kinto
            kinto.cache_backend = kinto.core.cache.redis
            kinto.permission_url = postgresql://u:p@h/d
            statsd_url = udp://x
            kinto.flight_level = 7
            kinto.includes = kinto.plugins.statsd kinto.plugins.admin
            multiauth.policy.portier.realm = R
            kinto.bucket_id_generator = kinto.views.NameGenerator
            kinto.http_api_version = 1.23
            """,
            server: "use = egg:waitress#main\nhost = 0.0.0.0\nport = %(http_port)s\nthreads = 4")
        #expect(
            settings.notices == [
                "settings without effect here: server:main threads, "
                    + "kinto.plugins.statsd in kinto.includes, "
                    + "kinto.plugins.admin in kinto.includes, "
                    + "kinto.cache_backend, kinto.permission_url, statsd_url, "
                    + "multiauth.policy.portier.realm, kinto.http_api_version",
                "settings that nothing knows: kinto.flight_level",
            ])
        #expect(shown(settings, "host") == "0.0.0.0 (file kinto.ini:13)")
        #expect(shown(settings, "port") == "8888 (file kinto.ini:14)")
    }

    @Test("have notices about unread sections and nearly right variables, not about others")
    func notices() throws {
        let text = "[app:main]\n[loggers]\nkeys = root\n[logger_root]\nlevel = %(x)s\n"
        let settings = try EffectiveSettings(
            table: .complete, file: try IniFile(parsing: Array(text.utf8), path: "k"),
            environment: [
                "HELIOGRAPH_LOOP": "2", "HELIOGRAPH_SERVICE_HOST": "10.0.0.1",
                "HELIOGRAPH_PORT_8888_TCP": "tcp://10.0.0.1:8888",
            ])
        #expect(
            settings.notices == [
                "sections not used: loggers, logger_root",
                "environment HELIOGRAPH_LOOP is not read; did you mean HELIOGRAPH_LOOPS?",
            ])
    }

    @Test(
        "that change safety or behaviour are refused by name",
        arguments: [
            (
                "kinto.includes = kinto_changes\n  kinto.plugins.quotas",
                "the plugin kinto.plugins.quotas is not built in"
            ),
            ("includes = kinto.plugins.openid", "the plugin kinto.plugins.openid is not built in"),
            ("kinto.quotas.bucket_max_items = 3", "quotas are not built in"),
            ("kinto.openid.x = 3", "OpenID policies are not built in"),
            (
                "multiauth.policy.google.use = kinto.plugins.openid.OpenIDConnectPolicy",
                "OpenID policies are not built in"
            ),
            ("kinto.http_api_version = 2.0", "the API is that of version 1"),
            (
                "kinto.includes = kinto.plugins.quotas",
                "the plugin kinto.plugins.quotas is not built in"
            ),
            ("kinto.includes = kinto.plugins.quotas", "kinto.plugins.quotas is not built in"),
            ("kinto.includes = kinto.plugins.openid", "kinto.plugins.openid is not built in"),
            ("kinto.account_validation = true", "validation of accounts by mail is not built in"),
            (
                "kinto.experimental_collection_schema_validation = true",
                "the validation of records by schemas is not built in"
            ),
            ("kinto.event_listeners = redis", "redis is Python code, which this server cannot run"),
            ("kinto.id_generator = my.Ids", "my.Ids is Python code"),
            ("multiauth.groupfinder = my.finder", "my.finder is Python code"),
            ("use = config:other.ini", "settings cannot be taken from elsewhere"),
        ])
    func refused(line: String, reason: String) {
        let message = refusal { () throws(ConfigurationError) in try merge(line) }
        #expect(message.hasPrefix("file kinto.ini:2: "))
        #expect(message.contains(reason))
    }

    @Test("that change behaviour are refused from the environment, too")
    func refusedEnvironment() {
        for (name, value) in [
            ("KINTO_EVENT_LISTENERS", "redis"), ("KINTO_INCLUDES", "kinto.plugins.openid"),
            ("KINTO_INITIALIZATION_SEQUENCE", "my.step"),
        ] {
            let message = refusal { () throws(ConfigurationError) in
                try merge(environment: [name: value])
            }
            #expect(message.hasPrefix("environment \(name): "))
        }
    }

    @Test("of other servers' addresses are refused rather than listened past")
    func serverListen() {
        let message = refusal { () throws(ConfigurationError) in
            try merge(server: "listen = 0.0.0.0:8888")
        }
        #expect(message.contains("use host and port here, or heliograph.listen in [app:main]"))
    }

    @Test("need the section [app:main] if there is a file")
    func missingSection() {
        #expect(
            refusal { () throws(ConfigurationError) in
                try EffectiveSettings(
                    table: .complete,
                    file: try IniFile(parsing: Array("[loggers]".utf8), path: "k.ini"),
                    environment: [:])
            } == "k.ini: no section [app:main]")
    }

    @Test("are printed one a line with their origin, secrets masked")
    func report() throws {
        let report = try merge(
            "kinto.userid_hmac_secret = hush\nkinto.includes = kinto_changes\n kinto_changes"
        ).report
        let lines = report.split(separator: "\n")
        #expect(lines.first == "host = 127.0.0.1  (default)")
        #expect(lines.contains("kinto.userid_hmac_secret = ********  (file kinto.ini:2)"))
        #expect(lines.contains("kinto.includes = kinto_changes kinto_changes  (file kinto.ini:3)"))
        #expect(lines.contains("kinto.backoff =  (default)"))
        #expect(!report.contains("hush"))
        #expect(lines.count == SettingsTable.complete.rows.filter { !$0.isPattern }.count)
    }

    @Test(
        "hide passwords wherever they stand",
        arguments: [
            ("a", "postgresql://user:p@ss:w/rd@host/db", "postgresql://user:********@host/db"),
            ("a", "postgresql://user@host/db", "postgresql://user@host/db"),
            ("a", "http://h:1/?x=1&Password=p&y", "http://h:1/?x=1&Password=********&y"),
            ("a", "sqlite:///x.db", "sqlite:///x.db"),
            ("a", "x redis://:p@h\nudp://h:1", "x redis://:********@h\nudp://h:1"),
            ("kinto.sentry_dsn", "https://key@host/1", "********"),
            ("kinto.x_Secret", "s", "********"), ("kinto.x_secret", "", ""),
            ("some.token", "s", "********"), ("db_password", "s", "********"),
        ])
    func masks(name: String, value: String, shown: String) {
        #expect(SecretMask.masked(value, of: name) == shown)
    }

    @Test("are not told in refusals if they are secrets")
    func refusalMasks() {
        let message = refusal { () throws(ConfigurationError) in
            try ServerSettings(
                try merge("kinto.storage_backend = sqlite\nkinto.storage_url = mysql://u:hush@h"))
        }
        #expect(message.hasPrefix("file kinto.ini:3: kinto.storage_url = mysql://u:********@h"))
        #expect(!message.contains("hush"))
    }

    @Test("are refused in one line, whatever they hold")
    func oneLine() {
        let message = refusal { () throws(ConfigurationError) in
            try merge("kinto.includes = a\n  b\u{9b}31m\u{202e}")
        }
        #expect(!message.unicodeScalars.contains { $0.isUnprintable })
    }

    @Test("are documented by a page that is made of them")
    func page() throws {
        let path = #filePath.replacing(
            "Tests/ServerTests/SettingsTests.swift",
            with: "Sources/Server/Server.docc/Settings.md")
        let committed = try ConfigurationFile.read(path)
        let page = SettingsTable.complete.page
        #expect(
            Array(page.utf8) == committed,
            "write it anew: heliograph help settings > Sources/Server/Server.docc/Settings.md")
        for row in SettingsTable.complete.rows { #expect(page.contains("| `\(row.name)` |")) }
    }

    @Test("make a template that changes nothing, and everything once uncommented")
    func template() throws {
        let template = SettingsTable.complete.template
        let file = try IniFile(parsing: Array(template.utf8), path: "new.ini")
        #expect(file.sections.map(\.name) == ["server:main", "app:main"])
        #expect(file.sections.allSatisfy { $0.entries.isEmpty })
        let effective = try EffectiveSettings(table: .complete, file: file, environment: [:])
        #expect(effective.settings.allSatisfy { $0.origin == .builtIn })
        #expect(effective.notices.isEmpty)

        let settings = template.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("# ") && $0.contains(" =") && !$0.contains("<") && !$0.contains("(")
                ? $0.dropFirst(2) : $0
        }.joined(separator: "\n")
        let open = try IniFile(parsing: Array(settings.utf8), path: "new.ini")
        let uncommented = try EffectiveSettings(table: .complete, file: open, environment: [:])
        #expect(uncommented.settings.map(\.value) == effective.settings.map(\.value))
        #expect(!uncommented.settings.contains { $0.origin == .builtIn })
        #expect(try ServerSettings(uncommented) == ServerSettings(effective))
        let comments = template.split(separator: "\n").filter {
            $0.hasPrefix("# ") && !$0.contains(" =")
        }
        #expect(comments.allSatisfy { $0.count <= Limits.templateColumnsMax })
    }
}

@Suite("The server's settings")
struct ServerSettingsTests {
    private func server(
        _ application: String? = "", server: String = "", environment: [String: String] = [:],
        flags: [SettingFlag] = []
    ) throws(ConfigurationError) -> ServerSettings {
        try ServerSettings(
            try merge(application, server: server, environment: environment, flags: flags))
    }

    @Test("are useful at once")
    func defaults() throws {
        let settings = try server(nil)
        #expect(settings.listeners == [.tcp(host: "127.0.0.1", port: 8888)])
        #expect(settings.storage == .sqlite(path: "heliograph.db"))
        #expect(settings.loops == nil)
        #expect(settings.connectionsMax == nil)
        #expect(settings.heartbeatSeconds == Limits.heartbeatSecondsDefault)
        #expect(settings.retryMilliseconds == Limits.retryMilliseconds)
        #expect(settings.drainSeconds == Limits.drainSecondsMax)
        #expect(settings.logLevel == .info)
    }

    @Test(
        "take numbers within their bounds, and none beyond",
        arguments: [
            ("heliograph.loops", 1, Limits.loopsMax),
            ("heliograph.max_connections", 1, Limits.connectionsMax),
            ("heliograph.streams.heartbeat_seconds", 1, Limits.heartbeatSecondsMax),
            ("heliograph.drain_seconds", 0, Limits.drainSecondsSettingMax),
            ("heliograph.drain_notice_seconds", 0, Limits.drainSecondsSettingMax),
            ("heliograph.streams.max_age_seconds", 0, Limits.streamAgeSecondsMax),
            ("heliograph.streams.pace_seconds", 0, Limits.paceSecondsMax),
            ("heliograph.streams.retry_milliseconds_max", 1_000, Limits.retryMillisecondsMax),
            (
                "heliograph.streams.retry_milliseconds_min", 1,
                Limits.retryMilliseconds.upperBound
            ),
        ])
    func bounds(name: String, least: Int, most: Int) throws {
        for value in [least, most] { _ = try server("\(name) = \(value)") }
        for value in ["\(least - 1)", "\(most + 1)", "", "+1", "1.5", "x", "9999999999999"] {
            #expect(throws: ConfigurationError.self) { try server("\(name) = \(value)") }
        }
    }

    @Test("say what a bad value should be")
    func message() {
        #expect(
            refusal { () throws(ConfigurationError) in
                try server(environment: ["HELIOGRAPH_DRAIN_SECONDS": "soon"])
            }
                == "environment HELIOGRAPH_DRAIN_SECONDS: heliograph.drain_seconds = soon: "
                + "expected a whole number, 0 to 3600")
    }

    @Test("take each log level in any case, and no other word")
    func logLevel() throws {
        for level in LogLevel.allCases {
            #expect(try server("heliograph.log_level = \(level.rawValue)").logLevel == level)
        }
        #expect(try server(environment: ["HELIOGRAPH_LOG_LEVEL": "DEBUG"]).logLevel == .debug)
        #expect(throws: ConfigurationError.self) { try server("heliograph.log_level = loud") }
    }

    @Test("listen on the list before host and port, unless an option says otherwise")
    func listeners() throws {
        let list = "heliograph.listen = http://[::1]:80 unix:/run/h.sock"
        #expect(
            try server(list, server: "port = 1").listeners == [
                .tcp(host: "::1", port: 80), .unix(path: "/run/h.sock"),
            ])
        let flag = SettingFlag(flag: "--port", setting: "port", value: "0")
        #expect(try server(list, flags: [flag]).listeners == [.tcp(host: "127.0.0.1", port: 0)])
        #expect(throws: ConfigurationError.self) { try server("heliograph.listen = 80") }
        #expect(throws: ConfigurationError.self) {
            try server("heliograph.listen = http://a:1 http://a:1")
        }
        #expect(throws: ConfigurationError.self) { try server(server: "port = 65536") }
        #expect(throws: ConfigurationError.self) { try server(server: "host = a b") }
    }

    @Test("listen on as many addresses as the limit, and not on one more")
    func listenersMax() throws {
        func list(_ count: Int) -> String {
            "heliograph.listen = " + (1...count).map { "http://a:\($0)" }.joined(separator: " ")
        }
        #expect(try server(list(Limits.listenersMax)).listeners.count == Limits.listenersMax)
        #expect(throws: ConfigurationError.self) { try server(list(Limits.listenersMax + 1)) }
    }

    @Test(
        "read addresses of two forms and write them back",
        arguments: [
            "http://127.0.0.1:8888", "http://localhost:0", "http://[::1]:65535", "unix:/a",
        ])
    func addresses(text: String) {
        func spelled(_ address: ListenAddress) -> String {
            switch address {
            case .tcp: "http://\(address)"
            case .unix: "\(address)"
            }
        }
        #expect(ListenAddress(parsing: text).map { spelled($0) } == text)
    }

    @Test(
        "refuse what is no address",
        arguments: [
            "", "localhost:80", "http://localhost", "http://:80", "http://::1:80", "http://[a]:80",
            "http://a:-1", "http://a:65536", "http://a:080080", "https://a:1", "unix:", "unix:/",
            "unix:a", "http://a b:1", "http://a:1/x",
        ])
    func notAddresses(text: String) {
        #expect(ListenAddress(parsing: text) == nil)
    }

    @Test("take names as long as the system does, and no longer")
    func lengths() {
        let path = "/" + String(repeating: "x", count: Limits.unixSocketPathBytesMax - 1)
        #expect(ListenAddress(parsing: "unix:" + path) == .unix(path: path))
        #expect(ListenAddress(parsing: "unix:" + path + "x") == nil)
        let host = String(repeating: "x", count: Limits.hostNameBytesMax)
        #expect(ListenAddress.isHost(host))
        #expect(!ListenAddress.isHost(host + "x"))
    }

    @Test("read storage URLs as SQLAlchemy does: three slashes relative, four absolute")
    func storage() throws {
        #expect(try StorageLocation(parsing: "memory") == .memory)
        #expect(try StorageLocation(parsing: "kinto.core.storage.memory") == .memory)
        #expect(try StorageLocation(parsing: "sqlite:///a/b.db") == .sqlite(path: "a/b.db"))
        #expect(try StorageLocation(parsing: "sqlite:////a/b.db") == .sqlite(path: "/a/b.db"))
        #expect(try StorageLocation(parsing: "sqlite:///a%20b") == .sqlite(path: "a%20b"))
        for text in [
            "sqlite:", "sqlite://", "sqlite:///", "sqlite:////", "sqlite://host/a", "sqlite:a.db",
            "sqlite:///:memory:", "sqlite:///a?mode=ro",
        ] {
            #expect(throws: StorageLocation.SyntaxError.malformedPath) {
                try StorageLocation(parsing: text)
            }
        }
        for text in ["postgresql://u:p@h/d", "postgres://h", "postgresql+psycopg2://h"] {
            #expect(throws: StorageLocation.SyntaxError.notBuiltIn("PostgreSQL")) {
                try StorageLocation(parsing: text)
            }
        }
        for text in ["", "redis://h", "a.db", "sqlite", "memory\u{0}"] {
            #expect(throws: StorageLocation.SyntaxError.unknown) {
                try StorageLocation(parsing: text)
            }
        }
    }

    @Test("keep the data where backend and URL say together")
    func storageSettings() throws {
        #expect(
            try server("kinto.storage_backend = kinto.core.storage.memory\nstorage_url = x").storage
                == .memory)
        #expect(
            try server("kinto.storage_url = sqlite:///%(here)s/k.db").storage
                == .sqlite(path: "/etc/k.db"))
        for line in [
            "kinto.storage_backend = kinto.core.storage.postgresql",
            "kinto.storage_url = postgresql://h/d",
        ] {
            let message = refusal { () throws(ConfigurationError) in try server(line) }
            #expect(message.contains("PostgreSQL is not built in yet"))
        }
        let message = refusal { () throws(ConfigurationError) in
            try server("kinto.storage_backend = kinto.core.storage.redis")
        }
        #expect(message.hasSuffix("= kinto.core.storage.redis: expected memory or sqlite"))
    }

    @Test("find the nearest name only within a few mistakes")
    func suggestions() {
        #expect(Suggestion.distance("kitten", "sitting") == 3)
        #expect(Suggestion.distance("", "abc") == 3)
        let names = ["abcdefgh", "abcdefxx"]
        let most = Limits.suggestionMistakesMax
        #expect(Suggestion.nearest(to: "abcdefg", among: names) == "abcdefgh")
        #expect(
            Suggestion.nearest(to: "abcdefgh" + String(repeating: "z", count: most), among: names)
                == "abcdefgh")
        #expect(
            Suggestion.nearest(
                to: "abcdefgh" + String(repeating: "z", count: most + 1), among: names) == nil)
    }
}
