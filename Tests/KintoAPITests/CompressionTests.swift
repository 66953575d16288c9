// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

private let list = "/v1/buckets/monitor/collections/changes/records"
private let monitorChangeset = "/v1/buckets/monitor/collections/changes/changeset?_expected=0"
private let changeset = "/v1/buckets/b/collections/c/changeset?_expected=0"

@Suite("Answers to polls")
struct CompressionTests {
    private static let gzip = [("Accept-Encoding", "gzip, deflate, br")]

    /// A server with so many collections, each with a record, and so many records in one more.
    private func server(
        collections: Int = 20, records: Int = 200, _ more: [String: String] = [:]
    ) async throws -> TestServer {
        var settings = [
            "multiauth.policies": "basicauth", "kinto.changes.resources": "*",
            "kinto.batch_max_requests": "0",
        ]
        settings.merge(more) { $1 }
        let server = try TestServer(settings)
        await server.makeCollection()
        let others = (0..<collections).flatMap { number in
            [
                "/buckets/b/collections/c\(number)",
                "/buckets/b/collections/c\(number)/records/r",
            ]
        }
        let own = (0..<records).map { "/buckets/b/collections/c/records/r\($0)" }
        let parts = (others + own).map {
            #"{"method":"PUT","path":"\#($0)","body":{"data":{"title":"a record of some length"}}}"#
        }
        let batch = "{\"requests\":[\(parts.joined(separator: ","))]}"
        #expect(await server.send("POST", "/v1/batch", batch).status == 200)
        return server
    }

    private func inflated(_ answer: HTTPResponse) throws -> [UInt8] {
        // A header of ten bytes, and a trailer of eight (RFC 1952, section 2.3).
        let inflater = Inflater(outputBytesMax: 1 << 24)
        var output: [UInt8] = []
        try inflater.inflate(Array(answer.body.bytes.dropFirst(10).dropLast(8)), to: &output)
        return output
    }

    @Test(
        "are compressed for clients that take gzip, else the same as they are",
        arguments: [list, monitorChangeset, changeset])
    func compressed(target: String) async throws {
        let server = try await server()
        let plain = await server.send("GET", target)
        #expect(plain.status == 200 && plain.fields["Content-Encoding"] == nil)
        #expect(plain.fields["Vary"] == "Accept-Encoding")
        let coded = await server.send("GET", target, headers: Self.gzip)
        #expect(coded.status == 200 && coded.fields["Content-Encoding"] == "gzip")
        #expect(coded.fields["Vary"] == "Accept-Encoding")
        #expect(coded.fields["ETag"] == plain.fields["ETag"])
        #expect(coded.body.count < plain.body.count / 2)
        #expect(try inflated(coded) == plain.body.bytes)
        let head = await server.send("HEAD", target, headers: Self.gzip)
        #expect(head.fields["Content-Encoding"] == "gzip")
        #expect(head.body.count == coded.body.count)
        let refusing = await server.send("GET", target, headers: [("Accept-Encoding", "gzip;q=0")])
        #expect(refusing.body.bytes == plain.body.bytes)
    }

    @Test(
        "are compressed once until they change, whatever is expected",
        arguments: [list + "?_expected=0", monitorChangeset, changeset])
    func once(target: String) async throws {
        let server = try await server(collections: 60)
        let first = await server.send("GET", target, headers: Self.gzip)
        let jobs = server.workers.count
        #expect(jobs == 1)
        for expected in ["1", "2", "99991"] {
            let other = target.replacing("_expected=0", with: "_expected=\(expected)")
            let again = await server.send("GET", other, headers: Self.gzip)
            #expect(again.body === first.body)
        }
        #expect(server.workers.count == jobs)
        let write = await server.send("PUT", "/v1/buckets/b/collections/c/records/new", "{}")
        #expect(write.status == 201)
        let changed = await server.send("GET", target, headers: Self.gzip)
        #expect(changed.body !== first.body && server.workers.count == jobs + 1)
        let plain = await server.send("GET", target)
        #expect(try inflated(changed) == plain.body.bytes)
    }

    @Test("are as they are below the limit, in a batch, and when that is switched off")
    func asTheyAre() async throws {
        let short = try await server(collections: 0, records: 1)
        let switchedOff = try await server(["heliograph.polls.compression": "false"])
        for (server, targets) in [
            (short, [list, monitorChangeset, changeset]),
            (switchedOff, [list, monitorChangeset, changeset]),
        ] {
            for target in targets {
                let answer = await server.send("GET", target, headers: Self.gzip)
                #expect(answer.status == 200 && answer.fields["Content-Encoding"] == nil)
                #expect(answer.fields["Vary"] == nil)
            }
        }
        let server = try await server()
        let parts = [list, changeset].map { "{\"path\":\"\($0.dropFirst(3))\"}" }
        let batch = await server.send(
            "POST", "/v1/batch", "{\"requests\":[\(parts.joined(separator: ","))]}",
            headers: Self.gzip)
        for number in 0..<2 {
            #expect(batch.json["/responses/\(number)/status"] == 200)
            #expect(batch.json["/responses/\(number)/headers/Content-Encoding"] == nil)
            #expect(batch.json["/responses/\(number)/headers/Vary"] == nil)
        }
    }

    @Test("are compressed from the limit on, and not one byte below", arguments: [0, 1])
    func limit(below: Int) async throws {
        let server = try await server(collections: 0, records: 0)
        let empty = await server.send("GET", changeset)
        let rest = Limits.compressedBodyBytesMin - below - empty.body.count
        let title = String(repeating: "t", count: rest - ",\"title\":\"\"".utf8.count)
        #expect(
            await server.send(
                "PUT", "/v1/buckets/b/collections/c", "{\"data\":{\"title\":\"\(title)\"}}"
            ).status == 200)
        let plain = await server.send("GET", changeset)
        #expect(plain.body.count == Limits.compressedBodyBytesMin - below)
        let coded = await server.send("GET", changeset, headers: Self.gzip)
        #expect((coded.fields["Content-Encoding"] == "gzip") == (below == 0))
        #expect((coded.fields["Vary"] != nil) == (below == 0))
    }

    @Test("that say that nothing changed have no coding, but tell caches that there are some")
    func notModified() async throws {
        let server = try await server()
        let tag = await server.send("GET", list).fields["ETag"] ?? ""
        let answer = await server.send(
            "GET", list, headers: Self.gzip + [("If-None-Match", tag)])
        #expect(answer.status == 304 && answer.body.count == 0)
        #expect(answer.fields["Content-Encoding"] == nil)
        #expect(answer.fields["Vary"] == "Accept-Encoding" && answer.fields["ETag"] == tag)
    }
}
