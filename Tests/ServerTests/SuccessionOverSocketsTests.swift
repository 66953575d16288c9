// SPDX-License-Identifier: MIT

import Core
import Foundation
import KintoAPI
import Reactor
import Streams
import Testing
import Wire

@testable import Server

@Suite("A running server that takes over other options")
struct SuccessionOverSocketsTests {
    private func options(
        _ values: [String: String], connectionsMax: Int = Limits.connectionsPerLoopDefault
    ) throws -> HeliographServer.Options {
        var all = KintoSettings.embedded
        all["kinto.http_host"] = "test"
        return HeliographServer.Options(
            listeners: [], connectionsMax: connectionsMax,
            kinto: try KintoSettings(all.merging(values) { $1 }))
    }

    @Test("answers each request by the old ones or by the new ones, never by some of each")
    func atomic() throws {
        let server = try TestServer(
            settings: ["kinto.backoff": "0", "kinto.project_name": "0"], loops: 2)
        let wanted = 40
        let connections = try (0..<4).map { _ in try server.connect() }
        var seen: Set<String> = []
        for number in 1...wanted {
            for connection in connections {
                // Some are answered before the change, some meanwhile, some after it.
                try connection.send(
                    String(repeating: "GET /v1/ HTTP/1.1\r\nHost: t\r\n\r\n", count: 8))
            }
            server.server.adopt(
                try options([
                    "kinto.backoff": "\(number)", "kinto.project_name": "\(number)",
                ]))
            for connection in connections {
                for _ in 0..<8 {
                    let answer = try connection.readAnswer()
                    let name = answer.json["project_name"]?.string
                    #expect(answer.fields["Backoff"] == name)
                    seen.insert(name ?? "")
                }
                try connection.send("GET", "/v1/")
                #expect(try connection.readAnswer().fields["Backoff"] == "\(number)")
            }
        }
        #expect(seen.count > 1)
    }

    @Test("lets as many in as the new limit, sends nobody away, and lets more in again")
    func connectionsMax() throws {
        let server = try TestServer(loops: 2, connectionsMax: 4)
        func ask() throws -> (Int, TestConnection) {
            let connection = try server.connect()
            try connection.send("GET", "/v1/__lbheartbeat__")
            return (try connection.readAnswer().status, connection)
        }
        let first = try (0..<4).map { _ in try ask() }
        #expect(first.map(\.0) == [200, 200, 200, 200])
        #expect(try ask().0 == 503)
        server.server.adopt(try options([:], connectionsMax: 2_000))
        var status = 503
        var more: [TestConnection] = []
        while more.count < 1_200 {
            let (next, connection) = try ask()
            status = next
            guard status == 200 else { break }
            more.append(connection)
        }
        #expect(status == 200, "beyond what the loops had room for when they began")
        server.server.adopt(try options([:], connectionsMax: first.count + more.count - 1))
        #expect(try ask().0 == 503)
        for connection in first.map(\.1) + more.suffix(4) {
            try connection.send("GET", "/v1/__lbheartbeat__")
            #expect(try connection.readAnswer().status == 200)
        }
    }

    @Test("ends the streams that may not be read any more, and no other")
    func permissions() throws {
        let server = try TestServer(
            settings: ["kinto.record_read_principals": "system.Authenticated"], loops: 2)
        try server.makeCollection()
        let path = "/v1/buckets/b/collections/c/stream"
        func open(_ user: String) throws -> TestConnection {
            let connection = try server.connect()
            let fields = ["Authorization": "Basic " + Base64.encode(Array(user.utf8))]
            try connection.send("GET", path, fields: fields)
            _ = try connection.read(until: "event: ready")
            return connection
        }
        let owner = try open("me:secret")
        let reader = try open("you:secret")
        server.server.adopt(try options([:]))
        _ = try reader.readToEnd()
        try server.write("r")
        _ = try owner.read(until: "\"host\":\"test\"}\n\n")
    }

    @Test("shows a private feed, and announces of it, by what everyone may read from then on")
    func privateFeed() throws {
        let shared = [
            "heliograph.changes.private": "true",
            "kinto.push_broadcast_min_debounce_interval_seconds": "0",
        ]
        let open = shared.merging(["kinto.record_read_principals": "system.Everyone"]) { $1 }
        let server = try TestServer(settings: open, loops: 2)
        try server.makeCollection()
        try server.write("r1")
        let stream = try server.connect()
        try stream.send("GET", "/v1/buckets/monitor/collections/changes/stream")
        #expect(try stream.read(until: "event: ready").contains("\"collection\":\"c\""))
        func version() throws -> String? {
            try server.request("GET", "/v1/__broadcasts__", user: nil)
                .json["broadcasts"]?.object?["remote-settings/monitor_changes"]?.string
        }
        var settled = try version()
        repeat {
            settled = try version()
            usleep(100_000)
        } while try settled == nil || version() != settled
        server.server.adopt(try options(shared))
        let reset = try stream.read(until: "event: reset") + stream.read(until: "event: ready")
        #expect(!reset.contains("\"collection\":\"c\""))
        let list = "/v1/buckets/monitor/collections/changes/records"
        #expect(try server.request("GET", list, user: nil).body == "{\"data\":[]}")
        for number in 2...10 { try server.write("r\(number)") }
        #expect(try version() == settled, "nobody is told of what not everyone may read")
        server.server.adopt(try options(open))
        while try version() == settled { usleep(1_000) }
        #expect(try stream.read(until: "event: ready").contains("\"collection\":\"c\""))
    }

    @Test("remembers who has logged in, by the new time")
    func logins() throws {
        let accounts = [
            "kinto.includes": KintoSettings.accountsPlugin, "multiauth.policies": "account",
            "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
            "kinto.account_create_principals": "system.Everyone",
        ]
        let server = try TestServer(settings: accounts)
        let made = try server.request(
            "PUT", "/v1/accounts/me", body: #"{"data":{"password":"secret"}}"#, user: nil)
        #expect(made.status == 201)
        func user() throws -> String? {
            let answer = try server.request("GET", "/v1/")
            return answer.json["user"]?.object?["id"]?.string
        }
        #expect(try user() == "account:me")
        server.server.adopt(
            try options(accounts.merging(["kinto.account_cache_ttl_seconds": "0"]) { $1 }))
        #expect(try user() == "account:me")
        server.server.adopt(try options(["multiauth.policies": "basicauth"]))
        #expect(try user()?.hasPrefix("basicauth:") == true)
    }
}
