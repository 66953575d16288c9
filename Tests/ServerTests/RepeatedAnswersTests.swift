// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing

@testable import Server

private let list = "/v1/buckets/monitor/collections/changes/records"

@Suite("An answer that is remembered")
struct RepeatedAnswersTests {
    private func stamp(
        second: Int64 = 1, head: UInt64 = 1, commits: UInt64 = 1, access: UInt64 = 1
    ) -> RepeatedAnswers.Stamp {
        RepeatedAnswers.Stamp(
            second: second, head: Revision(head), commits: commits, accessChanges: access)
    }

    private func find(
        _ answers: inout RepeatedAnswers, _ request: String, _ stamp: RepeatedAnswers.Stamp
    ) -> [UInt8]? {
        Array(request.utf8).withUnsafeBytes { answers.answer(to: $0, stamp)?.head.bytes }
    }

    private func remember(
        _ answers: inout RepeatedAnswers, _ request: String, _ text: String,
        _ stamp: RepeatedAnswers.Stamp
    ) {
        Array(request.utf8).withUnsafeBytes {
            answers.remember(.init(head: EncodedFrame(text), body: nil), to: $0, stamp)
        }
    }

    @Test("is found by the same bytes, and by no others")
    func bytes() {
        var answers = RepeatedAnswers()
        remember(&answers, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "A", stamp())
        #expect(find(&answers, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", stamp()) == [0x41])
        #expect(find(&answers, "GET /a HTTP/1.1\r\nHost: i\r\n\r\n", stamp()) == nil)
        #expect(find(&answers, "GET /a HTTP/1.1\r\nHost: h\r\n\r", stamp()) == nil)
        #expect(answers.hits == 1)
    }

    @Test("is forgotten with the second, with a change, and with a change of permissions")
    func stamps() {
        for other in [stamp(second: 2), stamp(head: 2), stamp(commits: 2), stamp(access: 2)] {
            var answers = RepeatedAnswers()
            remember(&answers, "GET /a", "A", stamp())
            #expect(find(&answers, "GET /a", other) == nil)
            remember(&answers, "GET /b", "B", other)
            #expect(find(&answers, "GET /a", other) == nil)
            #expect(find(&answers, "GET /b", other) == [0x42])
        }
    }

    @Test("takes bounded room: what is too much displaces the others, or is not remembered")
    func bounds() {
        var answers = RepeatedAnswers()
        let half = String(repeating: "x", count: Limits.repeatedAnswersBytesMax / 2 - 10)
        remember(&answers, "GET /a", half, stamp())
        remember(&answers, "GET /b", half, stamp())
        #expect(find(&answers, "GET /a", stamp()) != nil)
        #expect(find(&answers, "GET /b", stamp()) != nil)
        remember(&answers, "GET /c", String(half.prefix(100)), stamp())
        #expect(find(&answers, "GET /a", stamp()) == nil)
        #expect(find(&answers, "GET /c", stamp()) != nil)
        remember(&answers, "GET /d", half + half + half, stamp())
        #expect(find(&answers, "GET /d", stamp()) == nil)
        for number in 0..<Limits.repeatedAnswersMax * 4 {
            remember(&answers, "GET /\(number)", "\(number)", stamp())
            #expect(find(&answers, "GET /\(number)", stamp()) == Array("\(number)".utf8))
        }
    }

    @Test("is looked for by whole heads of GET alone, up to a limit")
    func heads() {
        func length(_ text: String) -> Int {
            Array(text.utf8).withUnsafeBytes { RepeatedAnswers.headLength($0) }
        }
        let head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        #expect(length(head) == head.utf8.count)
        #expect(length(head + "GET /") == head.utf8.count)
        #expect(length(String(head.dropLast())) == 0)
        #expect(length("GET / HTTP/1.1\n\n") == 0)
        #expect(length("POST" + head.dropFirst(3)) == 0)
        #expect(length("") == 0)
        let padding = Limits.repeatedRequestBytesMax - head.utf8.count
        for beyond in [0, 1] {
            let host = String(repeating: "h", count: padding + beyond)
            let long = "GET / HTTP/1.1\r\nHost: h\(host)\r\n\r\n"
            #expect((length(long) > 0) == (beyond == 0))
        }
    }

    @Test("never hides a write that was answered before", arguments: [1, 2])
    func fresh(loops: Int) throws {
        let server = try TestServer(loops: loops)
        try server.makeCollection()
        let poller = try server.connect()
        var last = ""
        for number in 0..<100 {
            #expect(try [200, 201].contains(server.write("r\(number % 3)")))
            for _ in 0..<3 {
                try poller.send("GET", list)
                let tag = try #require(try poller.readAnswer().fields["ETag"])
                #expect(tag >= last)
                let records = try server.request(
                    "HEAD", "/v1/buckets/b/collections/c/records"
                ).fields["ETag"]
                #expect(tag == records)
                last = tag
            }
        }
        let hits = server.server.repeatedAnswers
        #expect(hits >= 100, "most polls repeat: \(hits)")
    }

    @Test("of a changeset never hides a write, though that may move no timestamp")
    func changesets() throws {
        let server = try TestServer()
        try server.makeCollection()
        let user = ["Authorization": "Basic " + Base64.encode(Array("me:secret".utf8))]
        let poller = try server.connect()
        let changeset = "/v1/buckets/b/collections/c/changeset?_expected=0"
        for number in 0..<50 {
            let data = "{\"last_modified\":\(1_000 + number)}"
            #expect(try server.write("r\(number)", data: data) == 201)
            for _ in 0..<3 {
                try poller.send("GET", changeset, fields: user)
                #expect(try poller.readAnswer().json["changes"]?.array?.count == number + 1)
            }
        }
        #expect(server.server.repeatedAnswers >= 20, "most polls repeat")
    }

    @Test("is that of the same request: fields, pipelines and bodies make others")
    func others() throws {
        let server = try TestServer()
        try server.makeCollection()
        try server.write("r")
        let connection = try server.connect()
        for _ in 0..<3 {
            try connection.send("GET", list)
            let answer = try connection.readAnswer()
            #expect(answer.status == 200)
            let tag = try #require(answer.fields["ETag"])
            try connection.send("GET", list, fields: ["If-None-Match": tag])
            #expect(try connection.readAnswer(hasBody: false).status == 304)
            try connection.send("GET", list, fields: ["Origin": "https://example.org"])
            let shared = try connection.readAnswer()
            #expect(shared.fields["Access-Control-Allow-Origin"] != nil)
            try connection.send("GET", "\(list)?bucket=other")
            #expect(try connection.readAnswer().json["data"]?.array?.isEmpty == true)
            // A body behind a head that is known must not be taken for a request.
            let chunked =
                "GET \(list) HTTP/1.1\r\nHost: test\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            try connection.send(chunked + chunked)
            for _ in 0..<2 { #expect(try connection.readAnswer().status == 200) }
        }
        let request = "GET \(list) HTTP/1.1\r\nHost: test\r\n\r\n"
        try connection.send(String(repeating: request, count: 50) + "GET /v1/nowhere HTTP/1.1\r\n")
        for _ in 0..<50 { #expect(try connection.readAnswer().status == 200) }
        try connection.send("Host: test\r\n\r\n")
        #expect(try connection.readAnswer().status == 404)
        try connection.send("GET", list, fields: ["Connection": "close"])
        #expect(try connection.readAnswer().status == 200)
        #expect(try connection.readToEnd().isEmpty)
    }

    @Test("waits for a client that reads slowly")
    func slow() throws {
        let server = try TestServer(
            settings: ["kinto.http_host": String(repeating: "h", count: 60_000)])
        for number in 0..<4 {
            try server.makeCollection("b", "c\(number)")
            try server.write("r", "b", "c\(number)")
        }
        let connection = try server.connect()
        connection.shrinkReceiveBuffer()
        let request = "GET \(list) HTTP/1.1\r\nHost: test\r\n\r\n"
        try connection.send(String(repeating: request, count: 5))
        for _ in 0..<5 {
            let answer = try connection.readAnswer()
            #expect(answer.status == 200)
            #expect(answer.json["data"]?.array?.count == 4)
        }
    }
}
