// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("The history of a bucket")
struct HistoryTests {
    private static let history = "/v1/buckets/b/history"
    private static let records = "/v1/buckets/b/collections/c/records"
    private static let settings = [
        "multiauth.policies": "basicauth", "kinto.includes": "kinto.plugins.history",
    ]

    /// A server with the plugin and some more settings, and a bucket and a collection.
    private func server(_ settings: [String: String] = [:]) async throws -> TestServer {
        let server = try TestServer(HistoryTests.settings.merging(settings) { $1 })
        await server.makeCollection()
        return server
    }

    /// Every entry as `ACTION URI`, the oldest first.
    private func entries(
        _ server: TestServer, _ target: String = history, as user: String = "mat"
    ) async -> [String] {
        let answer = await server.send("GET", target, as: user)
        return (answer.json["/data"]?.array ?? []).reversed().map { entry in
            "\(entry["/action"]?.string ?? "?") \(entry["/uri"]?.string ?? "?")"
        }
    }

    @Test("has an entry for each thing that was made, changed or deleted, however it was")
    func entries() async throws {
        let server = try await server()
        let records = HistoryTests.records
        _ = await server.send("PUT", "/v1/buckets/b/groups/g", #"{"data":{"members":["x"]}}"#)
        _ = await server.send("PUT", "\(records)/r", #"{"data":{"n":1}}"#)
        _ = await server.send("PUT", "\(records)/r", #"{"data":{"n":2}}"#)
        _ = await server.send("PATCH", "\(records)/r", #"{"data":{"n":3}}"#)
        // The same again, and permissions alone, are updates; a POST of what is there is none.
        _ = await server.send("PATCH", "\(records)/r", #"{"data":{"n":3}}"#)
        _ = await server.send("PATCH", "\(records)/r", #"{"permissions":{"read":["x"]}}"#)
        _ = await server.send("POST", records, #"{"data":{"id":"r","n":4}}"#)
        _ = await server.send("POST", records, #"{"data":{"id":"s"}}"#)
        #expect(await server.send("PUT", "\(records)/r", "{]").status == 400)
        #expect(await server.send("DELETE", "\(records)/nope").status == 404)
        _ = await server.send("DELETE", records)
        _ = await server.send("DELETE", "/v1/buckets/b/groups/g")
        _ = await server.send("DELETE", "/v1/buckets/b/collections/c")
        let collection = "/buckets/b/collections/c"
        #expect(
            await self.entries(server) == [
                "create /buckets/b", "create \(collection)", "create /buckets/b/groups/g",
                "create \(collection)/records/r", "update \(collection)/records/r",
                "update \(collection)/records/r", "update \(collection)/records/r",
                "update \(collection)/records/r", "create \(collection)/records/s",
                "delete \(collection)/records/s", "delete \(collection)/records/r",
                "delete /buckets/b/groups/g", "delete \(collection)",
            ])
    }

    @Test("tells of a change all that the change was")
    func members() async throws {
        let server = try await server()
        let target = "\(HistoryTests.records)/r"
        let body = #"{"data":{"n":1.50},"permissions":{"read":["x"]}}"#
        let record = await server.send("PUT", target, body)
        let answer = await server.send("GET", "\(HistoryTests.history)?record_id=r")
        let entry = try #require(answer.json["/data/0"])
        let mat = JSONValue.string(TestServer.userID("mat"))
        #expect(entry["/target/data"] == record.json["/data"])
        #expect(entry["/target/permissions"] == ["read": ["x"], "write": [mat]])
        #expect(entry["/user_id"] == mat)
        #expect(entry["/resource_name"] == "record")
        #expect(entry["/collection_id"] == "c")
        #expect(entry["/bucket_id"] == nil)
        let date = try #require(entry["/date"]?.string)
        #expect(date.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00/) != nil)
        #expect(answer.fields["ETag"] == "\"\(entry["/last_modified"]?.integer ?? 0)\"")
        _ = await server.send("PUT", "/v1/buckets/b/groups/g", #"{"data":{"members":[]}}"#)
        let group = await server.send("GET", "\(HistoryTests.history)?group_id=g")
        #expect(group.json["/data/0/collection_id"] == nil)
        #expect(group.ids.count == 1)
        let bucket = await server.send("GET", "\(HistoryTests.history)?bucket_id=b")
        #expect(bucket.json["/data/0/resource_name"] == "bucket")
        // Nobody in particular is no text.
        _ = await server.send(
            "PATCH", "/v1/buckets/b", #"{"permissions":{"write":["system.Everyone"]}}"#)
        _ = await server.send("PUT", "\(HistoryTests.records)/7", as: nil, "{}")
        let anonymous = await server.send("GET", "\(HistoryTests.history)?record_id=7")
        #expect(anonymous.json["/data/0/user_id"] == .null)
    }

    @Test("is a list with filters, order, pages and deletion, and nothing that makes entries")
    func list() async throws {
        let server = try await server()
        for id in ["7", "8", "9"] {
            _ = await server.send("PUT", "\(HistoryTests.records)/\(id)", "{}")
        }
        let history = HistoryTests.history
        #expect(await server.send("GET", "\(history)?record_id=7").ids.count == 1)
        #expect(await server.send("GET", "\(history)?in_record_id=7,8").ids.count == 2)
        #expect(await server.send("GET", "\(history)?target.data.id=c").ids.count == 1)
        #expect(await server.send("GET", "\(history)?nope=1").status == 400)
        #expect(await server.send("GET", "\(history)?_sort=nope").status == 400)
        let page = await server.send("GET", "\(history)?_limit=2&_sort=uri&resource_name=record")
        let next = try #require(page.fields["Next-Page"])
        let rest = await server.send("GET", String(next.dropFirst("http://localhost".count)))
        #expect(page.ids.count == 2 && rest.ids.count == 1)
        let head = await server.send("HEAD", history)
        #expect(head.fields["Total-Objects"] == nil)
        #expect(head.fields["ETag"] == page.fields["ETag"])
        for method in ["PUT", "POST", "PATCH"] {
            let answer = await server.send(method, history, "{}")
            #expect(answer.status == 405)
            #expect(answer.fields["Allow"] == "GET, HEAD, DELETE, OPTIONS")
        }
        #expect(await server.send("GET", "\(history)/\(page.ids[0])").errno == 111)
        let before = await server.send("GET", history).fields["ETag"]?.dropFirst().dropLast() ?? ""
        let deleted = await server.send("DELETE", "\(history)?resource_name=record")
        #expect(deleted.ids.count == 3)
        #expect(await server.send("GET", history).ids.count == 2)
        let since = await server.send("GET", "\(history)?_since=\(before)")
        #expect(since.json["/data/0/deleted"] == true)
        #expect(since.ids.count == 3)
    }

    @Test("is shown to readers of the bucket; entries also to who could read what changed")
    func permissions() async throws {
        let server = try await server()
        let alice = TestServer.userID("alice")
        let record = "\(HistoryTests.records)/r"
        _ = await server.send("PUT", record, "{\"permissions\":{\"read\":[\"\(alice)\"]}}")
        _ = await server.send("PUT", "\(HistoryTests.records)/hidden", "{}")
        let uri = "/buckets/b/collections/c/records/r"
        let history = HistoryTests.history
        #expect(await entries(server, as: "alice") == ["create \(uri)"])
        _ = await server.send("PATCH", record, #"{"permissions":{"read":[]}}"#)
        _ = await server.send("DELETE", record)
        #expect(await entries(server, as: "alice") == ["create \(uri)"])
        #expect(await server.send("DELETE", history, as: "alice").status == 403)
        #expect(await server.send("GET", history, as: "bob").status == 403)
        #expect(await server.send("GET", history, as: nil).status == 401)
        _ = await server.send(
            "PATCH", "/v1/buckets/b", "{\"permissions\":{\"read\":[\"\(alice)\"]}}")
        #expect(await entries(server, as: "alice").count == 7)
        #expect(await server.send("DELETE", history, as: "alice").status == 403)
        #expect(await server.send("DELETE", history).ids.count == 7)
        #expect(await entries(server, as: "alice") == [])
    }

    @Test("ends with its bucket, whose deletion begins the next")
    func bucket() async throws {
        let server = try await server()
        _ = await server.send("PUT", "\(HistoryTests.records)/r", "{}")
        #expect(await server.send("DELETE", "/v1/buckets/b").status == 200)
        #expect(await server.send("GET", HistoryTests.history).status == 403)
        _ = await server.send("PUT", "/v1/buckets/b", "{}")
        #expect(await entries(server) == ["delete /buckets/b", "create /buckets/b"])
        #expect(await server.send("DELETE", "/v1/buckets").status == 200)
        _ = await server.send("PUT", "/v1/buckets/b", "{}")
        #expect(await entries(server) == ["delete /buckets/b", "create /buckets/b"])
    }

    @Test("has what a batch did, in its order, and nothing of what was refused")
    func batch() async throws {
        let server = try await server()
        let record = "/buckets/b/collections/c/records/r"
        let requests = [("PUT", 1), ("PATCH", 2), ("DELETE", 0), ("PUT", 3)].map { method, n in
            "{\"method\":\"\(method)\",\"path\":\"\(record)\",\"body\":{\"data\":{\"n\":\(n)}}}"
        }
        let refused = "{\"method\":\"PUT\",\"path\":\"\(record)\",\"body\":{\"data\":1}}"
        let body = "{\"requests\":[\((requests + [refused]).joined(separator: ","))]}"
        #expect(await server.send("POST", "/v1/batch", body).status == 200)
        #expect(
            await entries(server, "\(HistoryTests.history)?record_id=r") == [
                "create \(record)", "update \(record)", "delete \(record)", "create \(record)",
            ])
    }

    @Test("leaves out the resources and users that the settings name, and tells so")
    func exclusions() async throws {
        let server = try await server([
            "kinto.history.exclude_resources":
                "/buckets/out /buckets/b/collections/c/records/no /buckets/b/groups/g",
            "kinto.history.exclude_user_ids": TestServer.userID("robot"),
        ])
        _ = await server.send(
            "PATCH", "/v1/buckets/b", #"{"permissions":{"write":["system.Everyone"]}}"#)
        for target in ["buckets/out", "buckets/b/groups/g", "buckets/b/groups/g2"] {
            _ = await server.send("PUT", "/v1/\(target)", #"{"data":{"members":[]}}"#)
        }
        for id in ["no", "no2"] {
            _ = await server.send("PUT", "\(HistoryTests.records)/\(id)", "{}")
        }
        _ = await server.send("PUT", "\(HistoryTests.records)/r", as: "robot", "{}")
        #expect(
            await entries(server).suffix(3) == [
                "update /buckets/b", "create /buckets/b/groups/g2",
                "create /buckets/b/collections/c/records/no2",
            ])
        #expect(await server.send("GET", "/v1/buckets/out/history").ids == [])
        let root = await server.send("GET", "/v1/")
        #expect(
            root.json["/capabilities/history/excluded_resources"] == [
                ["bucket": "out"], ["bucket": "b", "collection": "c", "record": "no"],
                ["bucket": "b", "group": "g"],
            ])
        #expect(throws: SettingsError.self) {
            try KintoSettings(
                HistoryTests.settings.merging(["history.exclude_resources": "b"]) { $1 })
        }
    }

    /// What the storage is asked for one more record.
    private func cost(_ server: TestServer) async throws -> Int {
        let storage = try #require(server.storage as? MemoryStorage)
        let before = storage.statistics.queries
        #expect(await server.send("POST", HistoryTests.records, "{}").status == 201)
        return storage.statistics.queries - before
    }

    @Test("is not there without the plugin, and costs the same however long it is")
    func cost() async throws {
        let plain = try TestServer(["multiauth.policies": "basicauth"])
        await plain.makeCollection()
        #expect(await plain.send("GET", HistoryTests.history).errno == 111)
        #expect(await plain.send("GET", "/v1/").json["/capabilities/history"] == nil)
        let server = try await server()
        let first = try await cost(server)
        #expect(try await first == cost(plain) + 3)
        for _ in 0..<200 { _ = try await cost(server) }
        #expect(try await cost(server) == first)
    }

    @Test("is no change of a collection")
    func noChange() async throws {
        let server = try await server(["kinto.changes.resources": "*"])
        _ = await server.send("PUT", "\(HistoryTests.records)/r", "{}")
        _ = await server.send("DELETE", HistoryTests.history)
        let monitor = await server.send("GET", "/v1/buckets/monitor/collections/changes/records")
        #expect(monitor.ids.count == 1)
        #expect(monitor.json["/data/0/collection"] == "c")
        #expect(try server.storage.changeLog().count == 1)
    }
}
