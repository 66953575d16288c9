// SPDX-License-Identifier: MIT

import Core
import Foundation
import Glibc
import Testing

@testable import Server

@Suite("Answers as the command line's clients read them")
struct HTTPAnswerReaderTests {
    private func read(
        _ text: String, isForHead: Bool = false, bodyBytesMax: Int = 100, ends: Bool = false
    ) -> String {
        // Each byte on its own, so that every place is a seam.
        var reader = HTTPAnswerReader(isForHead: isForHead, bodyBytesMax: bodyBytesMax)
        do {
            for byte in text.utf8 {
                if let answer = try reader.read([byte]) {
                    return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
                }
            }
            guard ends, let answer = try reader.read([]) else { return "incomplete" }
            return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
        } catch {
            return error.description
        }
    }

    @Test("end where their framing says")
    func framing() {
        let ok = "HTTP/1.1 200 OK\r\n"
        #expect(read("\(ok)Content-Length: 3\r\n\r\nabc") == "200 abc")
        #expect(read("\(ok)Content-Length: 3\r\n\r\nab") == "incomplete")
        #expect(read("\(ok)Content-Length: 0\r\n\r\n") == "200 ")
        let chunked = "\(ok)Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n"
        #expect(read(chunked) == "incomplete")
        #expect(read(chunked + "\r\n") == "200 abc")
        #expect(read(chunked + "Trailer: 1\r\n\r\n") == "200 abc")
        #expect(read("\(ok)\r\nabc") == "incomplete")
        #expect(read("\(ok)\r\nabc", ends: true) == "200 abc")
        #expect(read("\(ok)Content-Length: 9\r\n\r\n", isForHead: true) == "200 ")
        #expect(read("HTTP/1.1 204 No Content\r\n\r\n") == "204 ")
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        #expect(read("\(interim)\(ok)Content-Length: 1\r\n\r\nx") == "200 x")
    }

    @Test("are never taken for complete when they were cut")
    func cut() {
        let ok = "HTTP/1.1 200 OK\r\n"
        let ended = "the server ended the connection"
        #expect(read("\(ok)Content-Length: 3\r\n\r\nab", ends: true) == ended)
        #expect(
            read("\(ok)Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", ends: true) == ended)
        #expect(read("\(ok)Content-Le", ends: true) == ended)
        #expect(read("SSH-2.0\r\n\r\n") == "the server does not speak HTTP")
    }

    @Test("have a limit")
    func limit() {
        let head = "HTTP/1.1 200 OK\r\n"
        #expect(read("\(head)Content-Length: 3\r\n\r\nabc", bodyBytesMax: 3) == "200 abc")
        #expect(
            read("\(head)Content-Length: 3\r\n\r\na", bodyBytesMax: 2).hasPrefix("the answer is"))
        let most = Limits.answerBytesMax
        #expect(
            read("\(head)Content-Length: \(most)\r\n\r\n", bodyBytesMax: most) == "incomplete")
        #expect(
            read("\(head)Content-Length: \(most + 1)\r\n\r\n", bodyBytesMax: most)
                .hasPrefix("the answer is"))
    }
}

@Suite("A client that cannot reach its server")
struct HTTPClientTests {
    @Test("tries so often, waits longer each time, and says why it ends")
    func tries() throws {
        // Nobody listens on a privileged port that no service has.
        let url = try #require(ServerURL("http://127.0.0.1:1/v1"))
        var pauses: [Int] = []
        let client = HTTPClient(
            url, authorization: nil, tell: { _ in }, pause: { pauses.append($0) })
        let failure = #expect(throws: HTTPClient.Failure.self) { try client.send(.get, "/v1/") }
        #expect(pauses.count == Limits.requestTriesMax - 1)
        #expect(pauses.last ?? 0 > pauses.first ?? 0)
        #expect(
            failure?.description
                == "127.0.0.1:1: Connection refused, \(Limits.requestTriesMax) times")
    }
}

@Suite("Connections with TLS", .serialized)
struct TLSTests {
    private let directory: HeliographProcess.Directory
    private let server: HeliographProcess
    private let proxy: Process
    private let port: Int

    /// Starts a server, and TLS before it with a certificate for `localhost` alone.
    init() throws {
        directory = try HeliographProcess.Directory()
        server = try HeliographProcess(["serve", "--port", "0"], in: directory)
        let plain = try server.waitUntilReady()
        let made = try Tool.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-keyout", directory.path + "/key.pem", "-out",
            directory.path + "/cert.pem",
        ])
        try #require(made.status == 0, "\(made.output)")
        proxy = Process()
        proxy.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        proxy.arguments = [
            "python3", Tool.scripts + "/tls_proxy.py", directory.path, String(plain),
        ]
        let output = Pipe()
        proxy.standardOutput = output
        try proxy.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    private func end() {
        // This process may have blocked the signals that ask politely.
        kill(proxy.processIdentifier, SIGKILL)
        proxy.waitUntilExit()
    }

    private func importing(_ host: String, trusting: Bool) throws -> (Int32, String) {
        let file = trusting ? directory.path + "/cert.pem" : "/dev/null"
        let result = try HeliographProcess.run(
            [
                "import", "https://\(host):\(port)/v1", "--storage", "sqlite:///copy.db", "--auth",
                "a:b",
            ], in: directory, environment: ["SSL_CERT_FILE": file, "SSL_CERT_DIR": "/nowhere"])
        return (result.status, result.log)
    }

    @Test("are made with whom the certificate is for, and nobody else")
    func verification() throws {
        defer { end() }
        let good = try importing("localhost", trusting: true)
        #expect(good.0 == 0, "\(good.1)")
        let untrusted = ClientSocket.failure(port: port, host: "localhost")
        #expect(untrusted.hasPrefix("the server's certificate is not trusted: self"))
        let other = try importing("127.0.0.1", trusting: true)
        #expect(other.0 == 1)
        #expect(other.1.contains("IP address mismatch"), "\(other.1)")
    }

    @Test("carry watch as plain ones do")
    func watch() throws {
        defer { end() }
        let watcher = try HeliographProcess(
            ["watch", "https://localhost:\(port)/v1"], in: directory,
            environment: ["SSL_CERT_FILE": directory.path + "/cert.pem"])
        for _ in 0..<1_000 where !watcher.log.contains("what follows is live") { usleep(10_000) }
        #expect(watcher.log.contains("what follows is live"), "\(watcher.log)")
    }

    @Test("are not made with a server that speaks plainly")
    func plainServer() throws {
        defer { end() }
        let plain = try server.waitUntilReady()
        #expect(ClientSocket.failure(port: Int(plain), host: "localhost").hasPrefix("TLS: "))
    }
}

extension ClientSocket {
    /// Why no connection with TLS can be made.
    fileprivate static func failure(port: Int, host: String) -> String {
        guard let url = ServerURL("https://\(host):\(port)/") else { return "no URL" }
        do {
            _ = try ClientSocket(url, secondsMax: 10)
            return "none"
        } catch {
            return error.description
        }
    }
}
