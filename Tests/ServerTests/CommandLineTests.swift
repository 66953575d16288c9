// SPDX-License-Identifier: MIT

import Core
import Glibc
import Synchronization
import Testing

@testable import Server

@Suite("A command line")
struct CommandLineTests {
    private func parse(_ words: String...) throws(UsageError) -> Command {
        try CommandLineArguments.parse(words)
    }

    private func refusal(_ words: [String]) -> String {
        do {
            return "accepted: \(try CommandLineArguments.parse(words))"
        } catch { return "\(error)" }
    }

    @Test("takes a value after a space or an equals sign")
    func values() throws {
        var options = ConfigurationOptions()
        options.iniPath = "a=b.ini"
        options.host = "::1"
        options.port = 0
        options.storage = .sqlite(path: "/x.db")
        options.loops = 2
        #expect(
            try parse(
                "serve", "--ini", "a=b.ini", "--host", "::1", "--port", "0", "--storage",
                "sqlite:////x.db", "--loops", "2") == .serve(options))
        #expect(
            try parse(
                "serve", "--ini=a=b.ini", "--host=::1", "--port=0", "--storage=sqlite:////x.db",
                "--loops=2") == .serve(options))
        #expect(try parse("serve") == .serve(ConfigurationOptions()))
    }

    @Test("names each command")
    func commands() throws {
        var options = ConfigurationOptions()
        options.iniPath = "k.ini"
        #expect(try parse("check", "--ini", "k.ini") == .check(options))
        #expect(try parse("migrate", "--ini=k.ini") == .migrate(options))
        #expect(try parse("init") == .initialize(path: nil))
        #expect(try parse("init", "k.ini") == .initialize(path: "k.ini"))
        #expect(try parse("init", "--", "--odd") == .initialize(path: "--odd"))
        #expect(try parse("version") == .version)
        #expect(try parse("--version") == .version)
    }

    @Test("of watch carries a cursor and resources")
    func watch() throws {
        #expect(try parse("watch", "http://h:1") == .watch(WatchOptions(url: "http://h:1")))
        #expect(
            try parse(
                "watch", "--since", "\"12\"", "https://h/v1", "--resource=/buckets/a", "--resource",
                "/buckets/b/collections/c", "--json")
                == .watch(
                    WatchOptions(
                        url: "https://h/v1", since: .timestamp(Timestamp(milliseconds: 12)),
                        resources: [
                            .bucket("a"), .collection(CollectionPath(bucket: "b", collection: "c")),
                        ], printsJSON: true)))
    }

    @Test("of watch names as many resources as one subscription may, and no more")
    func watchLimit() throws {
        func words(_ count: Int) -> [String] {
            ["watch", "http://h"] + (0..<count).map { "--resource=/buckets/b\($0)" }
        }
        _ = try CommandLineArguments.parse(words(Limits.subscriptionResourcesMax))
        #expect(throws: UsageError.self) {
            try CommandLineArguments.parse(words(Limits.subscriptionResourcesMax + 1))
        }
    }

    @Test("asks for help in any of the usual ways")
    func help() throws {
        #expect(try CommandLineArguments.parse(["help", "settings"]) == .helpWithSettings)
        for words in [["--help"], ["-h"], ["help"]] {
            #expect(try CommandLineArguments.parse(words) == .help(nil))
        }
        for command in CommandName.allCases {
            for words in [
                [command.rawValue, "--help"], [command.rawValue, "-h"], ["help", command.rawValue],
                [command.rawValue, "--nonsense", "--help"],
            ] {
                #expect(try CommandLineArguments.parse(words) == .help(command))
            }
        }
    }

    @Test(
        "without a meaning is refused with a hint",
        arguments: [
            ([], "no command"), (["serv"], "no command serv; did you mean serve?"),
            (["publish"], "no command publish"),
            (["serve", "--prot", "1"], "serve has no option --prot; did you mean --port?"),
            (["check", "--port", "1"], "check has no option --port"),
            (["serve", "-p", "1"], "serve has no option -p"),
            (["serve", "--port"], "--port needs a value"),
            (["serve", "--port", "--loops", "1"], "--port needs a value"),
            (["serve", "--port=1", "--port=2"], "--port is given twice"),
            (["serve", "--port="], "--port : expected a port, 0 to 65535"),
            (["serve", "--port", "65536"], "--port 65536: expected a port, 0 to 65535"),
            (["serve", "--port", "-1"], "--port -1: expected a port, 0 to 65535"),
            (["serve", "--loops", "0"], "--loops 0: expected a number, 1 to 1024"),
            (["serve", "--loops", "1025"], "--loops 1025: expected a number, 1 to 1024"),
            (
                ["serve", "--host", "a b"],
                "--host a b: expected a host name or an address without brackets"
            ),
            (["serve", "--ini="], "--ini : expected the path of a file"),
            (["serve", "now"], "serve does not take now"),
            (["init", "a", "b"], "init does not take b"),
            (
                ["serve", "--storage", "postgresql://u:hush@h/d"],
                "--storage postgresql://u:********@h/d: expected memory or sqlite: "
                    + "PostgreSQL is not built in yet"
            ),
            (["watch"], "watch needs URL"),
            (["watch", "h:1"], "URL h:1: expected http://… or https://…"),
            (["watch", "http:///x"], "URL http:///x: expected http://… or https://…"),
            (["watch", "http://h", "--json=1"], "--json takes no value"),
            (["import"], "import needs URL"),
            (["import", "h"], "URL h: expected http://HOST:PORT/v1 or https://HOST/v1"),
            (
                ["import", "http://h", "--auth", "secret"],
                "--auth ********: expected USER:PASSWORD"
            ),
            (
                ["watch", "http://h", "--resource", "b"],
                "--resource b: expected /buckets/B or /buckets/B/collections/C"
            ),
            (
                ["watch", "http://h", "--since", "x"],
                "--since x: expected an id of a stream, or the ETag of a poll"
            ),
        ])
    func refusals(words: [String], message: String) {
        #expect(refusal(words) == message)
    }
}

@Suite("The program")
struct HeliographCommandTests {
    /// What a run wrote, and which of the commands passed in it called.
    private final class Run: Sendable {
        struct Record {
            var output = ""
            var errors = ""
            var calls: [String] = []
            var configuration: Configuration?
        }
        private let record = Mutex(Record())
        let status: Server.ExitStatus

        var output: String { record.withLock { $0.output } }
        var errors: String { record.withLock { $0.errors } }
        var calls: [String] { record.withLock { $0.calls } }
        var configuration: Configuration? { record.withLock { $0.configuration } }

        init(_ words: [String], environment: [String: String] = [:]) {
            let box = SharedRecord()
            let command = HeliographCommand(
                bodies: HeliographCommand.Bodies(
                    serve: { configuration in
                        box.record.withLock {
                            $0.calls.append("serve")
                            $0.configuration = configuration
                        }
                        return .unavailable
                    },
                    migrate: { _ in
                        box.record.withLock { $0.calls.append("migrate") }
                        return .success
                    },
                    watch: { options in
                        box.record.withLock { $0.calls.append("watch \(options.url)") }
                        return .failure
                    },
                    importing: { options, target in
                        let login = options.login ?? "nobody"
                        let call = "import \(options.url.authority) \(login)"
                        box.record.withLock {
                            $0.calls.append(call)
                            $0.configuration = target
                        }
                        return .success
                    },
                    createUser: { name, password, _ in
                        let call = "create-user \(name ?? "?") \(password ?? "?")"
                        box.record.withLock { $0.calls.append(call) }
                        return .success
                    }),
                environment: environment,
                output: { text in box.record.withLock { $0.output += text } },
                errorOutput: { text in box.record.withLock { $0.errors += text } })
            status = command.run(words)
            let result = box.record.withLock { $0 }
            record.withLock { $0 = result }
        }

        private final class SharedRecord: Sendable {
            let record = Mutex(Record())
        }
    }

    /// A path in a directory that ends with the test.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/heliograph-test-XXXXXX".utf8CString)
        let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            unlink(directory + "/k.ini")
            rmdir(directory)
        }
        try body(directory)
    }

    @Test("prints its version")
    func version() {
        let run = Run(["version"])
        #expect(run.output == "heliograph \(HeliographVersion.text)\n")
        #expect(run.status == .success && run.errors.isEmpty)
    }

    @Test("explains each command with all its options")
    func help() {
        #expect(Run(["help", "settings"]).output == SettingsTable.complete.page)
        let program = Run(["--help"]).output
        for command in CommandName.allCases {
            #expect(program.contains("  " + command.rawValue))
            let text = Run([command.rawValue, "--help"]).output
            #expect(text.contains("Usage: heliograph \(command.rawValue)"))
            for option in command.options { #expect(text.contains("\n  \(option.rawValue)")) }
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
        }
    }

    @Test("exits with 64 and a hint when it is misused")
    func usage() {
        let run = Run(["serve", "--port", "x"])
        #expect(run.status == .usage && run.status.rawValue == 64)
        #expect(
            run.errors == "heliograph: --port x: expected a port, 0 to 65535\n"
                + "Try: heliograph serve --help\n")
        #expect(run.output.isEmpty && run.calls.isEmpty)
    }

    @Test("hands the other commands over and returns their status")
    func bodies() {
        let serve = Run(["serve", "--port", "1", "--storage=memory"])
        #expect(serve.calls == ["serve"])
        #expect(serve.status == .unavailable)
        #expect(serve.configuration?.server.listeners == [.tcp(host: "127.0.0.1", port: 1)])
        #expect(serve.configuration?.server.storage == .memory)
        #expect(serve.configuration?.api.hasBasicAuth == true)
        #expect(serve.configuration?.api.changesResources == ["*"])
        #expect(Run(["migrate"]).calls == ["migrate"])
        #expect(Run(["create-user", "-u", "mat", "--password=x"]).calls == ["create-user mat x"])
        #expect(Run(["create-user"]).calls == ["create-user ? ?"])
        let watch = Run(["watch", "http://h"])
        #expect(watch.calls == ["watch http://h"])
        #expect(watch.status == .failure)
        let storage = "--storage=sqlite:////tmp/x.db"
        let given = Run(["import", "https://h/v1", "--auth", "a:b", storage])
        #expect(given.calls == ["import h a:b"])
        #expect(given.configuration?.server.storage == .sqlite(path: "/tmp/x.db"))
        let inherited = Run(
            ["import", "https://h/v1"], environment: ["HELIOGRAPH_IMPORT_AUTH": "c:d"])
        #expect(inherited.calls == ["import h c:d"])
    }

    @Test("exits with 78 and one line when the configuration is wrong")
    func configuration() {
        for environment in [
            ["HELIOGRAPH_LOOPS": "none"], ["KINTO_READONLY": "perhaps"],
            ["KINTO_INI": "/nowhere/k.ini"], ["KINTO_INCLUDES": "kinto.plugins.quotas"],
        ] {
            let run = Run(["serve"], environment: environment)
            #expect(run.status == .configuration && run.status.rawValue == 78)
            #expect(run.errors.hasPrefix("heliograph: "))
            #expect(run.errors.count { $0 == "\n" } == 1)
            #expect(run.calls.isEmpty)
        }
        #expect(
            Run(["check"], environment: ["KINTO_READONLY": "perhaps"]).errors
                == "heliograph: environment KINTO_READONLY: kinto.readonly = perhaps: "
                + "expected true or false\n")
        #expect(
            Run(["check", "--ini", "/nowhere/k.ini"]).errors
                == "heliograph: /nowhere/k.ini: No such file or directory\n")
    }

    @Test("writes a file that it accepts, and does not overwrite it")
    func initialize() throws {
        try withDirectory { directory in
            let path = directory + "/k.ini"
            #expect(Run(["init", path]).status == .success)
            #expect(
                try ConfigurationFile.read(path) == Array(SettingsTable.complete.template.utf8))
            var facts = stat()
            try #require(stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o600)

            let again = Run(["init", path])
            #expect(again.status == .failure)
            #expect(again.errors == "heliograph: \(path): File exists\n")

            let check = Run(["check", "--ini", path], environment: ["KINTO_INI": "/nowhere"])
            #expect(check.status == .success && check.errors.isEmpty)
            #expect(check.output.contains("\nkinto.changes.resources =  (default)\n"))
        }
        #expect(Run(["init"]).output == SettingsTable.complete.template)
        #expect(Run(["init", "-"]).output == SettingsTable.complete.template)
    }

    @Test("reads Kinto's own template of a file, its port and its directory")
    func kintoFile() throws {
        try withDirectory { directory in
            try ConfigurationFile.create(
                directory + "/k.ini",
                content: """
                    [server:main]
                    use = egg:waitress#main
                    host = 127.0.0.1
                    port = %(http_port)s
                    [app:main]
                    use = egg:kinto
                    kinto.includes = kinto_changes
                    #                kinto.plugins.history
                    kinto.storage_url = sqlite:///%(here)s/kinto.db
                    kinto.cache_backend = kinto.core.cache.memory
                    multiauth.policies = basicauth
                    kinto.changes.resources = /buckets/main
                    [formatter_color]
                    format = %(levelname)s
                    """)
            let environment = ["KINTO_INI": directory + "/k.ini"]
            let run = Run(["serve"], environment: environment)
            #expect(run.errors.isEmpty)
            #expect(run.configuration?.server.storage == .sqlite(path: directory + "/kinto.db"))
            #expect(run.configuration?.server.listeners == [.tcp(host: "127.0.0.1", port: 8888)])
            #expect(run.configuration?.api.changesResources == ["/buckets/main"])
            let other = Run(["serve", "--port", "7777"], environment: environment)
            #expect(other.configuration?.server.listeners == [.tcp(host: "127.0.0.1", port: 7777)])
            let check = Run(["check"], environment: environment)
            #expect(
                check.errors == "note: sections not used: formatter_color\n"
                    + "note: settings without effect here: kinto.cache_backend\n")
        }
    }

    @Test("reads a configuration as long as the limit, and no longer")
    func fileLimit() throws {
        try withDirectory { directory in
            let path = directory + "/k.ini"
            let content = String(repeating: "#", count: Limits.configurationFileBytesMax)
            try ConfigurationFile.create(path, content: content)
            #expect(try ConfigurationFile.read(path).count == Limits.configurationFileBytesMax)
            unlink(path)
            try ConfigurationFile.create(path, content: content + "#")
            #expect(throws: ConfigurationError.self) { try ConfigurationFile.read(path) }
        }
    }

    @Test(
        "finds the directory of a file without following links",
        arguments: [
            ("k.ini", "/etc/k", "/etc/k"), ("a/k.ini", "/etc", "/etc/a"), ("/k.ini", "/etc", "/"),
            ("../k.ini", "/etc/k", "/etc"), ("./a/../b//k.ini", "/etc", "/etc/b"),
            ("../../../k.ini", "/etc", "/"),
        ])
    func directory(path: String, working: String, expected: String) {
        #expect(ConfigurationFile.directory(of: path, workingDirectory: working) == expected)
    }

    @Test("sees the environment of its process")
    func environment() throws {
        let path = try #require(getenv("PATH").map { String(cString: $0) })
        #expect(ProcessEnvironment.variables()["PATH"] == path)
    }
}
