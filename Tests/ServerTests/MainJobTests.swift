// SPDX-License-Identifier: MIT

import Foundation
import Glibc
import Testing

@Suite("The main job")
struct MainJobTests {
    /// How many event streams, and as many WebSockets, watch.
    private static let subscribers =
        ProcessInfo.processInfo.environment["HELIOGRAPH_TEST_SUBSCRIBERS"].flatMap { Int($0) }
        ?? 100

    @Test(
        "while the real collections are loaded, each subscriber ends at the newest entry of each",
        .enabled(if: Tool.collections != nil, "no collections beside the package"))
    func loadWhileWatched() throws {
        let collections = try #require(Tool.collections)
        let directory = try HeliographProcess.Directory()
        let server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        let url = "http://127.0.0.1:\(try server.waitUntilReady())/v1"
        let watchers = try Watchers(url: url, each: MainJobTests.subscribers, in: directory)
        let load = try Tool.run(
            [
                "python3", Tool.package + "/examples/remote-settings/load.py", "--server", url,
                "--auth", "a:b", "--verify", collections,
            ], seconds: 240)
        #expect(load.status == 0, "\(load.output.suffix(2_000))")
        let summary = try watchers.check()
        #expect(summary.status == 0, "\(summary.output)")
        #expect(summary.output.contains("29 entries, 0 broken, 0 wrong"), "\(summary.output)")
    }

    @Test(
        "a server killed during the load goes on where it was, and loses nothing",
        .enabled(if: Tool.collections != nil, "no collections beside the package"))
    func killedWhileLoading() throws {
        let collections = try #require(Tool.collections)
        let directory = try HeliographProcess.Directory()
        let first = try HeliographProcess(["serve", "--port", "0"], in: directory)
        let port = try first.waitUntilReady()
        let url = "http://127.0.0.1:\(port)/v1"
        let command = [
            "python3", Tool.package + "/examples/remote-settings/load.py", "--server", url,
            "--auth", "a:b", "--verify", collections,
        ]
        let stream = try TestConnection(port: port)
        try stream.send("GET", "/v1/buckets/monitor/collections/changes/stream")
        _ = try stream.read(until: "event: ready")
        let killer = Thread {
            // Some of the way into the load: as soon as a few collections were announced.
            _ = try? stream.read(until: "\"bucket\":\"main\"")
            first.kill(SIGKILL)
        }
        killer.start()
        let interrupted = try Tool.run(command, seconds: 240)
        #expect(interrupted.status != 0)
        _ = try first.waitForExit()

        let second = try HeliographProcess(["serve", "--port", "\(port)"], in: directory)
        _ = try second.waitUntilReady()
        let again = try Tool.run(command, seconds: 240)
        #expect(again.status == 0, "\(again.output.suffix(2_000))")
        #expect(again.output.contains("0 problems"))
    }
}

/// The script `watchers.py`, running.
private final class Watchers {
    private let process = Process()
    private let input = Pipe()
    private let path: String

    init(url: String, each: Int, in directory: HeliographProcess.Directory) throws {
        path = directory.path + "/watchers.out"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", Tool.scripts + "/watchers.py", url, "\(each)", "\(each)",
        ]
        process.standardInput = input
        let file = FileHandle(forWritingAtPath: path)
        process.standardOutput = file
        process.standardError = file
        try process.run()
        for _ in 0..<6_000 {
            if output.contains("ready") { return }
            guard process.isRunning else { break }
            usleep(10_000)
        }
        throw HeliographProcess.Failure(reason: "watchers: \(output)")
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    private var output: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    /// Compares what each subscriber holds with the list.
    func check() throws -> Tool.Result {
        signal(SIGPIPE, SIG_IGN)
        try input.fileHandleForWriting.write(contentsOf: Data("check\n".utf8))
        process.waitUntilExit()
        return Tool.Result(status: process.terminationStatus, output: output)
    }
}
