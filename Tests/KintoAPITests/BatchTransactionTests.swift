// SPDX-License-Identifier: MIT

import Core
import Foundation
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("A batch, as one request")
struct BatchTransactionTests {
    private static let records = "/buckets/b/collections/c/records"

    private func batch(_ server: TestServer, _ body: String) async throws -> [JSONValue] {
        let response = await server.send("POST", "/v1/batch", body)
        #expect(response.status == 200)
        return try #require(response.json["/responses"]?.array)
    }

    @Test("is one commit and wakes the hub once, whatever it writes", arguments: [true, false])
    func oneCommit(inFile: Bool) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "heliograph-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = inFile ? directory.appending(path: "batch.db").path : nil
        let server = try TestServer(file: file)
        await server.makeCollection()
        await server.makeCollection("/buckets/b/collections/d")
        let before = try #require(server.statistics)
        let wakes = server.announced.withLock { $0.count }
        let parts = try await batch(
            server,
            """
            {"defaults":{"method":"PUT"},"requests":[
              {"path":"\(Self.records)/one"},
              {"path":"\(Self.records)/two"},
              {"path":"\(Self.records)/bad*id"},
              {"method":"DELETE","path":"\(Self.records)/one"},
              {"path":"/buckets/b/collections/d/records/three"}]}
            """)
        #expect(parts.map { $0["/status"]?.integer } == [201, 201, 400, 200, 201])
        #expect(server.statistics?.commits == before.commits + 1)
        #expect(server.statistics?.writes == before.writes + 1)
        let announced = server.announced.withLock { Array($0.dropFirst(wakes)) }
        #expect(announced == [2], "both collections, in one announcement")
    }

    @Test("lends its header fields and its defaults to its requests, which can replace them")
    func inheritance() async throws {
        let server = try TestServer()
        await server.makeCollection()
        let parts = try await batch(
            server,
            """
            {"defaults":{"method":"PUT","headers":{"If-None-Match":"*","Response-Behavior":"light"},
              "body":{"data":{"from":"defaults","deep":{"a":1}}}},
             "requests":[
              {"path":"\(Self.records)/one"},
              {"path":"\(Self.records)/one"},
              {"path":"\(Self.records)/one","headers":{"If-None-Match":""}},
              {"path":"\(Self.records)/one","method":"PATCH","headers":{"If-None-Match":"\\"1\\""},
               "body":{"data":{"from":"request","deep":{"b":2}}}},
              {"path":"\(Self.records)/two","headers":{"Authorization":""}}]}
            """)
        #expect(parts.map { $0["/status"]?.integer } == [201, 412, 200, 200, 401])
        #expect(parts[0]["/body/data/from"] == "defaults")
        #expect(
            parts[3]["/body/data"] == ["from": "request", "deep": ["b": 2, "a": 1]],
            "light, and its body merged with the default one")
    }

    @Test("takes a method that is empty or null for GET")
    func methods() async throws {
        let server = try TestServer()
        let parts = try await batch(
            server,
            #"{"requests":[{"path":"/"},{"method":"","path":"/v1/"},{"method":null,"path":"/v1"}]}"#
        )
        #expect(parts.map { $0["/status"]?.integer } == [200, 200, 200])
        #expect(parts.map { $0["/path"] } == ["/v1/", "/v1/", "/v1/"])
    }

    @Test(
        "is refused whole, in Kinto's words, when a request in it has the wrong form",
        arguments: [
            (#"{"path":5}"#, "requests.0.path", "5 is not a string: {'path': ''}"),
            (#"{"path":null}"#, "requests.0.path", "Required"),
            (#"{"path":"x"}"#, "requests.0.path", "String does not match expected pattern"),
            (
                #"{"path":"/","method":5}"#, "requests.0.method",
                "5 is not a string: {'method': ''}"
            ),
            (
                #"{"path":"/","method":"get"}"#, "requests.0.method",
                #""get" is not one of GET, HEAD, DELETE, TRACE, POST, PUT, PATCH"#
            ),
            (
                #"{"path":"/","body":"x"}"#, "requests.0.body",
                #""x" is not a mapping type: Does not implement dict-like functionality."#
            ),
            (
                #""x""#, "requests.0",
                #""x" is not a mapping type: Does not implement dict-like functionality."#
            ),
        ])
    func form(part: String, name: String, description: String) async throws {
        let server = try TestServer()
        let body = "{\"requests\":[\(part),{\"method\":\"PUT\",\"path\":\"/buckets/b\"}]}"
        let response = await server.send("POST", "/v1/batch", body)
        #expect(response.status == 400)
        #expect(response.json["/details/0/name"]?.string == name)
        #expect(response.json["/details/0/description"]?.string == description)
        #expect(await server.send("GET", "/v1/buckets/b").status == 403, "nothing was written")
    }

    @Test("follows redirects, and tells where they led")
    func redirects() async throws {
        let server = try TestServer()
        await server.makeCollection()
        let parts = try await batch(
            server,
            """
            {"requests":[{"method":"PUT","path":"\(Self.records)/one/","body":{"data":{"n":1}}},
              {"path":"\(Self.records)/one/"}]}
            """)
        #expect(parts.map { $0["/status"]?.integer } == [201, 200])
        #expect(parts[1]["/path"]?.string == "/v1\(Self.records)/one")
        #expect(parts[1]["/body/data/n"] == 1)
    }

    @Test("cannot write to a server that is read-only")
    func readOnly() async throws {
        let server = try TestServer([
            "multiauth.policies": "basicauth", "kinto.readonly": "true",
        ])
        let response = await server.send(
            "POST", "/v1/batch", #"{"requests":[{"method":"PUT","path":"/buckets/b"}]}"#)
        #expect(response.status == 405)
        #expect(server.statistics?.commits == 0)
    }
}
