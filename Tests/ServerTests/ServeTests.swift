// SPDX-License-Identifier: MIT

import Foundation
import Glibc
import Testing

@Suite("heliograph serve")
struct ServeTests {
    private let directory: HeliographProcess.Directory

    init() throws { directory = try HeliographProcess.Directory() }

    private func start(_ arguments: [String] = []) throws -> (HeliographProcess, UInt16) {
        let process = try HeliographProcess(["serve", "--port", "0"] + arguments, in: directory)
        return (process, try process.waitUntilReady())
    }

    private func expectOneLine(_ log: String, _ words: String) {
        let lines = log.split(separator: "\n").filter { !$0.contains("msg=descriptors") }
        #expect(lines.count == 1, "one clear line: \(log)")
        #expect(log.contains(words), "\(log)")
        #expect(!log.contains("msg=ready"))
    }

    @Test("without a file is useful at once: a database here, anyone may make buckets")
    func embeddedDefault() throws {
        let (process, port) = try start()
        let connection = try TestConnection(port: port)
        try connection.send(
            "PUT", "/v1/buckets/b", fields: ["Authorization": "Basic YTpi"])
        #expect(try connection.readAnswer().status == 201)
        #expect(FileManager.default.fileExists(atPath: directory.path + "/heliograph.db"))
        #expect(process.log.contains("msg=descriptors limit="))
        let user = ["Authorization": "Basic YTpi"]
        for path in ["/collections/c", "/collections/c/records/r"] {
            try connection.send("PUT", "/v1/buckets/b\(path)", fields: user)
            _ = try connection.readAnswer()
        }
        try connection.send("GET", "/v1/buckets/monitor/collections/changes/records")
        let entry = try connection.readAnswer().json["data"]?.array?.first?.object
        #expect(entry?["host"]?.string == "127.0.0.1:\(port)", "the address that was bound")
        try connection.send("GET", "/v1/")
        #expect(try connection.readAnswer().json["url"]?.string == "http://test/v1/")
    }

    @Test("has a loop for each processor that it may use")
    func processors() throws {
        let process = try HeliographProcess(
            running: "/usr/bin/taskset",
            ["-c", "0", HeliographProcess.program.path, "serve", "--port", "0"], in: directory)
        _ = try process.waitUntilReady()
        #expect(process.log.contains("loops=1 "))
    }

    @Test("drains and exits with 0 on SIGTERM and on SIGINT", arguments: [SIGTERM, SIGINT])
    func drain(signal: Int32) throws {
        let (process, port) = try start()
        let stream = try TestConnection(port: port)
        try stream.send("GET", "/v1/buckets/monitor/collections/changes/stream")
        _ = try stream.read(until: "event: ready")
        process.kill(signal)
        _ = try stream.readToEnd()
        #expect(try process.waitForExit() == 0)
        #expect(process.log.contains("msg=stopped"))
    }

    @Test("ends at once on a second signal, though a stream does not end")
    func secondSignal() throws {
        let (process, port) = try start()
        let stalled = try TestConnection(port: port)
        // A request that never comes to its end keeps a drain waiting.
        try stalled.send("POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
        let other = try TestConnection(port: port)
        try other.send("GET", "/v1/__lbheartbeat__")
        _ = try other.readAnswer()
        process.kill(SIGTERM)
        while !process.log.contains("msg=draining") { usleep(1_000) }
        process.kill(SIGTERM)
        #expect(try process.waitForExit() == 1)
        withExtendedLifetime(stalled) {}
    }

    @Test("says in one line that the port is in use, and exits with 69")
    func portInUse() throws {
        let (first, port) = try start(["--storage", "memory"])
        let second = try HeliographProcess.run(
            ["serve", "--port", "\(port)", "--storage", "memory"], in: directory)
        #expect(second.status == 69)
        expectOneLine(second.log, "in use")
        withExtendedLifetime(first) {}
    }

    @Test("says in one line that another server has the database, and exits with 69")
    func databaseInUse() throws {
        let (first, _) = try start()
        let second = try HeliographProcess.run(["serve", "--port", "0"], in: directory)
        #expect(second.status == 69)
        expectOneLine(second.log, "heliograph.db")
        withExtendedLifetime(first) {}
    }

    @Test("says in one line that the database is none, and exits with 69, the file untouched")
    func notADatabase() throws {
        let path = directory.path + "/heliograph.db"
        let content = Data(String(repeating: "no database ", count: 1_000).utf8)
        try content.write(to: URL(fileURLWithPath: path))
        let run = try HeliographProcess.run(["serve", "--port", "0"], in: directory)
        #expect(run.status == 69)
        expectOneLine(run.log, "heliograph.db")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
    }

    @Test("says in one line which directory is missing, and exits with 69")
    func missingDirectory() throws {
        let run = try HeliographProcess.run(
            ["serve", "--port", "0", "--storage", "sqlite:///nowhere/x.db"], in: directory)
        #expect(run.status == 69)
        expectOneLine(run.log, "nowhere")
    }

    @Test(
        "says in one line which setting is wrong, and exits with 78",
        arguments: [
            ("heliograph.loops = many", "heliograph.loops"),
            ("kinto.paginate_by = none", "paginate_by"),
            ("heliograph.lops = 1", "heliograph.loops"),
            ("kinto.includes = kinto.plugins.quotas", "kinto.plugins.quotas"),
            ("multiauth.policies = openid", "openid"),
            ("kinto.storage_backend = kinto.core.storage.postgresql", "storage_backend"),
        ])
    func wrongSetting(line: String, word: String) throws {
        let ini = directory.path + "/h.ini"
        try "[app:main]\n\(line)\n".write(toFile: ini, atomically: true, encoding: .utf8)
        for command in ["serve", "check", "migrate"] {
            let run = try HeliographProcess.run([command, "--ini", ini], in: directory)
            #expect(run.status == 78)
            expectOneLine(run.log, word)
        }
    }

    @Test("with a file holds Kinto's defaults: nobody but whom it grants may do anything")
    func defaultsWithFile() throws {
        let ini = directory.path + "/h.ini"
        try "[app:main]\nkinto.storage_backend = memory\n".write(
            toFile: ini, atomically: true, encoding: .utf8)
        let (process, port) = try start(["--ini", ini])
        let connection = try TestConnection(port: port)
        try connection.send("PUT", "/v1/buckets/b", fields: ["Authorization": "Basic YTpi"])
        #expect(try connection.readAnswer().status == 401)
        try connection.send("GET", "/v1/buckets/monitor/collections/changes/records")
        #expect(try connection.readAnswer().status == 401)
        withExtendedLifetime(process) {}
    }
}

@Suite("The other commands")
struct OtherCommandTests {
    private let directory: HeliographProcess.Directory

    init() throws { directory = try HeliographProcess.Directory() }

    @Test("init writes a file that check and serve accept; check tells each setting's origin")
    func initAndCheck() throws {
        let initialized = try HeliographProcess.run(["init", "h.ini"], in: directory)
        #expect(initialized.status == 0)
        let again = try HeliographProcess.run(["init", "h.ini"], in: directory)
        #expect(again.status == 1, "it does not overwrite")
        let check = try HeliographProcess.run(
            ["check", "--ini", "h.ini"], in: directory,
            environment: ["KINTO_PAGINATE_BY": "7"])
        #expect(check.status == 0)
        let line = check.text.split(separator: "\n").first { $0.contains("paginate_by") }
        #expect(line?.contains("7") == true)
        #expect(line?.contains("KINTO_PAGINATE_BY") == true)
    }

    @Test("migrate makes or brings up the database and serves nothing, twice alike")
    func migrate() throws {
        for _ in 0..<2 {
            let run = try HeliographProcess.run(
                ["migrate"], in: directory,
                environment: ["KINTO_STORAGE_URL": "sqlite:///m.db"])
            #expect(run.status == 0)
            #expect(run.log.contains("msg=migrated"))
        }
    }

    @Test("version and help print and exit with 0; nonsense exits with 64")
    func versionAndHelp() throws {
        #expect(try HeliographProcess.run(["version"], in: directory).text.hasPrefix("heliograph "))
        for command in ["serve", "init", "check", "migrate", "watch", "version"] {
            let run = try HeliographProcess.run([command, "--help"], in: directory)
            #expect(run.status == 0)
            #expect(run.text.contains(command))
        }
        #expect(try HeliographProcess.run(["serv"], in: directory).status == 64)
        #expect(try HeliographProcess.run(["serve", "--prot", "1"], in: directory).status == 64)
    }

    @Test("watch prints each change, comes back after a restart, and goes on where it was")
    func watch() throws {
        let first = try HeliographProcess(["serve", "--port", "0"], in: directory)
        let port = try first.waitUntilReady()
        let watch = try HeliographProcess(
            ["watch", "http://127.0.0.1:\(port)/v1"], in: directory)
        func write(_ record: String) throws {
            let connection = try TestConnection(port: port)
            for path in ["", "/collections/c", "/collections/c/records/\(record)"] {
                try connection.send(
                    "PUT", "/v1/buckets/b\(path)", fields: ["Authorization": "Basic YTpi"])
                let status = try connection.readAnswer().status
                #expect(status == 200 || status == 201)
            }
        }
        func waitForLines(_ count: Int) throws {
            for _ in 0..<4_000 {
                if watch.text.split(separator: "\n").count >= count { return }
                usleep(5_000)
            }
            throw HeliographProcess.Failure(reason: "\(watch.text) \(watch.log)")
        }
        try write("one")
        try waitForLines(1)
        first.kill(SIGKILL)
        _ = try first.waitForExit()
        let second = try HeliographProcess(["serve", "--port", "\(port)"], in: directory)
        _ = try second.waitUntilReady()
        try write("two")
        try waitForLines(2)
        let lines = watch.text.split(separator: "\n")
        #expect(lines.count == 2, "nothing twice: \(lines)")
        #expect(lines.allSatisfy { $0.hasSuffix(" b/c") })
        #expect(!watch.log.contains("could not be resumed"))
    }
}
