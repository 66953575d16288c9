// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import Server

private let feed = "/v1/buckets/monitor/collections/changes"

/// Users of basic authentication; `me:secret` is `TestServer.request`'s.
private let me = "me:secret"
private let you = "you:secret"

@Suite("The feed where it is private")
struct PrivateStreamsOverSocketsTests {
    private func start(_ more: [String: String] = [:], loops: Int = 1) throws -> TestServer {
        try TestServer(
            settings: ["heliograph.changes.private": "true"].merging(more) { $1 }, loops: loops)
    }

    /// Makes a bucket of a user's own, with a collection that has a record.
    private func make(_ server: TestServer, _ bucket: String, as user: String) throws {
        for path in ["", "/collections/c", "/collections/c/records/r"] {
            let answer = try server.request("PUT", "/v1/buckets/\(bucket)\(path)", user: user)
            try #require(answer.status == 201)
        }
    }

    @discardableResult
    private func write(_ server: TestServer, _ bucket: String, as user: String) throws -> String {
        let answer = try server.request(
            "POST", "/v1/buckets/\(bucket)/collections/c/records", body: "{}", user: user)
        try #require(answer.status == 201)
        return String(try #require(answer.fields["ETag"]).dropFirst().dropLast())
    }

    private func share(
        _ server: TestServer, _ uri: String, with principals: [String], as user: String = me
    ) throws {
        let list = principals.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = try server.request(
            "PATCH", "/v1\(uri)", body: "{\"permissions\":{\"read\":[\(list)]}}", user: user)
        try #require(answer.status == 200)
    }

    private func open(
        _ server: TestServer, as user: String?, _ query: String = ""
    ) throws -> TestConnection {
        let connection = try server.connect()
        try connection.send("GET", "\(feed)/stream\(query)", fields: BasicUser.fields(user))
        return connection
    }

    private func ticket(_ server: TestServer, _ user: String) throws -> String {
        let answer = try server.request("POST", "\(feed)/ticket", user: user)
        return try #require(answer.json["data"]?.object?["ticket"]?.string)
    }

    /// What an event stream says up to and with the next `ready`.
    private func readUntilReady(_ stream: TestConnection) throws -> String {
        try stream.read(until: "event: ready") + stream.read(until: "\n\n")
    }

    @Test("shows everyone their own, by headers, by a ticket, over WebSocket and to polls")
    func ways() throws {
        let server = try start()
        try make(server, "mine", as: me)
        try make(server, "yours", as: you)
        for (user, bucket, other) in [(me, "mine", "yours"), (you, "yours", "mine")] {
            let byHeader = try readUntilReady(open(server, as: user))
            let byTicket = try readUntilReady(
                open(server, as: nil, "?ticket=\(ticket(server, user))"))
            let polled = try server.request("GET", "\(feed)/records", user: user).body
            let changes = try server.request(
                "GET", "\(feed)/changeset?_expected=0", user: user
            ).body
            let socket = try server.connect()
            let path = "\(feed)/stream?ticket=\(try ticket(server, user))"
            #expect(try socket.upgrade(path).status == 101)
            var decoder = WebSocketFrameDecoder(role: .client)
            let message = try socket.readMessage(&decoder)
            #expect(try socket.readMessage(&decoder)["type"]?.string == "ready")
            let texts = [
                byHeader, byTicket, polled, changes, JSONWriter.string(.object(message)),
            ]
            for text in texts {
                #expect(text.contains("\"bucket\":\"\(bucket)\""))
                #expect(!text.contains(other))
            }
        }
        let anonymous = try readUntilReady(open(server, as: nil))
        #expect(anonymous.hasSuffix("event: ready\ndata: {\"timestamp\":0}\n\n"))
        let polled = try server.request("GET", "\(feed)/records", user: nil)
        #expect(polled.body == "{\"data\":[]}")
        #expect(try open(server, as: nil, "?ticket=none").readAnswer().status == 401)
    }

    @Test("of a server that does not say so shows everyone everything")
    func publicByDefault() throws {
        let server = try TestServer()
        try make(server, "mine", as: me)
        #expect(try readUntilReady(open(server, as: nil)).contains("\"bucket\":\"mine\""))
    }

    @Test(
        "tells two users nothing of each other's, not even a timestamp, while both write",
        arguments: [1, 2])
    func secrecy(loops: Int) throws {
        let server = try start(loops: loops)
        try make(server, "mine", as: me)
        try make(server, "yours", as: you)
        let streams = [
            (try open(server, as: me), "yours"), (try open(server, as: you), "mine"),
            (try open(server, as: nil), "c"),
        ]
        var texts = try streams.map { try readUntilReady($0.0) }
        var timestamps: [String: Set<String>] = ["mine": [], "yours": []]
        for _ in 0..<20 {
            for (user, bucket) in [(me, "mine"), (you, "yours")] {
                timestamps[bucket]?.insert(try write(server, bucket, as: user))
            }
        }
        // Everyone is told of this last.
        try make(server, "end", as: "third:secret")
        try share(server, "/buckets/end", with: ["system.Everyone"], as: "third:secret")
        for (place, (stream, other)) in streams.enumerated() {
            texts[place] += try stream.read(until: "event: reset")
            texts[place] += try readUntilReady(stream)
            #expect(texts[place].contains("\"bucket\":\"end\""))
            let hidden = other == "c" ? ["mine", "yours"] : [other]
            for bucket in hidden {
                #expect(!texts[place].contains("\"\(bucket)\""))
                for timestamp in timestamps[bucket] ?? [] {
                    // Both may have written within one millisecond.
                    let isOwn = timestamps.contains {
                        !hidden.contains($0.key) && $0.value.contains(timestamp)
                    }
                    #expect(isOwn || !texts[place].contains(timestamp))
                }
            }
        }
    }

    @Test("begins anew when its viewer's group may read more, and when it may not any more")
    func group() throws {
        let server = try start()
        try make(server, "mine", as: me)
        try make(server, "yours", as: you)
        let group = "/v1/buckets/mine/groups/readers"
        #expect(try server.request("PUT", group, body: "{\"data\":{}}", user: me).status == 201)
        try share(server, "/buckets/mine", with: ["/buckets/mine/groups/readers"])
        let stream = try open(server, as: you)
        #expect(try !readUntilReady(stream).contains("\"mine\""))
        let socket = try server.connect()
        #expect(try socket.upgrade("\(feed)/stream", fields: BasicUser.fields(you)).status == 101)
        let members = "{\"data\":{\"members\":[\"\(BasicUser.id(you))\"]}}"
        #expect(try server.request("PUT", group, body: members, user: me).status == 200)
        #expect(try stream.read(until: "event: reset").hasSuffix("event: reset"))
        let gained = try readUntilReady(stream)
        #expect(gained.hasPrefix("\ndata: {\"reason\":\"access\"}\n\n"))
        #expect(gained.contains("\"mine\"") && gained.contains("\"yours\""))
        try write(server, "mine", as: me)
        #expect(try stream.read(until: "\"host\":\"test\"}\n\n").contains("\"mine\""))
        #expect(try server.request("DELETE", group, user: me).status == 200)
        _ = try stream.read(until: "event: reset")
        let lost = try readUntilReady(stream)
        #expect(!lost.contains("\"mine\"") && lost.contains("\"yours\""))
        try write(server, "mine", as: me)
        try write(server, "yours", as: you)
        let live = try stream.read(until: "\"host\":\"test\"}\n\n")
        #expect(!live.contains("\"mine\"") && live.contains("\"yours\""))
        // Over WebSocket the same, and no subscription widens it.
        var decoder = WebSocketFrameDecoder(role: .client)
        var types: [String] = []
        while types.count(where: { $0 == "ready" }) < 3 {
            let message = try socket.readMessage(&decoder)
            types.append(message["type"]?.string ?? "")
            if types.last == "reset" { #expect(message["reason"]?.string == "access") }
        }
        #expect(types.count { $0 == "reset" } == 2)
        let subscribe = "{\"type\":\"subscribe\",\"resources\":[\"/buckets/mine\"]}"
        try socket.send(
            WebSocketFrameEncoder.text(Array(subscribe.utf8), mask: WebSocketMask(1, 1, 1, 1)))
        var message = try socket.readMessage(&decoder)
        while message["type"]?.string == "change" {
            #expect(message["entry"]?.object?["bucket"]?.string == "yours")
            message = try socket.readMessage(&decoder)
        }
        #expect(message["type"]?.string == "ready")
    }

    @Test("tells of a bucket's deletion whoever could read it, without beginning anew")
    func bucketDeletion() throws {
        let server = try start()
        try make(server, "mine", as: me)
        try make(server, "yours", as: you)
        try share(server, "/buckets/mine", with: [BasicUser.id(you)])
        let stream = try open(server, as: you)
        let start = try readUntilReady(stream)
        #expect(start.contains("\"mine\"") && start.contains("\"yours\""))
        let other = try open(server, as: "third:secret")
        _ = try readUntilReady(other)
        #expect(try server.request("DELETE", "/v1/buckets/mine", user: me).status == 200)
        let rest = try readUntilReady(stream)
        #expect(rest.contains("\"bucket\":\"mine\"") && rest.contains("\"deleted\":true"))
        #expect(!rest.contains("reset"))
        // Whoever makes it anew does so without those who could read it before.
        try make(server, "mine", as: "third:secret")
        try write(server, "yours", as: you)
        #expect(try !stream.read(until: "\"yours\"").contains("\"mine\""))
        _ = try other.read(until: "event: reset")
        #expect(try readUntilReady(other).contains("\"mine\""))
    }

    @Test("is resumed by the cursor of what one may read, and begun anew with another's")
    func resuming() throws {
        let server = try start()
        try make(server, "mine", as: me)
        try make(server, "yours", as: you)
        func lastID(_ text: String) -> String {
            String(text.split(separator: "\n").last { $0.hasPrefix("id: ") }?.dropFirst(4) ?? "")
        }
        let cursor = lastID(try readUntilReady(open(server, as: me)))
        try write(server, "yours", as: you)
        let same = try readUntilReady(open(server, as: me, "?_since=\(cursor)"))
        #expect(!same.contains("reset") && !same.contains("\"bucket\""))
        let other = try readUntilReady(open(server, as: you, "?_since=\(cursor)"))
        #expect(other.contains("event: reset\ndata: {\"reason\":\"access\"}\n\n"))
        #expect(other.contains("\"yours\"") && !other.contains("\"mine\""))
        let poll = try server.request("GET", "\(feed)/records", user: me)
        let tag = try #require(poll.fields["ETag"])
        let polled = try readUntilReady(
            open(server, as: me, "?_since=%22\(tag.dropFirst().dropLast())%22"))
        #expect(!polled.contains("reset") && !polled.contains("\"bucket\""))
    }

    @Test("ends when its viewer's account is gone")
    func account() throws {
        let server = try start([
            "kinto.includes": "kinto.plugins.accounts", "multiauth.policies": "account basicauth",
            "multiauth.policy.account.use": "kinto.plugins.accounts.AccountsPolicy",
            "kinto.account_create_principals": "system.Everyone",
        ])
        let made = try server.request(
            "PUT", "/v1/accounts/you", body: "{\"data\":{\"password\":\"secret\"}}", user: nil)
        try #require(made.status == 201)
        try make(server, "yours", as: you)
        let stream = try open(server, as: you)
        #expect(try readUntilReady(stream).contains("\"yours\""))
        // A wrong password is nobody's; without it one is the user of basic authentication.
        let wrong = try readUntilReady(open(server, as: "you:wrong"))
        #expect(!wrong.contains("\"yours\""))
        #expect(try server.request("DELETE", "/v1/accounts/you", user: you).status == 200)
        _ = try stream.readToEnd()
    }
}
