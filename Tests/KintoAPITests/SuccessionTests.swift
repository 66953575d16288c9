// SPDX-License-Identifier: MIT

import Core
import Hub
import Storage
import Synchronization
import Testing
import Wire

@testable import KintoAPI

@Suite("A service that succeeds another one with other settings")
struct SuccessionTests {
    private let base = ["multiauth.policies": "basicauth"]
    private let records = "/v1/buckets/b/collections/c/records"

    private func merged(_ values: [String: String]) -> [String: String] {
        base.merging(values) { $1 }
    }

    @Test("answers by them, endpoints included")
    func settings() async throws {
        let server = try TestServer(base)
        #expect(await server.send("POST", "/v1/__flush__").status == 404)
        try server.adopt(
            merged(["kinto.includes": "kinto.plugins.flush", "kinto.backoff": "3"]))
        let flush = await server.send("POST", "/v1/__flush__")
        #expect(flush.status == 202)
        #expect(flush.fields["Backoff"] == "3")
        try server.adopt(merged(["kinto.readonly": "true"]))
        #expect(await server.send("PUT", "/v1/buckets/b", "{}").status == 405)
        #expect(await server.send("GET", "/v1/").fields["Backoff"] == nil)
    }

    @Test("takes the tokens and tickets that the other one gave")
    func memory() async throws {
        let server = try TestServer(merged(["kinto.changes.resources": "*"]))
        await server.makeCollection()
        for record in ["r1", "r2"] {
            #expect(await server.send("PUT", "\(records)/\(record)", "{}").status == 201)
        }
        let page = await server.send("DELETE", "\(records)?_limit=1")
        let next = try #require(page.fields["Next-Page"])
        let ticket = await server.send(
            "POST", "/v1/buckets/monitor/collections/changes/ticket")
        try server.adopt(merged(["kinto.backoff": "3", "kinto.changes.resources": "*"]))
        let target = try #require(next.firstRange(of: "/v1/")).lowerBound
        #expect(await server.send("DELETE", String(next[target...])).ids.count == 1)
        let text = try #require(ticket.json["/data/ticket"]?.string)
        #expect(server.service.tickets.redeem(text, now: server.clock.read()) != nil)
    }

    @Test("keeps histories within other limits from the first write on")
    func history() async throws {
        let plugin = merged(["kinto.includes": "kinto.plugins.history"])
        let server = try TestServer(plugin)
        await server.makeCollection()
        for number in 1...20 {
            #expect(await server.send("PUT", "\(records)/r\(number)", "{}").status == 201)
        }
        #expect(await server.send("GET", "/v1/buckets/b/history").ids.count == 22)
        try server.adopt(
            plugin.merging(["heliograph.history.entries_per_bucket_max": "5"]) { $1 })
        #expect(await server.send("PUT", "\(records)/last", "{}").status == 201)
        #expect(await server.send("GET", "/v1/buckets/b/history").ids.count == 5)
    }

    @Test("finds the streams whose users it would not let in")
    func streams() async throws {
        let server = try TestServer(merged(["kinto.record_read_principals": "system.Everyone"]))
        await server.makeCollection()
        let path = CollectionPath(bucket: "b", collection: "c")
        let viewers = [TestServer.userID("mat"), TestServer.userID("eve"), nil]
        let streams = viewers.map { (viewer: Viewer(userID: $0), path: Optional(path)) }
        func lost() async throws -> [Int] {
            let service = server.service
            let standings: [StreamStanding] = try await withCheckedThrowingContinuation { waiting in
                server.storage.read({ try service.standings(of: streams, at: 0, $0) }) {
                    waiting.resume(with: $0)
                }
            }
            return standings.indices.filter { standings[$0] == .lost }
        }
        #expect(try await lost() == [])
        try server.adopt(base)
        #expect(try await lost() == [1, 2])
        try server.adopt(["multiauth.policies": ""])
        #expect(try await lost() == [0, 1, 2], "nobody knows who the owner is any more")
    }

    @Test("shows of a private feed what users may read by them")
    func privateFeed() async throws {
        let settings = merged([
            "heliograph.changes.private": "true", "kinto.changes.resources": "*",
        ])
        let server = try TestServer(settings)
        await server.makeCollection()
        #expect(await server.send("PUT", "\(records)/r", "{}").status == 201)
        let viewers = [TestServer.userID("mat"), TestServer.userID("eve"), nil]
        let streams = viewers.map { (viewer: Viewer(userID: $0), path: nil as CollectionPath?) }
        func shown() async throws -> [StreamStanding] {
            let service = server.service
            return try await withCheckedThrowingContinuation { waiting in
                server.storage.read({ try service.standings(of: streams, at: 0, $0) }) {
                    waiting.resume(with: $0)
                }
            }
        }
        func polled(_ user: String?) async -> Int? {
            let list = "/v1/buckets/monitor/collections/changes/records"
            return await server.send("GET", list, as: user).json["/data"]?.array?.count
        }
        let own = StreamStanding.shown(Visibility(buckets: ["b"], collections: []))
        #expect(try await shown() == [own, .shown(.nothing), .shown(.nothing)])
        #expect(await [polled("mat"), polled("eve"), polled(nil)] == [1, 0, 0])
        try server.adopt(
            settings.merging(["kinto.record_read_principals": "system.Authenticated"]) { $1 })
        #expect(try await shown() == [.shown(.everything), .shown(.everything), .shown(.nothing)])
        #expect(await [polled("mat"), polled("eve"), polled(nil)] == [1, 1, 0])
        try server.adopt(settings.merging(["multiauth.policies": ""]) { $1 })
        #expect(try await shown() == [.shown(.nothing), .shown(.nothing), .shown(.nothing)])
        #expect(await [polled("mat"), polled("eve"), polled(nil)] == [0, 0, 0])
    }
}
