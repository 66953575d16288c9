// SPDX-License-Identifier: MIT

import Core
import Storage
import Testing
import Wire

@testable import KintoAPI

@Suite("The service")
struct ServiceTests {
    private static let records = "/v1/buckets/b/collections/c/records"

    private func server(_ settings: [String: String] = [:]) async throws -> TestServer {
        let server = try TestServer(["multiauth.policies": "basicauth"].merging(settings) { $1 })
        await server.makeCollection()
        return server
    }

    private func request(_ target: String) -> HTTPRequest {
        HTTPRequest(head: HTTPRequestHead(method: .get, target: target))
    }

    @Test(
        "answers what the storage cannot do with 503 and a time to come back",
        arguments: [
            StorageError.notWritable("full"), .busy, .overloaded, .closed, .unusable("secret"),
            .requiresWrite,
        ])
    func storageErrors(error: StorageError) throws {
        let server = try TestServer(["kinto.retry_after_seconds": "7"])
        let response = server.service.failure(error, for: request("/v1/buckets"))
        #expect(response.status == 503)
        #expect(response.errno == 201)
        #expect(response.fields["Retry-After"] == "7")
        #expect(response.fields["X-Content-Type-Options"] == "nosniff")
        #expect(!String(decoding: response.body.bytes, as: UTF8.self).contains("secret"))
    }

    @Test("answers any other error with 500 and says where to tell it")
    func unknownErrors() throws {
        struct Unexpected: Error {}
        let server = try TestServer()
        let response = server.service.failure(Unexpected(), for: request("/v1/buckets"))
        #expect(response.status == 500)
        #expect(response.errno == 999)
        #expect(response.json["/info"]?.string != nil)
    }

    @Test("tells in the heartbeat that the storage is away")
    func heartbeat() async throws {
        let server = try await server()
        #expect(await server.send("GET", "/v1/__heartbeat__").status == 200)
        server.storage.close()
        let response = await server.send("GET", "/v1/__heartbeat__")
        #expect(response.status == 503)
        #expect(response.json == ["storage": false, "permission": false, "cache": false])
    }

    @Test("undoes what a refused write did")
    func refusedWrite() async throws {
        let server = try await server()
        // The list of records has no timestamp yet; a refused write must not leave it with one.
        let refused = await server.send(
            "PUT", "\(Self.records)/r", "{}", headers: [("If-Match", "\"1\"")])
        #expect(refused.status == 412)
        #expect(try server.storage.changeLog().isEmpty)
    }

    @Test("gives a list its first timestamp at a read that is allowed")
    func firstTimestamp() async throws {
        let server = try await server()
        #expect(await server.send("GET", Self.records, as: "alice").status == 403)
        #expect(try server.storage.changeLog().isEmpty)
        let first = await server.send("GET", Self.records)
        #expect(first.status == 200)
        #expect(try server.storage.changeLog().count == 1)
        #expect(await server.send("GET", Self.records).fields["ETag"] == first.fields["ETag"])
    }

    @Test("keeps the timestamps that clients choose within what can be counted")
    func timestamps() async throws {
        let server = try await server()
        for (value, status) in [
            ("999999999999999", 201), ("1000000000000000", 400), ("9223372036854775807", 400),
            ("99999999999999999999", 400), ("-999999999999999", 201), ("-1000000000000000", 400),
            ("1.5", 201), ("1e3", 201), ("true", 201), ("null", 201), ("\"5\"", 201),
        ] {
            let body = "{\"data\":{\"last_modified\":\(value)}}"
            let response = await server.send("POST", Self.records, body)
            #expect(response.status == status, "\(value)")
        }
    }

    @Test("gives users the ids that the secret makes, and never tells credentials")
    func authentication() async throws {
        let server = try await server(["kinto.userid_hmac_secret": "golden"])
        let response = await server.send("GET", "/v1/")
        let id = "basicauth:bcb4c4072592fd2c702f890c7e72494dbacc17e319e918231708b5e23cc32bb5"
        #expect(response.json["/user/id"]?.string == id)
        for value in ["Basic", "Basic ", "Basic !", "Basic OnNlY3JldA==", "Bearer x", ""] {
            let fields = HTTPFields([("Authorization", value)])
            let head = HTTPRequestHead(method: .get, target: "/v1/buckets", fields: fields)
            let refused = await server.send(HTTPRequest(head: head))
            #expect(refused.status == 401)
            #expect(!String(decoding: refused.body.bytes, as: UTF8.self).contains("OnNlY3JldA"))
        }
    }

    @Test("knows nobody where basic authentication is not among the policies")
    func noPolicies() async throws {
        let server = try TestServer([:])
        let response = await server.send("GET", "/v1/")
        #expect(response.json["/user"] == nil)
        #expect(response.json["/capabilities"] == [:])
        #expect(await server.send("PUT", "/v1/buckets/b", "{}").status == 401)
    }

    @Test("ends on the day it is set to end")
    func endOfService() async throws {
        let past = try TestServer(["kinto.eos": "2020-01-01", "kinto.eos_message": "bye"])
        let response = await past.send("GET", "/v1/")
        #expect(response.status == 410)
        #expect(response.errno == 202)
        #expect(response.fields["Alert"]?.contains("hard-eol") == true)
    }

    @Test("has ways of its own to say what is deprecated")
    func alert() async throws {
        let server = try await server()
        #expect(await server.send("GET", "\(Self.records)?_to=5").fields["Alert"] != nil)
        #expect(await server.send("GET", "\(Self.records)?_before=5").fields["Alert"] == nil)
    }

    @Test("accepts JSON wherever a client would take it")
    func accept() async throws {
        let server = try await server()
        for (value, status) in [
            ("application/json", 200), ("*/*", 200), ("application/*;q=0.1", 200), ("", 200),
            ("text/html, application/json;q=0.5", 200), ("application/json;charset=utf-8", 200),
            ("text/html", 406), ("application/json;q=0", 406),
            ("application/json;q=0, */*", 406), ("text/*", 406), ("image/png, */*;q=0", 406),
        ] {
            let response = await server.send("GET", Self.records, headers: [("Accept", value)])
            #expect(response.status == status, "\(value)")
        }
    }

    @Test("takes If-Match for what it says, even of the timestamp zero")
    func preconditions() async throws {
        let server = try await server()
        let target = "\(Self.records)/r"
        let created = await server.send("PUT", target, #"{"data":{"last_modified":5}}"#)
        #expect(created.fields["ETag"] == "\"5\"")
        for (name, value, status) in [
            ("If-Match", "\"5\"", 200), ("If-Match", "\"0\"", 412), ("If-Match", "\"4\"", 412),
            ("If-Match", "\"6\"", 412), ("If-Match", "*", 200), ("If-None-Match", "*", 412),
            ("If-None-Match", "\"5\"", 304), ("If-None-Match", "\"4\"", 200),
            ("If-Match", "\"99999999999999999999\"", 412), ("If-Match", "W/\"5\"", 400),
            ("If-Match", "\"\"", 400), ("If-Match", "\"-5\"", 400), ("If-Match", "\"", 400),
        ] {
            let response = await server.send("GET", target, headers: [(name, value)])
            #expect(response.status == status, "\(name): \(value)")
        }
    }

    @Test("keeps a bucket's records away with the bucket")
    func deletion() async throws {
        let server = try await server()
        #expect(await server.send("PUT", "\(Self.records)/r", "{}").status == 201)
        #expect(await server.send("DELETE", "/v1/buckets").status == 200)
        await server.makeCollection()
        #expect(await server.send("GET", "\(Self.records)?_since=0").ids == [])
    }
}

@Suite("A batch")
struct BatchTests {
    private static let records = "/buckets/b/collections/c/records"

    private func send(_ server: TestServer, _ body: String) async -> [Int64] {
        let response = await server.send("POST", "/v1/batch", body)
        return (response.json["/responses"]?.array ?? []).compactMap {
            $0["/status"]?.integer
        }
    }

    @Test("keeps what is allowed when something in it is refused")
    func partial() async throws {
        let server = try TestServer()
        await server.makeCollection()
        let statuses = await send(
            server,
            """
            {"defaults":{"method":"PUT","body":{"data":{"n":1}}},"requests":[
              {"path":"\(Self.records)/one"},
              {"path":"\(Self.records)/bad*id"},
              {"path":"/buckets/other/collections/c"},
              {"path":"\(Self.records)/one","headers":{"If-None-Match":"*"}},
              {"path":"\(Self.records)/two"}]}
            """)
        #expect(statuses == [201, 400, 403, 412, 201])
        #expect(await server.send("GET", "/v1\(Self.records)").ids == ["two", "one"])
    }

    @Test("sees its own writes, in order")
    func order() async throws {
        let server = try TestServer()
        let statuses = await send(
            server,
            """
            {"requests":[
              {"method":"GET","path":"/buckets/b"},
              {"method":"PUT","path":"/buckets/b"},
              {"method":"PUT","path":"/buckets/b/collections/c"},
              {"method":"POST","path":"\(Self.records)","body":{"data":{"id":"r"}}},
              {"path":"\(Self.records)/r"},
              {"method":"DELETE","path":"\(Self.records)/r"},
              {"path":"\(Self.records)/r"}]}
            """)
        #expect(statuses == [403, 201, 201, 201, 200, 200, 404])
    }

    @Test("only reads when all its requests do")
    func reads() async throws {
        let server = try TestServer()
        await server.makeCollection()
        func plan(_ body: String) -> Plan {
            let fields = HTTPFields([("Content-Type", "application/json")])
            let head = HTTPRequestHead(method: .post, target: "/v1/batch", fields: fields)
            return server.service.plan(HTTPRequest(head: head, body: Array(body.utf8)))
        }
        let reading = plan(#"{"requests":[{"path":"/"},{"path":"/buckets"}]}"#)
        guard case .read = reading else {
            Issue.record("a batch of reads wants to write")
            return
        }
        let writing = plan(#"{"requests":[{"path":"/"},{"path":"/buckets","method":"POST"}]}"#)
        guard case .write = writing else {
            Issue.record("a batch with a write only reads")
            return
        }
        let first = "{\"requests\":[{\"path\":\"\(Self.records)\"}]}"
        #expect(await send(server, first) == [200], "a first timestamp is given")
    }

    @Test("cannot contain a batch, however it is spelled")
    func recursion() async throws {
        let server = try TestServer()
        for path in ["/batch", "/v1/batch", "/batch/", "/b%61tch", "/batch?a=b", "/v1/batch///"] {
            let body = "{\"requests\":[{\"method\":\"POST\",\"path\":\"\(path)\"}]}"
            #expect(await server.send("POST", "/v1/batch", body).status == 400, "\(path)")
        }
        let other = #"{"requests":[{"method":"PUT","path":"/buckets/batches"}]}"#
        #expect(await send(server, other) == [201])
    }

    @Test("may have as many requests as the limit and no more")
    func limit() async throws {
        let server = try TestServer()
        for (count, status) in [(24, 200), (25, 200), (26, 400)] {
            let parts = Array(repeating: #"{"path":"/"}"#, count: count).joined(separator: ",")
            let body = "{\"requests\":[\(parts)]}"
            #expect(await server.send("POST", "/v1/batch", body).status == status, "\(count)")
        }
    }

    @Test("leaves nothing behind when the storage fails")
    func failure() async throws {
        let server = try TestServer()
        await server.makeCollection()
        let body = """
            {"requests":[{"method":"PUT","path":"\(Self.records)/one"},
              {"method":"PUT","path":"\(Self.records)/two"}]}
            """
        let fields = HTTPFields([
            ("Content-Type", "application/json"),
            ("Authorization", "Basic \(Base64.encode(Array("mat:secret".utf8)))"),
        ])
        let head = HTTPRequestHead(method: .post, target: "/v1/batch", fields: fields)
        let plan = server.service.plan(HTTPRequest(head: head, body: Array(body.utf8)))
        guard case .write(let run) = plan else {
            Issue.record("a batch of writes must write")
            return
        }
        let result = await withCheckedContinuation { continuation in
            server.storage.write(
                { transaction -> Int in
                    _ = try run(transaction)
                    throw StorageError.notWritable("full")
                }, completion: { continuation.resume(returning: $0) })
        }
        #expect(throws: StorageError.notWritable("full")) { try result.get() }
        #expect(await server.send("GET", "/v1\(Self.records)").ids == [])
    }
}
