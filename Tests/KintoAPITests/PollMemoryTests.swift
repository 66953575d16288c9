// SPDX-License-Identifier: MIT

import Core
import Foundation
import Storage
import Testing
import Wire

@testable import KintoAPI

private let collection = "/v1/buckets/b/collections/c"
private let changeset = "\(collection)/changeset"

@Suite("A changeset that was polled before")
struct PollMemoryTests {
    /// Where objects are kept.
    enum Place: String, CaseIterable, Sendable {
        case memory, file
    }

    private func withServer(
        _ place: Place = .memory, _ more: [String: String] = [:],
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "heliograph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var settings = [
            "multiauth.policies": "basicauth", "kinto.changes.resources": "*",
            "kinto.includes": "kinto.plugins.flush",
        ]
        settings.merge(more) { $1 }
        let server = try TestServer(
            settings, file: place == .file ? directory.appending(path: "p.db").path : nil)
        await server.makeCollection()
        try await body(server)
    }

    private func write(_ server: TestServer, _ record: String, _ data: String = "{}") async {
        let answer = await server.send(
            "PUT", "\(collection)/records/\(record)", "{\"data\":\(data)}")
        #expect([200, 201].contains(answer.status))
    }

    /// What a server would answer that remembers nothing.
    private func fresh(
        _ server: TestServer, _ target: String, as user: String? = "mat"
    ) async -> HTTPResponse {
        await server.answerAnew(TestServer.request("GET", target, as: user))
    }

    /// Requests that change something of the collection, or of who may read it.
    static let writes: [(method: String, target: String, body: String?)] = [
        ("PUT", "\(collection)/records/a", #"{"data":{"n":1}}"#),
        ("PUT", "\(collection)/records/a", #"{"data":{"n":2,"last_modified":7}}"#),
        ("PATCH", "\(collection)/records/a", #"{"data":{"n":3}}"#),
        ("POST", "\(collection)/records", #"{"data":{"last_modified":5}}"#),
        ("DELETE", "\(collection)/records/a", nil),
        ("DELETE", "\(collection)/records/b?last_modified=9", nil),
        ("DELETE", "\(collection)/records", nil),
        ("PUT", collection, #"{"data":{"title":"other"}}"#),
        ("PATCH", collection, #"{"data":{"title":"new","last_modified":3}}"#),
        ("PATCH", collection, #"{"permissions":{"read":["system.Everyone"]}}"#),
        ("PUT", "/v1/buckets/b/groups/g", #"{"data":{"members":["account:eve"]}}"#),
        ("DELETE", collection, nil), ("DELETE", "/v1/buckets/b/collections", nil),
        ("DELETE", "/v1/buckets/b", nil), ("DELETE", "/v1/buckets", nil),
        ("POST", "/v1/__flush__", nil),
        (
            "POST", "/v1/batch",
            #"{"requests":[{"method":"PUT","path":"\#(collection)/records/z","body":{}},"#
                + #"{"method":"PATCH","path":"\#(collection)","body":{"data":{"x":1}}}]}"#
        ),
    ]

    @Test(
        "is never shown when something of it was written, by any way there is",
        arguments: Place.allCases, Self.writes.indices)
    func neverStale(place: Place, number: Int) async throws {
        try await withServer(place) { server in
            for record in ["a", "b", "d"] { await write(server, record) }
            #expect(await server.send("DELETE", "\(collection)/records/d").status == 200)
            let targets = ["", "&_since=1", "&_limit=1", "&_since=5&_limit=2"].map {
                "\(changeset)?_expected=0\($0)"
            }
            // Twice, so that it is remembered.
            for target in targets + targets {
                _ = await server.send("GET", target)
                _ = await server.send("GET", target, as: nil)
            }
            let write = Self.writes[number]
            let answer = await server.send(write.method, write.target, write.body)
            #expect((200...299).contains(answer.status), "\(write.method) \(write.target)")
            for target in targets {
                for user in ["mat", nil] {
                    let polled = await server.send("GET", target, as: user)
                    let expected = await fresh(server, target, as: user)
                    #expect(polled.status == expected.status, "\(write) \(target)")
                    #expect(polled.body.bytes == expected.body.bytes, "\(write) \(target)")
                    #expect(polled.fields["Last-Modified"] == expected.fields["Last-Modified"])
                }
            }
        }
    }

    @Test("is not shown within a batch that writes before it polls")
    func batch() async throws {
        try await withServer { server in
            await write(server, "a")
            for _ in 0..<2 { _ = await server.send("GET", "\(changeset)?_expected=0") }
            let parts =
                #"{"method":"PUT","path":"\#(collection)/records/z","body":{}},"#
                + #"{"path":"\#(changeset)?_expected=0"}"#
            let answer = await server.send("POST", "/v1/batch", "{\"requests\":[\(parts)]}")
            let changes = answer.json["/responses/1/body/changes"]?.array ?? []
            #expect(changes.compactMap { $0["/id"]?.string } == ["z", "a"])
        }
    }

    @Test("is what the storage would tell, from each timestamp on and of each length")
    func beginnings() async throws {
        try await withServer { server in
            for number in 0..<6 { await write(server, "r\(number)", "{\"n\":\(number)}") }
            #expect(await server.send("DELETE", "\(collection)/records/r2").status == 200)
            let all = await server.send("GET", "\(changeset)?_expected=0&_since=0")
            let changes = try #require(all.json["/changes"]?.array)
            #expect(changes.count == 6)
            let timestamps = changes.compactMap { $0["/last_modified"]?.integer }
            let sinces: [Int64] = timestamps.flatMap { [$0 - 1, $0] }
            for since in [nil, 0] + sinces {
                for limit in [nil, 1, 2, 5, 6, 7] {
                    var target = "\(changeset)?_expected=0"
                    if let since { target += "&_since=\(since)" }
                    if let limit { target += "&_limit=\(limit)" }
                    let polled = await server.send("GET", target)
                    let expected = await fresh(server, target)
                    #expect(polled.status == 200 && !polled.body.bytes.isEmpty)
                    #expect(polled.body.bytes == expected.body.bytes, "\(target)")
                }
            }
        }
    }

    @Test("is of as many records as the server tells at once, and no more")
    func pages() async throws {
        try await withServer(.memory, ["kinto.paginate_by": "2"]) { server in
            for number in 0..<4 { await write(server, "r\(number)") }
            for target in ["", "&_since=1", "&_limit=3", "&_limit=1", "&_since=0"] {
                for _ in 0..<2 {
                    let polled = await server.send("GET", "\(changeset)?_expected=0\(target)")
                    let count = polled.json["/changes"]?.array?.count
                    #expect(count == (target == "&_limit=1" ? 1 : 2))
                }
            }
        }
    }

    @Test("is refused to who may not read it, and to who may not any more")
    func permissions() async throws {
        try await withServer { server in
            await write(server, "a")
            let target = "\(changeset)?_expected=0"
            func statuses() async -> [Int] {
                var statuses: [Int] = []
                for user in ["mat", "alice", nil] {
                    statuses.append(await server.send("GET", target, as: user).status)
                }
                return statuses
            }
            for _ in 0..<2 { #expect(await statuses() == [200, 403, 401]) }
            let alice = TestServer.userID("alice")
            let group = "{\"data\":{\"members\":[\"\(alice)\"]}}"
            let grant = #"{"permissions":{"read":["/buckets/b/groups/g"]}}"#
            #expect(await server.send("PATCH", collection, grant).status == 200)
            for _ in 0..<2 { #expect(await statuses() == [200, 403, 401]) }
            #expect(await server.send("PUT", "/v1/buckets/b/groups/g", group).status == 201)
            for _ in 0..<2 { #expect(await statuses() == [200, 200, 401]) }
            #expect(await server.send("DELETE", "/v1/buckets/b/groups/g").status == 200)
            for _ in 0..<2 { #expect(await statuses() == [200, 403, 401]) }
            let everyone = #"{"permissions":{"read":["system.Everyone"]}}"#
            #expect(await server.send("PATCH", "/v1/buckets/b", everyone).status == 200)
            for _ in 0..<2 { #expect(await statuses() == [200, 200, 200]) }
            let nobody = #"{"permissions":{"read":[]}}"#
            #expect(await server.send("PATCH", "/v1/buckets/b", nobody).status == 200)
            for _ in 0..<2 { #expect(await statuses() == [200, 403, 401]) }
        }
    }

    @Test("is refused for what is wrong with the request, as the first was")
    func errors() async throws {
        try await withServer { server in
            await write(server, "a")
            for query in ["", "?_expected=", "?_expected=0&_since=x", "?_expected=0&_limit=x"] {
                let polled = await server.send("GET", changeset + query)
                #expect(polled.status == 400)
                _ = await server.send("GET", "\(changeset)?_expected=0")
                let again = await server.send("GET", changeset + query)
                #expect(again.status == 400 && again.body.bytes == polled.body.bytes)
            }
        }
    }

    @Test("keeps no more readers than the limit, and knows them by heart up to it")
    func readers() {
        let memory = PollMemory()
        let path = CollectionPath(bucket: "b", collection: "c")
        let viewers = (0...Limits.rememberedReadersMax).map { Viewer(userID: "\($0)") }
        for viewer in viewers.dropLast() { memory.noteReader(viewer, path, at: 3) }
        #expect(viewers.dropLast().allSatisfy { memory.mayRead($0, path, at: 3) })
        #expect(!memory.mayRead(viewers[0], path, at: 4))
        memory.noteReader(viewers[Limits.rememberedReadersMax], path, at: 3)
        #expect(viewers.count { memory.mayRead($0, path, at: 3) } == 1)
        // What was read before the last change of permissions does not count.
        memory.noteReader(viewers[0], path, at: 5)
        memory.noteReader(viewers[1], path, at: 4)
        #expect(viewers.filter { memory.mayRead($0, path, at: 5) } == [viewers[0]])
    }

    @Test("keeps what was asked for last, and no more bytes than the limit")
    func bounded() {
        var memory = BoundedMemory<Int, Int>(bytesMax: 100)
        for key in 0..<1_000 {
            memory.keep(key, bytes: 10, for: key)
            #expect(memory.value(of: key) == key)
            #expect(memory.value(of: 0) == 0, "it is asked for all the time")
            #expect(memory.byteCount <= 100)
        }
        #expect(memory.value(of: 500) == nil)
        memory.keep(1, bytes: 50, for: 1)
        #expect(memory.value(of: 1) == 1)
        memory.keep(2, bytes: 51, for: 1)
        #expect(memory.value(of: 1) == nil)
        #expect(Limits.pollMemoryBytesMax > 16 * 1_400_000, "many of the largest collections")
    }
}
