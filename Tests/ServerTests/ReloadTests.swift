// SPDX-License-Identifier: MIT

import Foundation
import Glibc
import Testing
import Wire

@Suite("A server that gets SIGHUP")
struct ReloadTests {
    private let directory: HeliographProcess.Directory
    private let stream = "/v1/buckets/monitor/collections/changes/stream"

    init() throws { directory = try HeliographProcess.Directory() }

    private var ini: String { directory.path + "/h.ini" }

    /// What a server of these tests has besides what they change.
    private static let base = """
        kinto.storage_backend = memory
        kinto.changes.resources = *
        multiauth.policies = basicauth
        kinto.bucket_create_principals = system.Authenticated
        """

    private func write(_ lines: String, server: String = "") throws {
        try "[server:main]\n\(server)\n[app:main]\n\(ReloadTests.base)\n\(lines)\n".write(
            toFile: ini, atomically: true, encoding: .utf8)
    }

    private func start(_ lines: String = "") throws -> (HeliographProcess, UInt16) {
        try write(lines)
        let process = try HeliographProcess(
            ["serve", "--port", "0", "--ini", ini], in: directory,
            environment: ["KINTO_PROJECT_NAME": "lamp"])
        return (process, try process.waitUntilReady())
    }

    /// Sends SIGHUP and waits for a line that was not there before; returns the new lines.
    private func reload(
        _ process: HeliographProcess, until words: String = "msg=reloaded"
    ) throws -> String {
        let before = process.log.count
        process.kill(SIGHUP)
        return try wait(process, after: before, for: words)
    }

    private func wait(
        _ process: HeliographProcess, after before: Int = 0, for words: String
    ) throws -> String {
        for _ in 0..<4_000 {
            let new = String(process.log.dropFirst(before))
            if let range = new.range(of: words), new[range.upperBound...].contains("\n") {
                return new
            }
            usleep(5_000)
        }
        throw HeliographProcess.Failure(reason: "no \(words): \(process.log)")
    }

    private func get(
        _ connection: TestConnection, _ path: String, fields: [String: String] = [:]
    ) throws -> TestConnection.Answer {
        try connection.send("GET", path, fields: fields)
        return try connection.readAnswer()
    }

    private func put(_ connection: TestConnection, _ path: String) throws -> Int {
        try connection.send("PUT", path, fields: ["Authorization": "Basic YTpi"])
        return try connection.readAnswer().status
    }

    @Test("takes over what changed for the next request of each connection, and lists it")
    func takesOver() throws {
        let (process, port) = try start()
        let connection = try TestConnection(port: port)
        #expect(try put(connection, "/v1/buckets/b") == 201)
        try write("kinto.readonly = true\nkinto.cors_origins = https://a\nkinto.backoff = 7")
        let log = try reload(process)
        #expect(log.contains("level=info msg=reloaded changes=3 "))
        #expect(
            log.contains(
                "changed=\"kinto.readonly: false → true, kinto.backoff: (nothing) → 7, "
                    + "kinto.cors_origins: * → https://a\""))
        #expect(try put(connection, "/v1/buckets/c") == 405)
        let answer = try get(connection, "/v1/", fields: ["Origin": "https://a"])
        #expect(answer.fields["Access-Control-Allow-Origin"] == "https://a")
        #expect(answer.fields["Backoff"] == "7")
        #expect(answer.json["project_name"]?.string == "lamp", "of the environment")
        #expect(try get(connection, "/v1/", fields: ["Origin": "https://b"]).status == 400)
        try write("")
        _ = try reload(process)
        #expect(try put(connection, "/v1/buckets/c") == 201)
    }

    @Test("tells that nothing changed, and so each time it is asked")
    func nothing() throws {
        let (process, _) = try start()
        for _ in 0..<3 {
            let log = try reload(process)
            #expect(log.hasSuffix(" level=info msg=reloaded changes=0 changed=nothing\n"))
            #expect(log.split(separator: "\n").count == 1)
        }
        // However many come while one is read, the last is followed by a reading.
        for number in 1...20 {
            try write("kinto.backoff = \(number)")
            process.kill(SIGHUP)
        }
        _ = try wait(process, for: "→ 20\"")
        process.kill(SIGTERM)
        #expect(try process.waitForExit() == 0)
    }

    @Test("keeps every setting when one is wrong, says why as check does, and goes on")
    func invalid() throws {
        let (process, port) = try start()
        let connection = try TestConnection(port: port)
        try write("kinto.backoff = 7\nkinto.paginate_by = none")
        let check = try HeliographProcess.run(["check", "--ini", ini], in: directory)
        let log = try reload(process, until: "msg=\"cannot reload, all settings stay\"")
        #expect(log.split(separator: "\n").count == 1)
        #expect(log.contains(" level=error "))
        let reason = check.log.dropFirst("heliograph: ".count).dropLast()
        #expect(reason.contains("paginate_by"))
        #expect(log.hasSuffix(" reason=\"\(reason)\"\n"))
        #expect(try get(connection, "/v1/").fields["Backoff"] == nil)
        try FileManager.default.removeItem(atPath: ini)
        let missing = try reload(process, until: "cannot reload")
        #expect(missing.contains("No such file"))
        #expect(try get(connection, "/v1/").status == 200)
        try write("kinto.backoff = 7")
        _ = try reload(process)
        #expect(try get(connection, "/v1/").fields["Backoff"] == "7")
    }

    @Test("says which setting needs a restart, and keeps that one alone")
    func needsRestart() throws {
        let (process, port) = try start()
        try write("kinto.userid_hmac_secret = hush\nkinto.backoff = 7\nheliograph.loops = 3")
        for changes in [1, 0] {
            let log = try reload(process)
            #expect(
                log.contains(
                    " level=warning msg=\"a changed setting needs a restart\" "
                        + "setting=heliograph.loops in_force=auto set=3\n"))
            #expect(
                log.contains(
                    "setting=kinto.userid_hmac_secret in_force=(nothing) set=********\n"))
            #expect(log.contains("msg=reloaded changes=\(changes) "))
            #expect(!log.contains("hush"))
        }
        #expect(try get(try TestConnection(port: port), "/v1/").fields["Backoff"] == "7")
    }

    @Test("needs a restart for another port only where no option says which")
    func port() throws {
        try write("", server: "port = 0")
        let process = try HeliographProcess(["serve", "--ini", ini], in: directory)
        let port = try process.waitUntilReady()
        try write("", server: "port = 1")
        let log = try reload(process)
        #expect(log.contains("setting=port in_force=0 set=1\n"))
        #expect(try get(try TestConnection(port: port), "/v1/").status == 200)
    }

    @Test("changes the level of its log both ways, and tells both changes")
    func logLevel() throws {
        let (process, port) = try start()
        try write("heliograph.log_level = error")
        #expect(try reload(process).contains("heliograph.log_level: info → error"))
        try write("kinto.backoff = 1")
        // It would only be seen if the level did not count.
        process.kill(SIGHUP)
        _ = try wait(process, for: "heliograph.log_level: error → info")
        #expect(!process.log.contains("kinto.backoff: (nothing) → 1\" "))
        withExtendedLifetime(port) {}
    }

    @Test("keeps its streams, whose heartbeats follow the new interval, new ones the new times")
    func streams() throws {
        let (process, port) = try start(
            "heliograph.streams.heartbeat_seconds = 2\n"
                + "heliograph.streams.retry_milliseconds_min = 4\n"
                + "heliograph.streams.retry_milliseconds_max = 4")
        let writer = try TestConnection(port: port)
        let stream = try TestConnection(port: port)
        try stream.send("GET", self.stream)
        #expect(try stream.read(until: "event: ready").contains("retry: 4\n"))
        let socket = try TestConnection(port: port)
        #expect(try socket.upgrade(self.stream).status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        #expect(try socket.readMessage(&decoder)["type"]?.string == "ready")
        try write(
            "heliograph.streams.heartbeat_seconds = 1\n"
                + "heliograph.streams.retry_milliseconds_min = 9\n"
                + "heliograph.streams.retry_milliseconds_max = 9")
        _ = try reload(process)
        for path in ["/v1/buckets/b", "/v1/buckets/b/collections/c"] {
            #expect(try put(writer, path) == 201)
        }
        #expect(try put(writer, "/v1/buckets/b/collections/c/records/r") == 201)
        _ = try stream.read(until: "\"collection\":\"c\"")
        _ = try stream.read(until: ": ping\n\n")
        // The one that was due has come: by the old interval, the next one were two seconds off.
        let begin = ContinuousClock.now
        _ = try stream.read(until: ": ping\n\n")
        #expect(ContinuousClock.now - begin < .milliseconds(1_900))
        #expect(try socket.readMessage(&decoder)["type"]?.string == "change")
        let other = try TestConnection(port: port)
        try other.send("GET", self.stream)
        #expect(try other.read(until: "event: ready").contains("retry: 9\n"))
    }

    @Test("compresses the streams that begin by the setting of their time")
    func compression() throws {
        let (process, port) = try start("heliograph.streams.compression = false")
        func agrees() throws -> Bool {
            let offer = ["Sec-WebSocket-Extensions": "permessage-deflate"]
            let answer = try TestConnection(port: port).upgrade(stream, fields: offer)
            #expect(answer.status == 101)
            return answer.fields["Sec-WebSocket-Extensions"] != nil
        }
        #expect(try !agrees())
        try write("heliograph.streams.compression = true")
        _ = try reload(process)
        #expect(try agrees())
    }

    @Test("ends, drained, by the time that counts when it is told to end")
    func drainSeconds() throws {
        let (process, port) = try start("heliograph.drain_seconds = 3600")
        let stalled = try TestConnection(port: port)
        try stalled.send("POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
        let other = try TestConnection(port: port)
        _ = try get(other, "/v1/__lbheartbeat__")
        try write("heliograph.drain_seconds = 0")
        _ = try reload(process)
        process.kill(SIGTERM)
        #expect(try process.waitForExit() == 0)
        withExtendedLifetime(stalled) {}
    }

    @Test("while it drains goes on draining")
    func duringDrain() throws {
        let (process, port) = try start()
        let stalled = try TestConnection(port: port)
        try stalled.send("POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\n{")
        let other = try TestConnection(port: port)
        _ = try get(other, "/v1/__lbheartbeat__")
        process.kill(SIGTERM)
        _ = try wait(process, for: "msg=draining")
        try write("kinto.backoff = 7")
        for _ in 0..<3 { process.kill(SIGHUP) }
        try stalled.send("}}")
        #expect(try stalled.readAnswer().status == 400)
        #expect(try process.waitForExit() == 0)
        #expect(!process.log.contains("msg=reloaded"))
    }

    @Test("ends when its terminal is gone, and reloads as long as it is there")
    func terminal() throws {
        try write("")
        let terminal = try Terminal()
        // The shell's child leads no group, so that setsid does not make another process of it.
        let script = "exec 3<&0; setsid --ctty \"$@\" <&3 & echo $!"
        let shell = try HeliographProcess(
            running: "/bin/sh",
            [
                "-c", script, "sh", HeliographProcess.program.path, "serve", "--port", "0",
                "--ini", ini,
            ], in: directory, input: terminal.other)
        _ = try shell.waitUntilReady()
        let id = try #require(Int32(shell.text.dropLast()))
        defer { kill(id, SIGKILL) }
        kill(id, SIGHUP)
        _ = try wait(shell, for: "changed=nothing")
        terminal.hangUp()
        _ = try wait(shell, for: "msg=draining signal=\(SIGHUP)")
        _ = try wait(shell, for: "msg=stopped")
    }
}

/// A terminal of a test's own.
private final class Terminal {
    /// The end for the program that has it.
    let other: FileHandle
    private let end: Int32

    init() throws {
        end = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: Int32 = 0
        // TIOCSPTLCK and TIOCGPTN: the other end is unlocked, and has this number.
        guard ioctl(end, 0x4004_5431, &lock) == 0, ioctl(end, 0x8004_5430, &number) == 0 else {
            throw HeliographProcess.Failure(reason: "no terminal: \(errno)")
        }
        other = FileHandle(
            fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC),
            closeOnDealloc: true)
    }

    /// Ends it, as closing its window does.
    func hangUp() { close(end) }
}
