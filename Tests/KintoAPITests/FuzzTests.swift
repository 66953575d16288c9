// SPDX-License-Identifier: MIT

import Core
import Testing
import Wire

@testable import KintoAPI

@Suite("Mangled requests")
struct FuzzTests {
    private static let paths = [
        "/v1/", "/v1/buckets", "/v1/buckets/b", "/v1/buckets/b/groups", "/v1/buckets/b/groups/g",
        "/v1/buckets/b/collections", "/v1/buckets/b/collections/c", "/v1/batch",
        "/v1/buckets/b/collections/c/records", "/v1/buckets/b/collections/c/records/r",
        "/v1/buckets/b/collections/c/changeset", "/v1/__broadcasts__", "/v1/__heartbeat__",
        "/v1/buckets/monitor/collections/changes/records", "/v1/buckets/", "/buckets/x", "/v2/x",
        "/v1/buckets/monitor/collections/changes/changeset", "/v1/buckets/x%2Fy/collections/%00",
    ]
    private static let names = [
        "_since", "_before", "_to", "_limit", "_sort", "_fields", "_token", "_expected", "id",
        "last_modified", "min_n", "in_id", "exclude_last_modified", "like_t", "has_n",
        "contains_tags", "contains_any_id", "gt_last_modified", "like_last_modified", "in_",
        "deep..k", ".", "bucket", "collection", "deleted", "not_id", "", "_", "é", "%00",
    ]
    private static let values = [
        "", "0", "-1", "1", "%221%22", "99999999999999999999", "1e400", "-1e400", "null", "true",
        "[]", "[[1]]", "{}", "%00", "%zz", "%ff", "abc", "a,b,,c", "*", "*a*b*", "+1", "NaN", "-",
        "%22", "-n,%2Bid,x.y", "9223372036854775808", "0.5", "%F0%9F%98%80", "e30=",
        "eyJsYXN0X29iamVjdCI6e30sIm9mZnNldCI6MSwibm9uY2UiOiIifQ==",
    ]
    private static let bodies = [
        "", "{}", "[]", "null", "1", "\"x\"", "{", "{\"data\":", "{\"data\":null}",
        "{\"data\":{\"id\":5}}", "{\"data\":{\"id\":\"\"}}", "{\"data\":{\"last_modified\":1e999}}",
        "{\"data\":{\"last_modified\":-9223372036854775808}}", "{\"data\":{\"members\":[1,\"\"]}}",
        "{\"data\":{\"cache_expires\":1e999,\"schema\":1}}", "{\"permissions\":{\"read\":1}}",
        "{\"permissions\":{\"read\":[null]}}", "{\"permissions\":null}", "{\"x\":1}",
        "{\"data\":{\"a\":{\"b\":null}},\"permissions\":{\"write\":null}}",
        "{\"requests\":[{\"path\":\"/v1/buckets/b/collections/c/records/r\",\"method\":\"PUT\"}]}",
        "{\"requests\":[{\"path\":\"/\",\"headers\":{\"Accept\":5}}],\"defaults\":[]}",
        "{\"requests\":[{\"path\":\"//x\"},{\"path\":\"/v1\"},{\"path\":\"/?_since=%zz\"}]}",
        "{\"requests\":[{\"path\":\"/buckets/b/\",\"method\":\"DELETE\",\"body\":{\"a\":1}}]}",
    ]
    private static let fields: [(String, String)] = [
        ("If-Match", "\"1\""), ("If-Match", "*"), ("If-Match", "\""), ("If-None-Match", "*"),
        ("If-None-Match", "\"99999999999999999999\""), ("Origin", "null"), ("Origin", ""),
        ("Accept", ";;q=,"), ("Accept", "*/*;q=x"),
        ("Content-Type", "application/merge-patch+json"),
        ("Content-Type", ";"), ("Content-Type", "text/plain"), ("Response-Behavior", "light"),
        ("Response-Behavior", "?"), ("Authorization", "Basic ="), ("Authorization", "Basic /w=="),
        ("Access-Control-Request-Method", "PUT"), ("Host", "a\"b"), ("Host", ""),
    ]
    private static let methods = [
        "GET", "GET", "HEAD", "PUT", "PUT", "POST", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE",
        "get", "",
    ]

    @Test(
        "are never answered by an error of the server", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func neverServerError(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let server = try TestServer(KintoSettings.embedded)
        await server.makeCollection()
        for step in 0..<1500 {
            let request = FuzzTests.request(&generator)
            let response = await server.send(request)
            #expect(
                response.status >= 200 && response.status < 500,
                "seed \(seed), step \(step): \(request.head.method.name) \(request.head.target)")
            let isJSON = response.fields["Content-Type"] == "application/json"
            if isJSON, request.head.method != .head {
                #expect(throws: Never.self) { try JSONParser.parse(response.body.bytes) }
            }
            for line in response.fields.lines {
                let isClean = line.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                #expect(isClean, "seed \(seed), step \(step): \(line.name)")
            }
        }
    }

    private static func request(_ generator: inout SeededGenerator) -> HTTPRequest {
        var target = paths.randomElement(using: &generator) ?? "/"
        var parameters: [String] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let name = names.randomElement(using: &generator) ?? ""
            let value = values.randomElement(using: &generator) ?? ""
            parameters.append("\(name)=\(value)")
        }
        if !parameters.isEmpty { target += "?" + parameters.joined(separator: "&") }
        var lines: [HTTPFields.Field] = []
        if Int.random(in: 0..<4, using: &generator) > 0 {
            lines.append(("Authorization", "Basic \(Base64.encode(Array("mat:secret".utf8)))"))
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
            if let field = fields.randomElement(using: &generator) { lines.append(field) }
        }
        var body = Array((bodies.randomElement(using: &generator) ?? "").utf8)
        if Int.random(in: 0..<8, using: &generator) == 0, !body.isEmpty {
            let place = Int.random(in: 0..<body.count, using: &generator)
            body[place] = UInt8.random(in: 0...255, using: &generator)
        }
        let method = HTTPMethod(methods.randomElement(using: &generator) ?? "GET")
        let head = HTTPRequestHead(method: method, target: target, fields: HTTPFields(lines))
        return HTTPRequest(head: head, body: body)
    }
}
