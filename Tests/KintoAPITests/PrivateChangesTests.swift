// SPDX-License-Identifier: MIT

import Core
import Hub
import Storage
import Testing
import Wire

@testable import KintoAPI

private let records = "/v1/buckets/monitor/collections/changes/records"
private let changeset = "/v1/buckets/monitor/collections/changes/changeset?_expected=0"

@Suite("The list of changes where it is private")
struct PrivateChangesTests {
    /// A server where mat has made three collections with a record each, the last of which alice
    /// may read.
    private func server(_ more: [String: String] = [:]) async throws -> TestServer {
        let settings = ["heliograph.changes.private": "true"].merging(more) { $1 }
        let server = try TestServer(KintoSettings.embedded.merging(settings) { $1 })
        for collection in ["one", "two", "shared"] {
            await server.makeCollection("/buckets/b/collections/\(collection)")
            await write(server, collection)
        }
        await share(server, "/buckets/b/collections/shared", with: [TestServer.userID("alice")])
        return server
    }

    @discardableResult
    private func write(_ server: TestServer, _ collection: String) async -> Timestamp? {
        let answer = await server.send(
            "POST", "/v1/buckets/b/collections/\(collection)/records", "{}")
        #expect(answer.status == 201)
        return answer.json["/data/last_modified"]?.integer.map(Timestamp.init(milliseconds:))
    }

    private func share(
        _ server: TestServer, _ uri: String, with principals: [String], as user: String = "mat",
        permission: String = "read"
    ) async {
        let list = principals.map { "\"\($0)\"" }.joined(separator: ",")
        let answer = await server.send(
            "PATCH", "/v1\(uri)", as: user, "{\"permissions\":{\"\(permission)\":[\(list)]}}",
            headers: [("Content-Type", "application/json")])
        #expect(answer.status == 200)
    }

    private func shown(
        _ server: TestServer, _ user: String?, _ target: String = records
    ) async -> [String] {
        let answer = await server.send("GET", target, as: user)
        #expect(answer.status == 200)
        let list = answer.json["/data"] ?? answer.json["/changes"]
        return (list?.array ?? []).compactMap { $0["/collection"]?.string }
    }

    @Test("has the collections that one may read, over both addresses")
    func reading() async throws {
        let server = try await server()
        for target in [records, changeset] {
            #expect(await shown(server, "mat", target) == ["shared", "two", "one"])
            #expect(await shown(server, "alice", target) == ["shared"])
            #expect(await shown(server, "bob", target) == [])
            #expect(await shown(server, nil, target) == [])
        }
    }

    @Test("is everyone's unless that is set")
    func publicByDefault() async throws {
        let server = try await server(["heliograph.changes.private": "false"])
        #expect(await shown(server, nil) == ["shared", "two", "one"])
        #expect(await server.send("GET", records).fields["Vary"] == nil)
    }

    @Test("changes with permissions at once, of whatever kind they are")
    func changing() async throws {
        let server = try await server()
        let alice = TestServer.userID("alice")
        let bucket = "/buckets/b"
        await share(server, "\(bucket)/collections/shared", with: [])
        #expect(await shown(server, "alice") == [])
        let group = "/v1\(bucket)/groups/g"
        let members = "{\"data\":{\"members\":[\"\(alice)\"]}}"
        #expect(await server.send("PUT", group, members).status == 201)
        await share(server, "\(bucket)/collections/one", with: ["\(bucket)/groups/g"])
        #expect(await shown(server, "alice") == ["one"])
        #expect(await server.send("DELETE", group).status == 200)
        #expect(await shown(server, "alice") == [])
        await share(server, bucket, with: ["system.Authenticated"])
        #expect(await shown(server, "alice") == ["shared", "two", "one"])
        #expect(await shown(server, nil) == [])
        // What is made later in the bucket needs no permission of its own.
        await server.makeCollection("\(bucket)/collections/new")
        await write(server, "new")
        #expect(await shown(server, "alice").first == "new")
        await share(server, bucket, with: [])
        await share(server, "\(bucket)/collections/two", with: ["system.Everyone"])
        #expect(await shown(server, "alice") == ["two"])
        #expect(await shown(server, nil) == ["two"])
    }

    @Test("does not show a collection of which one may only read some records")
    func sharedRecord() async throws {
        let server = try await server()
        let record = "/buckets/b/collections/one/records/r"
        #expect(await server.send("PUT", "/v1\(record)", "{}").status == 201)
        await share(server, record, with: [TestServer.userID("bob")])
        let list = await server.send("GET", "/v1/buckets/b/collections/one/records", as: "bob")
        #expect(list.ids == ["r"])
        #expect(await shown(server, "bob") == [])
    }

    @Test("has the timestamp of what it shows, which others' changes do not move")
    func timestamps() async throws {
        let server = try await server()
        let before = await server.send("GET", records, as: "alice")
        let tag = try #require(before.fields["ETag"])
        let newest = await server.send("GET", "/v1/buckets/b/collections/shared/records")
        #expect(newest.fields["ETag"] == tag)
        await write(server, "one")
        let same = await server.send(
            "GET", records, as: "alice", headers: [("If-None-Match", tag)])
        #expect(same.status == 304)
        #expect(same.fields["Cache-Control"] == "no-cache, no-store")
        let later = await write(server, "shared")
        let other = await server.send(
            "GET", records, as: "alice", headers: [("If-None-Match", tag)])
        #expect(other.status == 200)
        #expect(other.fields["ETag"] == later?.entityTag)
        let changes = await server.send("GET", changeset, as: "alice")
        #expect(changes.json["/timestamp"]?.integer == later?.milliseconds)
        // A list without anything has the present as its timestamp.
        let now = server.clock.read()
        let empty = await server.send("GET", changeset, as: "bob")
        #expect(try #require(empty.json["/timestamp"]?.integer) > now.milliseconds)
    }

    @Test("is filtered, sorted and cut into pages without what it does not show")
    func pages() async throws {
        let server = try await server()
        await share(server, "/buckets/b/collections/one", with: [TestServer.userID("alice")])
        let first = await server.send("GET", "\(records)?_limit=1", as: "alice")
        #expect(first.json["/data"]?.array?.count == 1)
        let next = try #require(first.fields["Next-Page"]).replacing("http://localhost", with: "")
        let second = await server.send("GET", next, as: "alice")
        #expect(second.fields["Next-Page"] == nil)
        #expect(second.json["/data/0/collection"] == "one")
        #expect(await shown(server, "alice", "\(records)?_sort=collection") == ["one", "shared"])
        #expect(await shown(server, "alice", "\(records)?collection=two") == [])
        #expect(await shown(server, "alice", "\(changeset)&_limit=1") == ["shared"])
        #expect(await shown(server, "alice", "\(changeset)&collection=two") == [])
        let entry = await server.send("GET", "\(records)?collection=one", as: "alice")
        let timestamp = try #require(entry.json["/data/0/last_modified"]?.integer)
        #expect(await shown(server, "alice", "\(records)?_since=\(timestamp)") == ["shared"])
    }

    @Test("may be kept by caches only as the anonymous see it")
    func caching() async throws {
        let server = try await server([
            "kinto.changes_cache_expires_seconds": "60",
            "kinto.monitor.changes.record_cache_expires_seconds": "70",
            "kinto.monitor.changes.record_cache_maximum_expires_seconds": "80",
        ])
        for target in [records, changeset, "\(records)?_expected=1"] {
            let anonymous = await server.send("GET", target, as: nil)
            #expect(anonymous.fields["Cache-Control"]?.hasPrefix("max-age=") == true)
            #expect(anonymous.fields["Vary"] == "Authorization")
            let alice = await server.send("GET", target, as: "alice")
            #expect(alice.fields["Cache-Control"] == "no-cache, no-store")
            #expect(alice.fields["Expires"] == nil)
            #expect(alice.fields["Vary"] == "Authorization")
        }
    }

    @Test("is shown in a batch after what the batch did, which is not remembered")
    func batch() async throws {
        let server = try await server()
        #expect(await shown(server, "bob") == [])
        let count = server.hub.accessChanges
        let bob = TestServer.userID("bob")
        let authorization = "Basic \(Base64.encode(Array("bob:secret".utf8)))"
        let body = """
            {"requests":[
            {"method":"PATCH","path":"/buckets/b/collections/one",
            "body":{"permissions":{"read":["\(bob)"]}}},
            {"path":"\(records)","headers":{"Authorization":"\(authorization)"}},
            {"path":"\(changeset)","headers":{"Authorization":"\(authorization)"}}]}
            """
        let answer = await server.send("POST", "/v1/batch", body)
        #expect(answer.json["/responses/1/body/data/0/collection"] == "one")
        #expect(answer.json["/responses/2/body/changes/0/collection"] == "one")
        for changes in [count, server.hub.accessChanges] {
            let known = server.service.visibilities.visibility(
                of: Viewer(userID: bob), at: changes)
            #expect(known == nil)
        }
        #expect(await shown(server, "bob") == ["one"])
    }

    @Test(
        "is everything for those to whom a setting grants all records, as the streams of each are")
    func settings() async throws {
        for (name, isGranted) in [
            ("record_read", true), ("record_write", true), ("bucket_read", false),
            ("collection_write", false), ("record_create", false),
        ] {
            let server = try await server(["kinto.\(name)_principals": "system.Authenticated"])
            let stream = await server.send(
                "HEAD", "/v1/buckets/b/collections/one/stream", as: "bob")
            #expect((stream.status == 200) == isGranted)
            let expected = isGranted ? ["shared", "two", "one"] : []
            #expect(await shown(server, "bob") == expected, "\(name)")
        }
    }

    @Test(
        "shows a collection exactly to those who may stream it, whatever is granted to whom",
        arguments: 0..<30)
    func agreement(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let paths = ["a", "b"].flatMap { bucket in
            ["c", "d", "e"].map { CollectionPath(bucket: bucket, collection: $0) }
        }
        let server = try TestServer(
            KintoSettings([
                "multiauth.policies": "basicauth", "heliograph.changes.private": "true",
                "kinto.changes.resources": "/buckets/a /buckets/b/collections/c",
                "kinto.changes.excluded_collections": "/buckets/a/collections/e",
            ]))
        for path in paths { await server.makeCollection(path.uri) }
        let users = ["alice", "bob", nil]
        let names =
            ["alice", "bob"].map(TestServer.userID) + [
                "system.Everyone", "system.Authenticated", "/buckets/a/groups/g",
            ]
        let members = "{\"data\":{\"members\":[\"\(TestServer.userID("alice"))\"]}}"
        #expect(await server.send("PUT", "/v1/buckets/a/groups/g", members).status == 201)
        let objects = ["/buckets/a", "/buckets/b", "/buckets/a/groups/g"] + paths.map(\.uri)
        for uri in objects where Int.random(in: 0..<3, using: &random) == 0 {
            let isBucket = uri.utf8.count { $0 == UInt8(ascii: "/") } == 2
            let isGroup = uri.hasSuffix("/g")
            let permissions =
                ["read", "write"]
                + (isGroup ? [] : isBucket ? ["collection:create"] : ["record:create"])
            await share(
                server, uri, with: [names.randomElement(using: &random) ?? ""],
                permission: permissions.randomElement(using: &random) ?? "")
        }
        for user in users {
            let viewer = Viewer(userID: user.map(TestServer.userID))
            let service = server.service
            let (visibility, streamable) = try await read(server) { reader in
                let authorization = try Authorization(
                    Identity(viewer), settings: service.settings, reader: reader)
                let streamable = try paths.filter {
                    try StreamPermission(path: $0).isGranted(authorization)
                }
                return (try service.visibility(of: viewer, at: 0, reader), streamable)
            }
            let monitored = service.settings.monitored
            for path in paths where monitored.monitors(path) {
                #expect(visibility.shows(path) == streamable.contains(path), "\(path)")
            }
        }
    }

    private func read<Value: Sendable>(
        _ server: TestServer, _ body: @escaping @Sendable (any StorageReader) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            server.storage.read(body) { continuation.resume(with: $0) }
        }
    }
}

@Suite("What is remembered of who may read what")
struct VisibilityMemoryTests {
    private let alice = Viewer(userID: "alice")
    private let bob = Viewer(userID: "bob")

    private func visibility(_ buckets: String...) -> Visibility {
        Visibility(buckets: Set(buckets), collections: [])
    }

    @Test("is told only to who asks at the count of changes that it was read at")
    func validity() {
        let memory = VisibilityMemory()
        #expect(memory.visibility(of: alice, at: 0) == nil)
        #expect(memory.remember(visibility("a"), of: alice, at: 5) == visibility("a"))
        #expect(memory.visibility(of: alice, at: 5) == visibility("a"))
        #expect(memory.visibility(of: bob, at: 5) == nil)
        for other in [4, 6] as [UInt64] {
            #expect(memory.visibility(of: alice, at: other) == nil)
        }
        // What was read too early is not remembered, and drives nothing out.
        #expect(memory.remember(visibility("b"), of: bob, at: 4) == visibility("b"))
        #expect(memory.visibility(of: bob, at: 4) == nil)
        #expect(memory.visibility(of: bob, at: 5) == nil)
        #expect(memory.visibility(of: alice, at: 5) == visibility("a"))
        _ = memory.remember(visibility("b"), of: bob, at: 6)
        #expect(memory.visibility(of: alice, at: 5) == nil)
        #expect(memory.visibility(of: alice, at: 6) == nil)
        #expect(memory.visibility(of: bob, at: 6) == visibility("b"))
    }

    @Test("has a limit, counted in viewers and in names, each list of which is there once")
    func limit() {
        func remembers(_ sizeMax: Int) -> Bool {
            let memory = VisibilityMemory(sizeMax: sizeMax)
            _ = memory.remember(visibility("a", "b"), of: alice, at: 1)
            _ = memory.remember(visibility("a", "b"), of: bob, at: 1)
            _ = memory.remember(visibility("c"), of: Viewer(userID: nil), at: 1)
            #expect(memory.visibility(of: Viewer(userID: nil), at: 1) == visibility("c"))
            return memory.visibility(of: alice, at: 1) != nil
        }
        // Three viewers and three names.
        #expect(!remembers(5))
        #expect(remembers(6))
        #expect(remembers(7))
        let memory = VisibilityMemory(sizeMax: 2)
        #expect(memory.remember(visibility("a", "b"), of: alice, at: 1) == visibility("a", "b"))
        #expect(memory.visibility(of: alice, at: 1) == nil)
        #expect(Limits.rememberedVisibilitiesMax > 10_000)
    }
}
