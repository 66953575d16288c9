// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

/// The usual framing of a request without a body.
private let plain = HTTPRequestFraming(body: .none, expectsContinue: false, keepsAlive: true)

/// Returns the framing of the first request, or nil.
private func framing(_ text: String) -> HTTPRequestFraming? {
    guard case .request(_, _, let framing, _)? = parse(text).first else { return nil }
    return framing
}

/// Returns a request with the field lines given, each without its CRLF.
private func request(_ lines: String..., method: String = "GET", version: String = "1.1") -> String
{
    "\(method) / HTTP/\(version)\r\nHost: h\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

@Suite("A request parser")
struct HTTPRequestParserTests {
    @Test("reads a request line and fields")
    func simple() {
        let text =
            "GET /v1/?a=b HTTP/1.1\r\nHost: example.org:8888\r\nAccept:\t text/html \t\r\n\r\n"
        #expect(
            parse(text) == [
                .request(
                    line: "GET /v1/?a=b http11",
                    fields: ["Host: example.org:8888", "Accept: text/html"], plain, body: [])
            ])
    }

    @Test("reads pipelined requests one by one, up to the exact end of each")
    func pipelining() {
        let text =
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
            + "PUT /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
            + "GET /c HTTP/1.1\r\nHost: h\r\n\r\n"
        let lines = parse(text).map { parsed -> String in
            guard case .request(let line, _, _, let body) = parsed else { return "?" }
            return line + " " + String(decoding: body, as: UTF8.self)
        }
        #expect(lines == ["POST /a http11 abc", "PUT /b http11 abcde", "GET /c http11 "])
    }

    @Test("leaves the next request's bytes alone")
    func exactEnd() {
        let text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET"
        var parser = HTTPRequestParser()
        Array(text.utf8).withUnsafeBytes { bytes in
            #expect(parser.isBetweenRequests)
            let (consumed, step) = parser.parse(bytes)
            guard case .head = step else {
                Issue.record("no head")
                return
            }
            #expect(!parser.isBetweenRequests)
            #expect(consumed == bytes.count - 3)
            let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            let (consumedToo, next) = parser.parse(rest)
            guard case .complete = next else {
                Issue.record("not complete")
                return
            }
            #expect(consumedToo == 0)
            #expect(parser.isBetweenRequests)
        }
    }

    @Test("decides whether the connection stays open")
    func keepAlive() {
        #expect(framing(request())?.keepsAlive == true)
        #expect(framing(request("Connection: x, CLOSE"))?.keepsAlive == false)
        #expect(framing(request("Connection: x", "Connection: close"))?.keepsAlive == false)
        #expect(framing(request("Connection: closed"))?.keepsAlive == true)
        #expect(framing(request(version: "1.0"))?.keepsAlive == false)
        #expect(framing(request("Connection: Keep-Alive", version: "1.0"))?.keepsAlive == true)
        #expect(
            framing(request("Connection: keep-alive, close", version: "1.0"))?.keepsAlive == false)
    }

    @Test("tolerates a few empty lines before a request")
    func emptyLines() {
        let lines = String(repeating: "\r\n", count: Limits.leadingEmptyLinesMax)
        #expect(parse(lines + request()).count == 1)
        #expect(parse(lines + request() + lines + request()).count == 2)
        #expect(parse("\r\n" + lines + request()) == [.failed(.malformedRequestLine)])
    }

    @Test(
        "refuses a malformed request line",
        arguments: [
            "GET /\r\n", "GET  / HTTP/1.1\r\n", " GET / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n",
            "GET / http/1.1\r\n", "GET / HTTP/1\r\n", "GET / HTTP/1.1x\r\n", "G(T / HTTP/1.1\r\n",
            "GET / HTTP/11\r\n", "GET\r\n", "GET / HTTP/1.1\n", "\n", "GET\t/ HTTP/1.1\r\n",
            "GET / HTTP/+.1\r\n", "GET /\u{0} HTTP/1.1 x\r\n", "/ HTTP/1.1\r\n", "\u{16}\u{3}",
            "GET /a b HTTP/1.1\r\n", "é / HTTP/1.1\r\n", "GET / HTTP/1.1\r\r\n",
        ])
    func malformedLine(text: String) {
        #expect(parse(text) == [.failed(.malformedRequestLine)])
    }

    @Test("refuses other versions", arguments: ["0.9", "1.2", "2.0", "3.0"])
    func versions(version: String) {
        #expect(parse(request(version: version)) == [.failed(.unsupportedVersion)])
    }

    @Test(
        "refuses a malformed target",
        arguments: [
            "/é", "/\u{7F}", "/a#b", "*", "a", "http:/a", "ftp://h/", "http://", "http:///",
            "https://u@h/", "h:80", "//\u{1}", "http://h:x/", "http://[::1/", "http://[]/",
            "/\u{0}", "",
        ])
    func malformedTarget(target: String) {
        let text = "GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n"
        #expect(parse(text) == [.failed(.malformedTarget)])
    }

    @Test("takes the authority off an absolute target and believes it, not Host")
    func absoluteForm() {
        func target(_ text: String, _ method: String = "GET") -> [String] {
            guard
                case .request(let line, let fields, _, _)? =
                    parse("\(method) \(text) HTTP/1.1\r\nHost: other\r\n\r\n").first
            else { return [] }
            return [line] + fields
        }
        #expect(target("http://h:1/a?b") == ["GET /a?b http11", "Host: h:1"])
        #expect(target("HTTPS://[::1]:1?b") == ["GET /?b http11", "Host: [::1]:1"])
        #expect(target("http://h") == ["GET / http11", "Host: h"])
        #expect(target("http://h", "OPTIONS") == ["OPTIONS * http11", "Host: h"])
        #expect(target("*", "OPTIONS") == ["OPTIONS * http11", "Host: other"])
        #expect(target("//a") == ["GET //a http11", "Host: other"])
    }

    @Test("refuses a request line that is too long, finished or not, and none that is not")
    func lineLimit() {
        let longest = "GET /" + String(repeating: "a", count: Limits.requestLineBytesMax - 14)
        let fields = "\r\nHost: h\r\n\r\n"
        #expect((longest + " HTTP/1.1").utf8.count == Limits.requestLineBytesMax)
        #expect(parse(longest + " HTTP/1.1" + fields).count == 1)
        #expect(framing(longest + " HTTP/1.1" + fields) == plain)
        #expect(parse(longest + "a HTTP/1.1" + fields) == [.failed(.requestLineTooLong)])
        #expect(parse(longest + " HTTP/1.1\r") == [.unfinished])
        #expect(parse(longest + " HTTP/1.1aa") == [.failed(.requestLineTooLong)])
    }

    @Test("keeps no more than one unfinished line unconsumed")
    func consumption() {
        var parser = HTTPRequestParser()
        Array("GET / HTTP/1.1\r\nHost: h\r\nAcc".utf8).withUnsafeBytes { bytes in
            #expect(parser.parse(bytes).consumed == bytes.count - 3)
        }
    }

    @Test("says a failure again whatever follows")
    func failureStays() {
        var parser = HTTPRequestParser()
        for text in ["\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""] {
            Array(text.utf8).withUnsafeBytes { bytes in
                guard case (0, .failed(.malformedRequestLine)) = parser.parse(bytes) else {
                    Issue.record("no failure")
                    return
                }
            }
        }
    }

    @Test("gives each refusal a status and a reason")
    func errors() {
        let statuses: Set = [400, 413, 414, 417, 431, 501, 505]
        #expect(Set(HTTPRequestError.allCases.map(\.status)) == statuses)
        #expect(
            Set(HTTPRequestError.allCases.map(\.reason)).count == HTTPRequestError.allCases.count)
    }
}

@Suite("A request's header fields")
struct HTTPRequestFieldTests {
    @Test(
        "are refused when malformed",
        arguments: [
            "A : b", ": b", "A", "A\u{0}: b", "A: b\u{0}", "A: b\rc", "A: b\nc", " A: b", "\tA: b",
            "A: b\r\n c", "A: b\r\n\tc", "A: \u{1}", "A: \u{7F}", "A(: b", "Ä: b", "A b: c",
            "A: b\r", "\r", " ",
        ])
    func malformed(line: String) {
        #expect(parse(request(line)) == [.failed(.malformedField)])
    }

    @Test("hold UTF-8, or else Latin-1")
    func obsoleteText() {
        let start = Array("GET / HTTP/1.1\r\nHost: h\r\nA: ".utf8)
        let end = Array("\r\n\r\n".utf8)
        func value(_ bytes: [UInt8]) -> String? {
            guard case .request(_, let fields, _, _)? = parse([start + bytes + end]).first else {
                return nil
            }
            return fields.last
        }
        #expect(value(Array("é€🎉".utf8)) == "A: é€🎉")
        #expect(value([0xE9, 0x20, 0xFF]) == "A: é ÿ")
        #expect(value([]) == "A: ")
        #expect(value(Array("a\tb".utf8)) == "A: a\tb")
    }

    @Test("need one valid Host in HTTP/1.1")
    func host() {
        func parsed(_ hosts: String, version: String = "1.1") -> [Parsed] {
            parse("GET / HTTP/\(version)\r\n\(hosts)\r\n")
        }
        for host in ["h", "", "h:", "h:80", "127.0.0.1:1", "[::1]", "[::1]:65535", "a-b_c.d%20"] {
            #expect(parsed("hOST: \(host)\r\n") != [.failed(.invalidHost)], "\(host)")
        }
        for host in ["a b", "h:x", "h:123456", "[::1", "[g]", "a/b", "u@h", "é", "[::1]x", "a:1:2"]
        {
            #expect(parsed("Host: \(host)\r\n") == [.failed(.invalidHost)], "\(host)")
            #expect(parsed("Host: \(host)\r\n", version: "1.0") == [.failed(.invalidHost)])
        }
        #expect(parsed("") == [.failed(.invalidHost)])
        #expect(parsed("Host: h\r\nHost: h\r\n") == [.failed(.invalidHost)])
        #expect(parsed("Host: h\r\nHost: h\r\n", version: "1.0") == [.failed(.invalidHost)])
        #expect(parsed("", version: "1.0") != [.failed(.invalidHost)])
        #expect(parse("GET http://h/ HTTP/1.1\r\n\r\n") == [.failed(.invalidHost)])
    }

    @Test("are limited in number")
    func count() {
        let most = String(repeating: "A: b\r\n", count: Limits.requestFieldsMax - 1)
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        #expect(framing(start + most + "\r\n") == plain)
        #expect(parse(start + most + "A: b\r\n\r\n") == [.failed(.headTooLarge)])
    }

    @Test("are limited in bytes, finished or not")
    func bytes() {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nA: "
        let rest = Limits.requestHeadBytesMax - start.utf8.count - 4
        let longest = start + String(repeating: "a", count: rest)
        #expect(framing(longest + "\r\n\r\n") == plain)
        #expect(parse(longest + "a\r\n\r\n") == [.failed(.headTooLarge)])
        #expect(parse(longest + "\r\n") == [.unfinished])
        #expect(parse(longest + "\r\nA") == [.unfinished])
        #expect(parse(longest + "\r\nA:") == [.failed(.headTooLarge)])
        #expect(parse(longest + "aaaaa") == [.failed(.headTooLarge)])
        #expect(parse(longest + "a\r") == [.unfinished])
        #expect(parse(longest + "a\r\n\r") == [.failed(.headTooLarge)])
    }
}

@Suite("A request's body")
struct HTTPRequestBodyTests {
    @Test("is as long as Content-Length says")
    func fixed() {
        #expect(framing(request("Content-Length: 5") + "hello")?.body == .fixed(bytes: 5))
        #expect(framing(request("content-length: 007") + "1234567")?.body == .fixed(bytes: 7))
        #expect(framing(request("Content-Length: 0"))?.body == HTTPBodyFraming.none)
        #expect(parse(request("Content-Length: 5") + "hell") == [.unfinished])
    }

    @Test(
        "is refused with a length that is none",
        arguments: [
            "+5", "-5", "5 5", "5,5", "0x5", "", "5.0", "5;", "٥", "1e1", "5, 5",
        ])
    func invalidLength(value: String) {
        #expect(parse(request("Content-Length: \(value)")) == [.failed(.invalidContentLength)])
    }

    @Test("is refused with two lengths")
    func twoLengths() {
        let twice = request("Content-Length: 5", "Content-Length: 6")
        #expect(parse(twice) == [.failed(.invalidContentLength)])
        let both = request("Content-Length: 5", "Transfer-Encoding: chunked")
        #expect(parse(both) == [.failed(.conflictingLengths)])
        let reversed = request("Transfer-Encoding: chunked", "Content-Length: 5")
        #expect(parse(reversed) == [.failed(.conflictingLengths)])
    }

    @Test("is refused from the head on when it is too long")
    func lengthLimit() {
        let max = Limits.requestBodyBytesMax
        #expect(parse(request("Content-Length: \(max)")) == [.unfinished])
        #expect(parse(request("Content-Length: \(max + 1)")) == [.failed(.bodyTooLarge)])
        let huge = String(repeating: "9", count: 30)
        #expect(parse(request("Content-Length: \(huge)")) == [.failed(.bodyTooLarge)])
        let small = HTTPRequestParser(bodyBytesMax: 3)
        let three = Array((request("Content-Length: 3") + "abc").utf8)
        #expect(parse([three], parser: small).first != .failed(.bodyTooLarge))
        let four = Array((request("Content-Length: 4") + "abcd").utf8)
        #expect(parse([four], parser: small) == [.failed(.bodyTooLarge)])
    }

    @Test("may come in chunks and nothing else")
    func codings() {
        #expect(framing(request("Transfer-Encoding: Chunked") + "0\r\n\r\n")?.body == .chunked)
        for coding in [
            "chunked, chunked", "chunked, gzip", "gzip", "identity", "", "chunked,", "xchunked",
            "chunked;a=b", "\"chunked\"", "chunked, identity",
        ] {
            let text = request("Transfer-Encoding: \(coding)")
            #expect(parse(text) == [.failed(.invalidTransferEncoding)], "\(coding)")
        }
        let repeated = request("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")
        #expect(parse(repeated) == [.failed(.invalidTransferEncoding)])
        let old = request("Transfer-Encoding: chunked", version: "1.0")
        #expect(parse(old) == [.failed(.invalidTransferEncoding)])
        let unknown = request("Transfer-Encoding: gzip, chunked")
        #expect(parse(unknown) == [.failed(.unknownTransferCoding)])
        let apart = request("Transfer-Encoding: gzip", "Transfer-Encoding: chunked")
        #expect(parse(apart) == [.failed(.unknownTransferCoding)])
    }

    @Test("is announced when the client waits for 100")
    func expectation() {
        let waiting = request("Expect: 100-Continue", "Content-Length: 1") + "a"
        #expect(framing(waiting)?.expectsContinue == true)
        #expect(framing(request("Expect: 100-continue"))?.expectsContinue == false)
        #expect(parse(request("Expect: 200-ok")) == [.failed(.unknownExpectation)])
        let old = request("Expect: 100-continue", "Content-Length: 1", version: "1.0") + "a"
        #expect(framing(old)?.expectsContinue == false)
        let tooLarge = request(
            "Expect: 100-continue", "Content-Length: \(Limits.requestBodyBytesMax + 1)")
        #expect(parse(tooLarge) == [.failed(.bodyTooLarge)])
    }
}

@Suite("A chunked body")
struct ChunkedBodyTests {
    private func body(_ text: String, bodyBytesMax: Int = 100) -> String {
        let start = request("Transfer-Encoding: chunked")
        let parser = HTTPRequestParser(bodyBytesMax: bodyBytesMax)
        switch parse([Array((start + text).utf8)], parser: parser).first {
        case .request(_, _, _, let body): return String(decoding: body, as: UTF8.self)
        case .failed(let error): return "\(error)"
        case .unfinished, nil: return "unfinished"
        }
    }

    @Test("is put together")
    func valid() {
        #expect(body("0\r\n\r\n") == "")
        #expect(body("3\r\nabc\r\n0\r\n\r\n") == "abc")
        #expect(body("0003\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n") == "abc0123456789")
        #expect(body("a\r\n0123456789\r\n0\r\n\r\n") == "0123456789")
        #expect(body("3;a\r\nabc\r\n0 ; a=\"b\"\r\n\r\n") == "abc")
        #expect(body("3\r\n\r\n\r\r\n0\r\nA: b\r\nC: d\r\n\r\n") == "\r\n\r")
    }

    @Test(
        "is refused when a chunk is malformed",
        arguments: [
            "\r\n", "x\r\n", "+3\r\nabc", "-1\r\n", "0x3\r\n", " 3\r\n", "3 \r\n", "3\nabc",
            "3;a\nabc", "3;\u{0}\r\n", "3;a\rb\r\n", "3\r\nabcd", "3\r\nabc\n", "3\r\nabc\rx",
            "3\r\nabc0\r\n", "3 4\r\n", "3\r\r\n", "3,\r\n", ";a\r\n", "3\r\nabc\r\n\r\n",
        ])
    func malformed(text: String) {
        #expect(body(text) == "malformedChunk")
    }

    @Test("is refused when it becomes too long, however its size is spelled")
    func limit() {
        #expect(body("3\r\nabc\r\n0\r\n\r\n", bodyBytesMax: 3) == "abc")
        #expect(body("3\r\nabc\r\n1\r\n", bodyBytesMax: 3) == "bodyTooLarge")
        #expect(body("4\r\n", bodyBytesMax: 3) == "bodyTooLarge")
        for size in [
            "FFFFFFFFFFFFFFFF", "7FFFFFFFFFFFFFFF", "10000000000000000", "8000000000000003",
        ] {
            #expect(body(size + "\r\n") == "bodyTooLarge")
        }
    }

    @Test("has chunk lines of limited length")
    func lineLimit() {
        let zeros = String(repeating: "0", count: Limits.chunkLineBytesMax)
        #expect(body(zeros + "\r\n\r\n") == "")
        #expect(body("0" + zeros + "\r\n\r\n") == "malformedChunk")
        #expect(body(zeros + "00") == "malformedChunk")
    }

    @Test("has extensions of limited length in all")
    func extensionLimit() {
        let line = "1;" + String(repeating: "e", count: 127) + "\r\na\r\n"
        let most = String(repeating: line, count: Limits.chunkExtensionsBytesMax / 128)
        #expect(body(most + "0\r\n\r\n", bodyBytesMax: 1000).utf8.count == most.utf8.count / 134)
        #expect(body(most + "0;\r\n\r\n", bodyBytesMax: 1000) == "malformedChunk")
    }

    @Test("has trailer fields that are checked and limited")
    func trailers() {
        for trailer in ["A : b", "A", " a", "A: \u{0}", "A: b\n"] {
            #expect(body("0\r\n\(trailer)\r\n\r\n") == "malformedTrailer")
        }
        let most = String(repeating: "A: b\r\n", count: Limits.requestFieldsMax)
        #expect(body("0\r\n" + most + "\r\n") == "")
        #expect(body("0\r\n" + most + "A: b\r\n\r\n") == "malformedTrailer")
        let longest = "A: " + String(repeating: "b", count: Limits.trailerBytesMax - 7)
        #expect(body("0\r\n" + longest + "\r\n\r\n") == "")
        #expect(body("0\r\n" + longest + "b\r\n\r\n") == "malformedTrailer")
    }
}
