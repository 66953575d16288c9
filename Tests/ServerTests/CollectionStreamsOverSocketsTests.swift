// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing
import Wire

@testable import Server

private let streamPath = "/v1/buckets/b/collections/c/stream"
private let collectionPath = "/v1/buckets/b/collections/c"

/// Another user than `TestServer.request`'s.
private let you = "you:secret"

@Suite("A collection's stream")
struct CollectionStreamsOverSocketsTests {
    private func open(
        _ server: TestServer, _ query: String = "", user: String? = "me:secret"
    ) throws -> TestConnection {
        let connection = try server.connect()
        try connection.send("GET", streamPath + query, fields: BasicUser.fields(user))
        return connection
    }

    /// Lets `you` read the collection, by the given object's permission.
    private func share(_ server: TestServer, _ uri: String, with principals: [String]) throws {
        let list = principals.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = try server.request(
            "PATCH", uri, body: "{\"permissions\":{\"read\":[\(list)]}}")
        try #require(answer.status == 200)
    }

    @Test("is refused as the list of its records is, and given to who may read it")
    func permission() throws {
        let server = try TestServer(settings: ["kinto.changes.resources": "/buckets/other"])
        try server.makeCollection()
        try server.write("r")
        for user in [nil, you, "me:secret"] {
            for path in ["", "/none"] {
                let base = path.isEmpty ? collectionPath : "/v1/buckets/b/collections/none"
                let list = try server.request("GET", base + "/records", user: user)
                let stream = try server.connect()
                try stream.send("GET", base + "/stream", fields: BasicUser.fields(user))
                guard list.status != 200 else {
                    let text = try stream.read(until: "event: ready")
                    #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(text.contains("Content-Type: text/event-stream\r\n"))
                    #expect(text.contains("\"collection\":\"c\""))
                    continue
                }
                let answer = try stream.readAnswer()
                #expect(answer.status == list.status)
                #expect(answer.json == list.json)
                #expect(answer.fields["WWW-Authenticate"] == list.fields["WWW-Authenticate"])
            }
        }
        #expect(try server.request("HEAD", streamPath, user: you).status == 403)
        #expect(try server.request("HEAD", streamPath).status == 200)
        #expect(try server.request("POST", streamPath, body: "{}").status == 405)
    }

    @Test("of a collection without records begins with the timestamp that a poll gets")
    func empty() throws {
        let server = try TestServer()
        try server.makeCollection()
        let text = try open(server).read(until: "event: ready")
        let list = try server.request("GET", collectionPath + "/records")
        let timestamp = try #require(list.fields["ETag"]).dropFirst().dropLast()
        #expect(text.contains("\"last_modified\":\(timestamp),"))
    }

    @Test("tells changes, the deletion, and goes on when its reader may still read")
    func lifetime() throws {
        let server = try TestServer()
        try server.makeCollection()
        let stream = try open(server)
        _ = try stream.read(until: "event: ready")
        try server.write("r")
        _ = try stream.read(until: "\"host\":\"test\"}\n\n")
        _ = try server.request("DELETE", collectionPath)
        _ = try stream.read(until: "\"deleted\":true}\n\n")
        _ = try server.request("PUT", collectionPath)
        try server.write("s")
        _ = try stream.read(until: "\"host\":\"test\"}\n\n")
    }

    @Test(
        "has no filters", arguments: ["?bucket=b", "?collection=c", "?resource=/buckets/b", "?x=1"])
    func query(query: String) throws {
        let server = try TestServer()
        try server.makeCollection()
        let answer = try open(server, query).readAnswer()
        #expect(answer.status == 400)
        #expect(answer.json["errno"]?.integer == 107)
    }

    @Test("over WebSocket reads what comes right behind the handshake")
    func webSocket() throws {
        let server = try TestServer()
        try server.makeCollection()
        let connection = try server.connect()
        let authorization = BasicUser.fields("me:secret")["Authorization"] ?? ""
        let request =
            "GET \(streamPath) HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Authorization: \(authorization)\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        let ping = WebSocketFrameEncoder.text(
            Array("{\"type\":\"ping\",\"id\":1}".utf8), mask: WebSocketMask(1, 1, 1, 1))
        try connection.send(Array(request.utf8) + ping)
        #expect(try connection.readAnswer().status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        #expect(try connection.readMessage(&decoder)["type"]?.string == "change")
        #expect(try connection.readMessage(&decoder)["type"]?.string == "ready")
        #expect(try connection.readMessage(&decoder)["type"]?.string == "pong")
    }

    /// How a permission is given and taken away.
    enum Loss: CaseIterable, Sendable {
        case collectionPermission, bucketPermission, groupMembers, groupDeletion, deletion
        case bucketRecreation
    }

    @Test("ends soon after the permission is lost, however that happens", arguments: Loss.allCases)
    func revocation(loss: Loss) throws {
        let server = try TestServer(loops: 2)
        try server.makeCollection()
        let group = "/v1/buckets/b/groups/readers"
        switch loss {
        case .collectionPermission, .deletion, .bucketRecreation:
            try share(server, collectionPath, with: [BasicUser.id(you)])
        case .bucketPermission: try share(server, "/v1/buckets/b", with: [BasicUser.id(you)])
        case .groupMembers, .groupDeletion:
            let body = "{\"data\":{\"members\":[\"\(BasicUser.id(you))\"]}}"
            #expect(try server.request("PUT", group, body: body).status == 201)
            try share(server, collectionPath, with: ["/buckets/b/groups/readers"])
        }
        let events = try open(server, user: you)
        _ = try events.read(until: "event: ready")
        let socket = try server.connect()
        #expect(try socket.upgrade(streamPath, fields: BasicUser.fields(you)).status == 101)
        let owner = try open(server)
        _ = try owner.read(until: "event: ready")
        switch loss {
        case .collectionPermission: try share(server, collectionPath, with: [])
        case .bucketPermission: try share(server, "/v1/buckets/b", with: [])
        case .groupMembers:
            _ = try server.request("PUT", group, body: "{\"data\":{\"members\":[]}}")
        case .groupDeletion: _ = try server.request("DELETE", group)
        case .deletion: _ = try server.request("DELETE", collectionPath)
        case .bucketRecreation:
            _ = try server.request("DELETE", "/v1/buckets/b")
            _ = try server.request("PUT", "/v1/buckets/b", user: "third:secret")
        }
        _ = try events.readToEnd()
        var decoder = WebSocketFrameDecoder(role: .client)
        var message = try socket.readMessage(&decoder)
        while message["type"]?.string != "close" { message = try socket.readMessage(&decoder) }
        #expect(message["code"]?.integer == 1008)
        #expect(try socket.readToEnd().isEmpty)
        if case .bucketRecreation = loss {
            _ = try owner.readToEnd()
        } else {
            _ = try server.request("PUT", collectionPath)
            try server.write("last")
            _ = try owner.read(until: "\"host\":\"test\"}\n\n")
        }
    }

    /// The `data` of the next unnamed event.
    private func nextChange(_ stream: TestConnection) throws -> JSONObject {
        while true {
            let block = try stream.read(until: "\n\n")
            let lines = block.split(separator: "\n")
            guard !lines.contains(where: { $0.hasPrefix("event: ") }),
                let data = lines.first(where: { $0.hasPrefix("data: ") })
            else { continue }
            return try JSONParser.parse(String(data.dropFirst(6))).object ?? JSONObject()
        }
    }

    @Test("carries what changed, while several write at once", arguments: [1, 2])
    func changes(loops: Int) throws {
        let server = try TestServer(loops: loops)
        try server.makeCollection()
        try server.write("before")
        let stream = try open(server, "?_include=changes")
        _ = try stream.read(until: "\r\n\r\n")
        for writer in 0..<4 {
            Thread.detach {
                for number in 0..<30 {
                    let id = "w\(writer)-\(number % 7)"
                    _ =
                        number % 5 == 4
                        ? try? server.request("DELETE", "\(collectionPath)/records/\(id)").status
                        : try? server.write(id, data: "{\"n\":\(number)}")
                }
                _ = try? server.write("end-\(writer)")
            }
        }
        var records: [String: JSONObject] = [:]
        var last: Int64 = 0
        while (0..<4).contains(where: { records["end-\($0)"] == nil }) {
            let entry = try nextChange(stream)
            let timestamp = try #require(entry["last_modified"]?.integer)
            #expect(timestamp > last)
            last = timestamp
            for change in try #require(entry["changes"]?.array).compactMap(\.object) {
                let id = try #require(change["id"]?.string)
                records[id] = change["deleted"]?.bool == true ? nil : change
            }
        }
        let list = try server.request("GET", collectionPath + "/records").json["data"]?.array ?? []
        var expected: [String: JSONObject] = [:]
        for record in list.compactMap(\.object) {
            expected[try #require(record["id"]?.string)] = record
        }
        #expect(records == expected)
    }

    @Test("goes on after a cursor with what changed since, as a changeset since then has it")
    func changesSince() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("a")
        let etag = try #require(
            try server.request("GET", collectionPath + "/records").fields["ETag"])
        try server.write("b")
        let polled = try open(
            server, "?_include=changes&_since=%22\(etag.dropFirst().dropLast())%22")
        let entry = try nextChange(polled)
        #expect(entry["changes"]?.array?.map { $0.object?["id"]?.string } == ["b"])
        let socket = try server.connect()
        let answer = try socket.upgrade(
            streamPath + "?_include=changes", fields: BasicUser.fields("me:secret"))
        #expect(answer.status == 101)
        var decoder = WebSocketFrameDecoder(role: .client)
        let change = try socket.readMessage(&decoder)
        #expect(change["entry"]?.object?["changes"]?.array?.count == 2)
        #expect(try open(server, "?_include=records").readAnswer().status == 400)
    }

    /// Whatever comes until a record of that name, with what was told of resets.
    private func text(_ stream: TestConnection, untilRecord id: String) throws -> String {
        try stream.read(until: "\"id\":\"\(id)\"") + stream.read(until: "\n\n")
    }

    @Test("carries after a restart only what changed, but for who missed a write into the past")
    func restart() throws {
        let directory = try HeliographProcess.Directory()
        func start() throws -> TestServer {
            try TestServer(
                storage: SQLiteStorage(
                    path: directory.path + "/test.db", clock: HeliographServer.now))
        }
        var server = try start()
        try server.makeCollection()
        for id in ["a", "b"] { try server.write(id) }
        let first = try open(server, "?_include=changes")
        let cursor = try #require(
            try first.read(until: "event: ready").matches(of: #/id: (\S+)/#).last?.output.1)
        // The collection is not the one that was written last.
        for resource in ["", "/collections/other", "/collections/other/records/r"] {
            _ = try server.request("PUT", "/v1/buckets/b\(resource)")
        }
        server.server.stop()

        server = try start()
        let fresh = try open(server, "?_include=changes")
        _ = try fresh.read(until: "event: ready")
        let returned = try open(server, "?_include=changes&_since=\(cursor)")
        _ = try returned.read(until: "event: ready")
        try server.write("c")
        for stream in [fresh, returned] {
            let news = try text(stream, untilRecord: "c")
            #expect(!news.contains("reset"))
            #expect(!news.contains("\"id\":\"a\""))
        }
        server.server.stop()

        server = try start()
        let late = try open(server, "?_include=changes&_since=\(cursor)")
        let missed = try text(late, untilRecord: "c")
        #expect(!missed.contains("reset"))
        #expect(!missed.contains("\"id\":\"a\""))
        _ = try server.request(
            "PUT", "\(collectionPath)/records/past", body: "{\"data\":{\"last_modified\":5}}")
        server.server.stop()

        server = try start()
        try server.write("d")
        let unknowing = try open(server, "?_include=changes&_since=\(cursor)")
        let all = try text(unknowing, untilRecord: "past")
        #expect(all.contains("event: reset\ndata: {\"reason\":\"rewritten\"}"))
        #expect(all.contains("\"id\":\"a\""))
    }

    @Test("can be opened by a ticket, once, and ends when its user may not read any more")
    func ticket() throws {
        let server = try TestServer()
        try server.makeCollection()
        try share(server, collectionPath, with: [BasicUser.id(you)])
        func ticket(_ user: String) throws -> String {
            let answer = try server.request(
                "POST", "/v1/buckets/monitor/collections/changes/ticket", user: user)
            return try #require(answer.json["data"]?.object?["ticket"]?.string)
        }
        let yours = try ticket(you)
        let stream = try open(server, "?ticket=\(yours)", user: nil)
        _ = try stream.read(until: "event: ready")
        #expect(try open(server, "?ticket=\(yours)", user: nil).readAnswer().status == 401)
        let others = try ticket("third:secret")
        #expect(try open(server, "?ticket=\(others)", user: nil).readAnswer().status == 403)
        let monitor = try server.connect()
        let monitorPath = "/v1/buckets/monitor/collections/changes/stream"
        try monitor.send("GET", "\(monitorPath)?ticket=\(try ticket(you))")
        _ = try monitor.read(until: "event: ready")
        try share(server, collectionPath, with: [])
        _ = try stream.readToEnd()
    }
}
