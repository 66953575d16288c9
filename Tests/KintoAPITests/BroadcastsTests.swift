// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Broadcasts")
struct BroadcastsTests {
    private static let path = "/v1/__broadcasts__"
    private static let id = Broadcast.monitorChangesID

    private func version(_ server: TestServer) async -> String? {
        let response = await server.send("GET", Self.path, as: nil)
        #expect(response.status == 200)
        return response.json.object?["broadcasts"]?.object?[Self.id]?.string
    }

    private func write(_ record: String, _ server: TestServer) async -> String? {
        let response = await server.send(
            "PUT", "/v1/buckets/b/collections/c/records/\(record)", "{}")
        return response.fields["ETag"]
    }

    @Test("announce nothing when nothing is monitored, and that is no error")
    func nothing() async throws {
        let server = try TestServer(KintoSettings.embedded)
        let response = await server.send("GET", Self.path, as: nil)
        #expect(response.status == 200)
        #expect(response.json == ["broadcasts": [:], "code": 200])
    }

    @Test("begin with the first change, and tell later ones when the interval ends")
    func debounced() async throws {
        let server = try TestServer(KintoSettings.embedded)
        await server.makeCollection()
        let first = await write("one", server)
        #expect(first != nil)
        #expect(await version(server) == first)
        _ = await write("two", server)
        let third = await write("three", server)
        server.clock.advance(seconds: 299)
        #expect(await version(server) == first)
        #expect(server.timers.waits.count == 1)
        server.clock.advance(seconds: 1)
        server.timers.fire()
        #expect(await version(server) == third, "no request or write was needed")
    }

    @Test("are remembered by the storage")
    func stored() async throws {
        let server = try TestServer(KintoSettings.embedded)
        await server.makeCollection()
        let first = await write("one", server)
        await server.settle()
        let stored = try server.storage.broadcasts()
        #expect(stored.map(\.id) == [Self.id])
        #expect(stored.map(\.version) == [first])
    }

    @Test("pass over what is only for reviewers")
    func previews() async throws {
        let server = try TestServer(KintoSettings.embedded)
        for uri in [
            "/buckets/b-preview/collections/c", "/buckets/b/collections/c-preview",
            "/buckets/b-preview-2/collections/c", "/buckets/b/collections/c-previews",
        ] {
            await server.makeCollection(uri)
            #expect(await server.send("PUT", "/v1\(uri)/records/r", "{}").status == 201)
        }
        let response = await server.send("GET", Self.path)
        #expect(response.json == ["broadcasts": [:], "code": 200])
    }
}

@Suite("Broadcasts where the list of changes is private")
struct PrivateBroadcastsTests {
    @Test("announce only what everyone may read, also when it becomes so")
    func publicPart() async throws {
        let settings = [
            "heliograph.changes.private": "true",
            "kinto.push_broadcast_min_debounce_interval_seconds": "0",
        ]
        let server = try TestServer(KintoSettings.embedded.merging(settings) { $1 })
        func version() async -> String? {
            // What everyone may read is found out beside the writes.
            await server.settle()
            return await server.send("GET", "/v1/__broadcasts__", as: nil)
                .json["/broadcasts/remote-settings~1monitor_changes"]?.string
        }
        func write(_ bucket: String) async -> String? {
            await server.send("POST", "/v1/buckets/\(bucket)/collections/c/records", "{}")
                .fields["ETag"]
        }
        for bucket in ["p", "secret"] {
            await server.makeCollection("/buckets/\(bucket)/collections/c")
        }
        _ = await write("secret")
        #expect(await version() == nil)
        let first = await write("p")
        let read = "{\"permissions\":{\"read\":[\"system.Everyone\"]}}"
        #expect(await server.send("PATCH", "/v1/buckets/p", read).status == 200)
        #expect(await version() == first, "it may be read since it was written")
        _ = await write("secret")
        #expect(await version() == first)
        let second = await write("p")
        #expect(await version() == second)
        let anonymous = await server.send(
            "GET", "/v1/buckets/monitor/collections/changes/records", as: nil)
        #expect(anonymous.fields["ETag"] == second)
        let none = "{\"permissions\":{\"read\":[]}}"
        #expect(await server.send("PATCH", "/v1/buckets/p", none).status == 200)
        _ = await write("p")
        #expect(await version() == second, "nor does it go back")
    }
}

@Suite("Megaphone's endpoints")
struct MegaphoneTests {
    private static let settings = [
        "heliograph.broadcasts.reader_tokens": "readone readtwo",
        "heliograph.broadcasts.broadcaster_tokens": "foo:feed, foo:dead baz:baada",
    ]

    private func put(
        _ id: String, _ version: String, token: String? = "feed", _ server: TestServer
    ) async -> HTTPResponse {
        let fields = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        let head = HTTPRequestHead(
            method: .put, target: "/v1/broadcasts/\(id)", fields: HTTPFields(fields))
        return await server.send(HTTPRequest(head: head, body: Array(version.utf8)))
    }

    private func get(_ authorization: String?, _ server: TestServer) async -> HTTPResponse {
        let fields = authorization.map { [("Authorization", $0)] } ?? []
        return await server.send("GET", "/v1/broadcasts", as: nil, headers: fields)
    }

    @Test("take versions from broadcasters, and show them to readers")
    func roundTrip() async throws {
        let server = try TestServer(Self.settings)
        let new = await put("foo/bar", "\"v0\"", server)
        #expect(new.status == 201)
        #expect(new.json == ["code": 201])
        let changed = await put("foo/bar", "v1", token: "dead", server)
        #expect(changed.status == 200)
        #expect(changed.json == ["code": 200])
        #expect(await put("baz/quux", "v0", token: "baada", server).status == 201)
        for authorization in ["Bearer readone", "bearer readtwo", "BEARER readone"] {
            let answer = await get(authorization, server)
            #expect(answer.status == 200)
            #expect(
                answer.json
                    == ["code": 200, "broadcasts": ["baz/quux": "v0", "foo/bar": "v1"]])
        }
        let everyone = await server.send("GET", "/v1/__broadcasts__", as: nil)
        #expect(everyone.json["/broadcasts/baz~1quux"] == "v0")
    }

    @Test(
        "refuse in Megaphone's words, the id first, then the body, then the token",
        arguments: [
            ("f.o/bar", "", nil, 400, 100),
            (String(repeating: "a", count: 65) + "/b", "v", "x", 400, 100),
            ("foo/b.r", "", nil, 400, 101),
            ("foo/" + String(repeating: "a", count: 129), "v", nil, 400, 101),
            ("foo/bar", "", nil, 400, 102), ("foo/bar", "é", nil, 400, 103),
            ("foo/bar", String(repeating: "a", count: 201), nil, 400, 103),
            ("foo/bar", "v", nil, 401, 120), ("foo/bar", "v", "nobody", 401, 121),
            ("foo/bar", "v", "baada", 403, 122), ("foo/bar", "v", "readone", 403, 122),
        ] as [(String, String, String?, Int, Int64)])
    func refusals(
        _ id: String, _ version: String, _ token: String?, _ status: Int, _ errno: Int64
    ) async throws {
        let server = try TestServer(Self.settings)
        let answer = await put(id, version, token: token, server)
        #expect(answer.status == status)
        #expect(answer.errno == errno)
        #expect(answer.json["/code"]?.integer == Int64(status))
        #expect(answer.json["/error"]?.string != nil)
        #expect(
            (answer.fields["WWW-Authenticate"]?.hasPrefix("Bearer realm=") ?? false)
                == (status == 401))
    }

    @Test("take ids and versions up to their limits")
    func limits() async throws {
        let server = try TestServer([
            "heliograph.broadcasts.broadcaster_tokens":
                String(repeating: "b", count: Limits.broadcasterBytesMax) + ":t"
        ])
        let id =
            String(repeating: "b", count: Limits.broadcasterBytesMax) + "/"
            + String(repeating: "c", count: Limits.broadcastChannelBytesMax)
        let version = String(repeating: "v", count: Limits.broadcastVersionBytesMax)
        #expect(await put(id, version, token: "t", server).status == 201)
    }

    @Test("take as many broadcasts as there can be, and then only newer versions of those")
    func tooMany() async throws {
        let server = try TestServer(Self.settings)
        for number in 0..<Limits.broadcastsMax {
            #expect(await put("foo/c\(number)", "v", server).status == 201)
        }
        let answer = await put("foo/more", "v", server)
        #expect(answer.status == 400)
        #expect(answer.errno == 101)
        #expect(await put("foo/c0", "w", server).status == 200)
    }

    @Test("show nothing to those who may not read")
    func readers() async throws {
        let server = try TestServer(Self.settings)
        for (authorization, status, errno) in [
            (nil, 401, 120), ("Bearer nobody", 401, 121), ("Bearer", 401, 121),
            ("Basic readone", 401, 121), ("Bearer feed", 403, 122),
        ] as [(String?, Int, Int64)] {
            let answer = await get(authorization, server)
            #expect(answer.status == status)
            #expect(answer.errno == errno)
        }
    }

    @Test("leave the server's own broadcast to the server, but only where it has one")
    func own() async throws {
        let tokens = ["heliograph.broadcasts.broadcaster_tokens": "remote-settings:t"]
        let id = Broadcast.monitorChangesID
        let relay = try TestServer(tokens)
        #expect(await put(id, "\"1\"", token: "t", relay).status == 201)
        let following = try TestServer(tokens.merging(KintoSettings.embedded) { $1 })
        #expect(await put(id, "\"1\"", token: "t", following).status == 403)
        #expect(await put("remote-settings/other", "1", token: "t", following).status == 201)
    }

    @Test("are not there without a token, nor at shorter paths")
    func absent() async throws {
        let server = try TestServer()
        #expect(await get("Bearer x", server).status == 404)
        #expect(await put("foo", "v", try TestServer(Self.settings)).status == 404)
        #expect(await server.send("GET", "/v1/push").status == 404)
    }

    @Test(
        "refuse to start with tokens that are two people's, or nobody's",
        arguments: ["foo", "foo:", ":t", "f.o:t", "foo:t baz:t"])
    func badTokens(value: String) {
        #expect(throws: SettingsError.self) {
            try KintoSettings(["heliograph.broadcasts.broadcaster_tokens": value])
        }
    }

    @Test("refuse a token of a reader and a broadcaster")
    func sharedToken() {
        #expect(throws: SettingsError.self) {
            try KintoSettings([
                "heliograph.broadcasts.reader_tokens": "t",
                "heliograph.broadcasts.broadcaster_tokens": "foo:t",
            ])
        }
    }

    @Test("tell who comes to the address of the push service without a WebSocket what is needed")
    func push() async throws {
        let server = try TestServer(Self.settings)
        let answer = await server.send("HEAD", "/v1/push", as: nil)
        #expect(answer.status == 426)
        #expect(answer.fields["Upgrade"] == "websocket")
    }
}
