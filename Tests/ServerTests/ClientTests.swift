// SPDX-License-Identifier: MIT

import CLinux
import Foundation
import Glibc
import Testing

@Suite("Other people's clients")
struct ClientTests {
    @Test(
        "kinto-http from PyPI works unmodified",
        .enabled(
            if: Tool.kintoPython != nil,
            "no Python with kinto-http (pip install kinto-http; HELIOGRAPH_TEST_PYTHON)"))
    func kintoHTTP() throws {
        let python = try #require(Tool.kintoPython)
        let directory = try HeliographProcess.Directory()
        let server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        let port = try server.waitUntilReady()
        let result = try Tool.run(
            [python, Tool.scripts + "/kinto_http_scenario.py", "http://127.0.0.1:\(port)/v1"])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok 1."))
    }

    /// Runs a script of kinto-http's users against a server with the history plugin.
    private func run(_ script: String) throws {
        let python = try #require(Tool.kintoPython)
        let directory = try HeliographProcess.Directory()
        let ini = directory.path + "/kinto.ini"
        let settings = """
            [app:main]
            kinto.includes = kinto_changes kinto.plugins.history
            kinto.changes.resources = *
            multiauth.policies = basicauth
            """
        try settings.write(toFile: ini, atomically: true, encoding: .utf8)
        let server = try HeliographProcess(
            ["serve", "--ini", ini, "--port", "0"], in: directory)
        let port = try server.waitUntilReady()
        let result = try Tool.run(
            [python, "\(Tool.scripts)/\(script)", "http://127.0.0.1:\(port)/v1"], seconds: 300)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok"))
    }

    @Test(
        "kinto-http can do all it has a method for",
        .enabled(if: Tool.kintoPython != nil, "no Python with kinto-http"))
    func functions() throws {
        try run("kinto_http_functional.py")
    }

    @Test(
        "kinto-wizard from PyPI loads a file, dumps the same, and loads that again",
        .enabled(if: Tool.hasWizard, "no kinto-wizard beside that Python"))
    func wizard() throws {
        try run("kinto_wizard_scenario.py")
    }

    @Test(
        "Chromium's EventSource and WebSocket, the client for browsers, and the dashboard",
        .enabled(if: Tool.browser != nil, "no chromium"))
    func browser() throws {
        let browser = try #require(Tool.browser)
        let result = try Tool.run(
            [
                "python3", Tool.scripts + "/browser_scenario.py", browser,
                HeliographProcess.program.path,
            ], seconds: 300)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("without an error in the console"), "\(result.output)")
        #expect(result.output.contains("ok over sse, by a ticket"), "\(result.output)")
    }

    @Test("curl inflates a compressed event stream, each event as it comes")
    func curl() throws {
        let result = try Tool.run(
            ["python3", Tool.scripts + "/curl_scenario.py", HeliographProcess.program.path])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok and each change"), "\(result.output)")
    }

    @Test(
        "a stock Firefox listens, polls for what is broadcast, and comes back after a restart",
        .enabled(if: Tool.firefox != nil, "no firefox-esr (apt-get install firefox-esr)"))
    func firefox() throws {
        let firefox = try #require(Tool.firefox)
        let result = try Tool.run(
            [
                "python3", Tool.scripts + "/firefox_scenario.py", firefox,
                HeliographProcess.program.path,
            ], seconds: 400)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok a stock Firefox was told"), "\(result.output)")
    }
}

@Suite("The examples")
struct ExamplesTests {
    private let directory: HeliographProcess.Directory
    private let server: HeliographProcess
    private let url: String

    init() throws {
        directory = try HeliographProcess.Directory()
        server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        url = "http://127.0.0.1:\(try server.waitUntilReady())/v1"
    }

    private func example(_ name: String, _ arguments: String...) throws -> Tool.Result {
        try Tool.run(
            ["HELIOGRAPH_URL=\(url)", Tool.package + "/examples/" + name] + arguments, seconds: 90)
    }

    @Test("with curl write, poll, stream and resume")
    func curl() throws {
        let write = try example("curl/write.sh")
        #expect(write.status == 0, "\(write.output)")
        let poll = try example("curl/poll.sh", "--count", "1")
        #expect(poll.output.contains("\"last_modified\""), "\(poll.output)")
        let stream = try example("curl/stream.sh", "--max-time", "2")
        #expect(stream.output.contains("event: ready"), "\(stream.output)")
        let id = try #require(
            stream.output.split(separator: "\n").last { $0.hasPrefix("id: ") }?.dropFirst(4))
        let resume = try example("curl/resume.sh", "--max-time", "2", String(id))
        #expect(resume.output.contains("event: ready"), "\(resume.output)")
        #expect(!resume.output.contains("\"bucket\""), "nothing was missed: \(resume.output)")
    }

    @Test("in Python subscribe, and go on after an interruption with exactly what was missed")
    func python() throws {
        let state = directory.path + "/state"
        let subscriber = Tool.package + "/examples/python-subscriber/subscriber.py"
        let command = [
            "python3", subscriber, url, "--json", "--cursor-file", state, "--timeout", "20",
        ]
        _ = try example("curl/write.sh")
        let first = try Tool.run(command + ["--count", "1"])
        #expect(first.status == 0, "\(first.output)")
        _ = try example("curl/write.sh")
        let second = try Tool.run(command + ["--count", "1"])
        #expect(second.status == 0, "\(second.output)")
        let lines = [first, second].map { result in
            result.output.split(separator: "\n").filter { $0.contains("\"last_modified\"") }
        }
        #expect(lines.allSatisfy { $0.count == 1 }, "\(lines)")
        #expect(lines[0] != lines[1])
    }

    @Test(
        "in Swift get every change once, over a restart of the server",
        .enabled(
            if: Tool.swiftClient != nil,
            "not built (swift build --package-path examples/swift-client)"))
    func swiftClient() throws {
        let client = try #require(Tool.swiftClient)
        let result = try Tool.run(
            [
                "python3", Tool.scripts + "/swift_client_scenario.py", client,
                HeliographProcess.program.path,
            ], seconds: 300)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok the client"), "\(result.output)")
    }

    @Test("load a directory of collections, keep ids and timestamps, and can do so again")
    func load() throws {
        let source = directory.path + "/data/made"
        try FileManager.default.createDirectory(
            atPath: source, withIntermediateDirectories: true)
        let records = (1...60).map { "{\"id\":\"r\($0)\",\"last_modified\":\($0 * 1_000)}" }
        try "{\"data\":[\(records.joined(separator: ","))],\"timestamp\":60000}".write(
            toFile: source + "/things.json", atomically: true, encoding: .utf8)
        for _ in 0..<2 {
            let result = try Tool.run(
                [
                    "python3", Tool.package + "/examples/remote-settings/load.py", "--server", url,
                    "--auth", "a:b", "--verify", directory.path + "/data",
                ])
            #expect(result.status == 0, "\(result.output)")
        }
    }
}
