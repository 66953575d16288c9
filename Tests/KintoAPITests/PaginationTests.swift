// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

/// A generator of the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite("Pages")
struct PaginationTests {
    private static let records = "/v1/buckets/b/collections/c/records"

    /// A collection of mixed records, some of which share a timestamp.
    private func server(seed: UInt64, count: Int) async throws -> TestServer {
        let server = try TestServer()
        await server.makeCollection()
        var generator = SeededGenerator(seed: seed)
        let values = ["1", "2", "2.0", "\"2\"", "null", "true", "[1]", "{\"x\":1}", "\"é\""]
        for index in 0..<count {
            var members: [String] = []
            if Bool.random(using: &generator) {
                members.append("\"n\":\(values.randomElement(using: &generator) ?? "0")")
            }
            if Bool.random(using: &generator) {
                members.append("\"deep\":{\"k\":\(Int.random(in: 0...3, using: &generator))}")
            }
            if Int.random(in: 0..<3, using: &generator) == 0 {
                let milliseconds = 1000 + Int.random(in: 0...2, using: &generator)
                members.append("\"last_modified\":\(milliseconds)")
            }
            let body = "{\"data\":{\(members.joined(separator: ","))}}"
            let response = await server.send("PUT", "\(Self.records)/r\(index)", body)
            #expect(response.status == 201)
        }
        return server
    }

    /// The ids of all pages.
    private func walk(_ server: TestServer, _ query: String) async -> [String] {
        var ids: [String] = []
        var target = "\(Self.records)?\(query)"
        for _ in 0..<200 {
            let response = await server.send("GET", target)
            #expect(response.status == 200)
            ids += response.ids
            guard let next = response.fields["Next-Page"] else { return ids }
            target = next.replacing("http://localhost", with: "")
        }
        Issue.record("the pages of \(query) do not end")
        return ids
    }

    @Test(
        "together are the list, whatever its order, size and ties",
        arguments: [
            "", "_sort=last_modified", "_sort=-last_modified", "_sort=id", "_sort=-id", "_sort=n",
            "_sort=-n", "_sort=n,-deep.k", "_sort=deep.k,last_modified", "_sort=-missing",
            "_since=0", "_since=0&_sort=n", "has_n=true&_sort=-deep.k", "not_n=2", "min_n=2",
            "exclude_id=r1,r2", "_before=1002", "gt_last_modified=1000&_sort=id",
        ])
    func union(query: String) async throws {
        let server = try await server(seed: 7, count: 30)
        for index in [3, 11] {
            #expect(await server.send("DELETE", "\(Self.records)/r\(index)").status == 200)
        }
        let whole = await server.send("GET", "\(Self.records)?\(query)").ids
        #expect(Set(whole).count == whole.count)
        #expect(!whole.isEmpty)
        for limit in [1, 2, 3, 7, 29, 30, 31] {
            let pages = await walk(
                server, query.isEmpty ? "_limit=\(limit)" : "\(query)&_limit=\(limit)")
            #expect(pages == whole, "by \(limit)")
        }
    }

    @Test("lose and repeat nothing that was there all the time, while others write")
    func writes() async throws {
        let server = try await server(seed: 9, count: 12)
        let before = await server.send("GET", "\(Self.records)?_sort=id").ids
        let first = await server.send("GET", "\(Self.records)?_sort=id&_limit=5")
        #expect(first.fields["Next-Page"] != nil)
        #expect(await server.send("PUT", "\(Self.records)/a0", "{}").status == 201)
        let deleted = first.ids[2]
        #expect(await server.send("DELETE", "\(Self.records)/\(deleted)").status == 200)
        var ids = first.ids
        var next = first.fields["Next-Page"]
        while let target = next?.replacing("http://localhost", with: "") {
            let response = await server.send("GET", target)
            ids += response.ids
            next = response.fields["Next-Page"]
        }
        #expect(ids == before)
    }

    @Test("have no next one when the last is full")
    func full() async throws {
        let server = try await server(seed: 1, count: 4)
        #expect(
            await server.send("GET", "\(Self.records)?_limit=4").fields["Next-Page"] == nil)
        #expect(
            await server.send("GET", "\(Self.records)?_limit=3").fields["Next-Page"] != nil)
        #expect(
            await server.send("GET", "\(Self.records)?_limit=5").fields["Next-Page"] == nil)
    }

    @Test("keep to what an answer may have, though nothing is asked for")
    func fetchSize() async throws {
        let server = try TestServer([
            "multiauth.policies": "basicauth", "kinto.storage_max_fetch_size": "2",
        ])
        await server.makeCollection()
        for id in ["x", "y", "z"] {
            #expect(await server.send("PUT", "\(Self.records)/\(id)", "{}").status == 201)
        }
        #expect(await walk(server, "") == ["z", "y", "x"])
        #expect(await server.send("GET", "\(Self.records)?_limit=0").ids == ["z", "y"])
    }

    @Test("are deleted one after another, each token once and for a while")
    func deletion() async throws {
        let server = try await server(seed: 3, count: 10)
        let first = await server.send("DELETE", "\(Self.records)?_sort=n&_limit=4")
        #expect(first.ids.count == 4)
        let next = try #require(first.fields["Next-Page"]).replacing("http://localhost", with: "")
        let second = await server.send("DELETE", next)
        #expect(second.ids.count == 4)
        #expect(Set(second.ids).isDisjoint(with: first.ids))
        let again = await server.send("DELETE", next)
        #expect(again.status == 400)
        #expect(again.message == "querystring: _token was already used or has expired.")
        let third = try #require(second.fields["Next-Page"])
            .replacing("http://localhost", with: "")
        server.clock.advance(seconds: 601)
        #expect(await server.send("DELETE", third).status == 400)
        #expect(await server.send("GET", Self.records).ids.count == 2)
    }

    @Test(
        "do not begin at a token that is none",
        arguments: [
            "abc", "e30=", "W10=", "bnVsbA==", "eyJsYXN0X29iamVjdCI6W119", "%00", "%ff",
            "eyJsYXN0X29iamVjdCI6e30sIm9mZnNldCI6LTEsIm5vbmNlIjoiIn0=",
        ])
    func badTokens(token: String) async throws {
        let server = try await server(seed: 1, count: 1)
        #expect(await server.send("GET", "\(Self.records)?_token=\(token)").status == 400)
    }

    @Test(
        "survive tokens of extreme or foreign values",
        arguments: [
            #"{"last_modified":-9223372036854775808}"#, #"{"last_modified":9223372036854775807}"#,
            #"{"last_modified":1e400}"#, #"{"last_modified":"x"}"#, #"{"id":5}"#, "{}",
        ], ["", "&_sort=last_modified", "&_sort=id", "&_sort=n"])
    func strangeTokens(last: String, query: String) async throws {
        let server = try await server(seed: 1, count: 3)
        let token = Base64.encode(
            Array("{\"last_object\":\(last),\"offset\":1,\"nonce\":\"\"}".utf8))
        let encoded = PercentEncoding.encode(token, for: .queryComponent)
        let response = await server.send("GET", "\(Self.records)?_token=\(encoded)\(query)")
        #expect(response.status == 200)
    }
}
