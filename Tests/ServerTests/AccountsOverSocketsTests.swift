// SPDX-License-Identifier: MIT

import Core
import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Server

@Suite("Accounts over sockets")
struct AccountsOverSocketsTests {
    private static let settings = [
        "multiauth.policies": "account basicauth", "kinto.includes": "kinto.plugins.accounts",
        "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
        "kinto.account_create_principals": "system.Everyone",
    ]

    private func user(_ server: TestServer, _ login: String?) throws -> String? {
        let answer = try server.request("GET", "/v1/", user: login)
        return answer.json["user"]?.object?["id"]?.string
    }

    @Test("let users in by their password, and others by the next policy")
    func policies() throws {
        let server = try TestServer(settings: AccountsOverSocketsTests.settings)
        let body = "{\"data\":{\"password\":\"secret\"}}"
        #expect(try server.request("PUT", "/v1/accounts/mat", body: body, user: nil).status == 201)
        #expect(try user(server, "mat:secret") == "account:mat")
        #expect(try user(server, "mat:wrong")?.hasPrefix("basicauth:") == true)
        #expect(try user(server, nil) == nil)
        let new = "{\"data\":{\"password\":\"new\"}}"
        let change = try server.request("PATCH", "/v1/accounts/mat", body: new, user: "mat:secret")
        #expect(change.status == 200 && !change.body.contains("new"))
        #expect(try user(server, "mat:secret")?.hasPrefix("basicauth:") == true)
        #expect(try user(server, "mat:new") == "account:mat")
    }

    @Test("verify the login of a large request, too")
    func largeBody() throws {
        let server = try TestServer(settings: AccountsOverSocketsTests.settings)
        let body = "{\"data\":{\"password\":\"secret\"}}"
        #expect(try server.request("PUT", "/v1/accounts/mat", body: body, user: nil).status == 201)
        let text = String(repeating: "x", count: Limits.bodyParsedOnLoopBytesMax)
        let answer = try server.request(
            "PUT", "/v1/buckets/b", body: "{\"data\":{\"text\":\"\(text)\"}}", user: "mat:secret")
        #expect(answer.status == 201 && answer.body.contains("account:mat"))
    }

    @Test(
        "hash passwords on a few threads, for which no more work waits than they can bear",
        arguments: [
            (Limits.passwordThreadsMax, Limits.passwordJobsMax),
            (Limits.compressingThreadsMax, Limits.compressingJobsMax),
        ])
    func threads(threadsMax: Int, jobsMax: Int) {
        let threads = BackgroundThreads(threadsMax: threadsMax, jobsMax: jobsMax)
        let gate = DispatchSemaphore(value: 0)
        let started = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        let together = Mutex((now: 0, most: 0))
        let job: @Sendable () -> Void = {
            together.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            started.signal()
            gate.wait()
            together.withLock { $0.now -= 1 }
            done.signal()
        }
        for _ in 0..<threadsMax {
            #expect(threads.submit(job))
            started.wait()
        }
        for _ in 0..<jobsMax { #expect(threads.submit(job)) }
        #expect(!threads.submit(job))
        let all = threadsMax + jobsMax
        for _ in 0..<all { gate.signal() }
        for _ in 0..<all { done.wait() }
        #expect(together.withLock { $0.most } == threadsMax)
        #expect(threads.submit {})
    }

    /// Writes a configuration in which accounts are of no use without their first.
    private func configure(_ directory: HeliographProcess.Directory, _ more: String) throws
        -> String
    {
        let path = directory.path + "/a.ini"
        try """
        [app:main]
        kinto.storage_backend = sqlite
        kinto.storage_url = sqlite:///\(directory.path)/a.db
        kinto.includes = kinto.plugins.accounts
        multiauth.policies = account
        multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy
        \(more)
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test("have a first one, which the operator makes, or makes anew")
    func createUser() throws {
        let directory = try HeliographProcess.Directory()
        let ini = try configure(directory, "kinto.account_write_principals = account:admin")
        for password in ["forgotten", "hush-hush"] {
            let made = try HeliographProcess.run(
                ["create-user", "--ini", ini, "-u", "admin", "-p", password], in: directory)
            #expect(made.status == 0 && made.log.contains("account:admin is there"))
            #expect(!made.log.contains(password))
        }
        for (name, password) in [("a*b", "x"), ("mat", "")] {
            let refused = try HeliographProcess.run(
                ["create-user", "--ini", ini, "-u", name, "-p", password], in: directory)
            #expect(refused.status == 1)
        }
        let process = try HeliographProcess(
            ["serve", "--ini", ini, "--port", "0"], in: directory)
        let port = try process.waitUntilReady()
        for (password, status) in [("hush-hush", 200), ("forgotten", 401)] {
            let login = "Basic " + Base64.encode(Array("admin:\(password)".utf8))
            let connection = try TestConnection(port: port)
            try connection.send("GET", "/v1/accounts/admin", fields: ["Authorization": login])
            #expect(try connection.readAnswer().status == status)
        }
        let busy = try HeliographProcess.run(
            ["create-user", "--ini", ini, "-u", "mat", "-p", "x"], in: directory)
        #expect(busy.status == 69)
        let none = try HeliographProcess.run(["create-user", "-u", "a", "-p", "b"], in: directory)
        #expect(none.status == 78 && none.log.contains("kinto.plugins.accounts"))
        process.kill(SIGTERM)
        #expect(try process.waitForExit() == 0)
    }

    @Test("are in no log, nor are their passwords")
    func log() throws {
        let directory = try HeliographProcess.Directory()
        let ini = try configure(
            directory,
            "kinto.account_create_principals = system.Everyone\nheliograph.log_level = debug")
        let process = try HeliographProcess(
            ["serve", "--ini", ini, "--port", "0"], in: directory)
        let port = try process.waitUntilReady()
        let login = "Basic " + Base64.encode(Array("mat:hush-hush".utf8))
        for (method, path, body) in [
            ("PUT", "/v1/accounts/mat", "{\"data\":{\"password\":\"hush-hush\"}}"),
            ("GET", "/v1/", nil), ("GET", "/v1/nowhere", nil),
            ("PUT", "/v1/buckets/b", "{\"data\":\"hush-hush\"}"),
        ] {
            let connection = try TestConnection(port: port)
            try connection.send(
                method, path,
                fields: ["Authorization": login, "Content-Type": "application/json"], body: body)
            _ = try connection.readAnswer()
        }
        process.kill(SIGTERM)
        #expect(try process.waitForExit() == 0)
        for secret in ["hush", "Authorization", String(login.dropFirst(6)), "$2b$"] {
            #expect(!process.log.contains(secret))
        }
    }
}
