// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Wire

@Suite("A WebSocket handshake")
struct WebSocketHandshakeTests {
    /// The request of RFC 6455, section 1.2, with changes.
    private func request(
        method: HTTPMethod = .get, version: HTTPVersion = .http11,
        _ changes: [String: String?] = [:]
    ) -> HTTPRequestHead {
        var fields = HTTPFields([
            ("Host", "server.example.com"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Origin", "http://example.com"),
            ("Sec-WebSocket-Protocol", "chat, superchat"), ("Sec-WebSocket-Version", "13"),
        ])
        for (name, value) in changes { fields[name] = value }
        return HTTPRequestHead(method: method, target: "/chat", version: version, fields: fields)
    }

    private func refusal(_ head: HTTPRequestHead) -> HTTPResponse? {
        guard case .refused(let response) = WebSocketHandshake.answer(to: head) else { return nil }
        return response
    }

    @Test("is answered as in RFC 6455")
    func example() throws {
        let answer = WebSocketHandshake.answer(to: request(), subprotocols: ["chat"])
        guard case .accepted(let response, let subprotocol, _) = answer else {
            Issue.record("refused")
            return
        }
        #expect(response.status == 101)
        #expect(response.fields["Upgrade"] == "websocket")
        #expect(response.fields["Connection"] == "Upgrade")
        #expect(response.fields["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(response.fields["Sec-WebSocket-Protocol"] == "chat")
        #expect(subprotocol == "chat")
    }

    @Test("chooses the subprotocol that the client likes best")
    func subprotocols() {
        func chosen(_ offered: String?, _ spoken: [String]) -> String? {
            let head = request(["Sec-WebSocket-Protocol": offered])
            let answer = WebSocketHandshake.answer(to: head, subprotocols: spoken)
            guard case .accepted(let response, let subprotocol, _) = answer else {
                return "refused"
            }
            #expect(response.fields["Sec-WebSocket-Protocol"] == subprotocol)
            return subprotocol
        }
        #expect(chosen("b, a", ["a", "b"]) == "b")
        #expect(chosen("x, a", ["a", "b"]) == "a")
        #expect(chosen("x", ["a"]) == nil)
        #expect(chosen("A", ["a"]) == nil)
        #expect(chosen(nil, ["a"]) == nil)
        #expect(chosen("a", []) == nil)
    }

    @Test("compares tokens, over lists and without regard to case")
    func tokens() {
        for connection in ["keep-alive, Upgrade", "UPGRADE", "upgrade,x"] {
            #expect(refusal(request(["Connection": connection])) == nil)
        }
        for upgrade in ["WebSocket", "h2c, websocket"] {
            #expect(refusal(request(["Upgrade": upgrade])) == nil)
        }
        for connection in ["Upgraded", "keep-alive", "", "up grade"] {
            #expect(refusal(request(["Connection": connection]))?.status == 426)
        }
        for upgrade in ["websockets", "h2c", nil] {
            #expect(refusal(request(["Upgrade": upgrade]))?.status == 426)
            #expect(!WebSocketHandshake.isRequested(by: request(["Upgrade": upgrade])))
        }
        #expect(WebSocketHandshake.isRequested(by: request()))
    }

    @Test("needs GET and HTTP/1.1")
    func requestLine() {
        #expect(refusal(request(method: .post))?.status == 405)
        #expect(refusal(request(method: .post))?.fields["Allow"] == "GET")
        #expect(refusal(request(version: .http10))?.status == 400)
    }

    @Test("of another version is told which one", arguments: ["8", "14", "013", "13, 8", "", nil])
    func version(version: String?) {
        let response = refusal(request(["Sec-WebSocket-Version": version]))
        #expect(response?.status == 426)
        #expect(response?.fields["Sec-WebSocket-Version"] == "13")
        #expect(response?.fields["Upgrade"] == "websocket")
    }

    @Test(
        "needs a key of 16 bytes",
        arguments: [
            nil, "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZWE=",
            "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j!Q==",
            "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZWFh", "=GhlIHNhbXBsZSBub25jZQ=",
        ])
    func key(key: String?) {
        #expect(refusal(request(["Sec-WebSocket-Key": key]))?.status == 400)
    }

    @Test("needs one key only")
    func twoKeys() {
        var head = request()
        head.fields.append("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(refusal(head)?.status == 400)
    }

    @Test("opens between our client and our server")
    func bothSides() throws {
        let head = WebSocketHandshake.request(
            target: "/stream", host: "h:1", nonce: Array(0..<16),
            subprotocols: ["x", "heliograph.v1"])
        let bytes = HTTPRequestWriter.message(of: HTTPRequest(head: head))
        #expect(parse([bytes]).count == 1)
        let answer = WebSocketHandshake.answer(to: head, subprotocols: ["heliograph.v1"])
        guard case .accepted(let response, _, _) = answer else {
            Issue.record("refused")
            return
        }
        let subprotocol = try WebSocketHandshake.verify(
            status: response.status, fields: response.fields, for: head)
        #expect(subprotocol == "heliograph.v1")
    }

    @Test("is given up by a client whose server answers wrongly")
    func verification() throws {
        typealias Failure = WebSocketHandshake.VerificationError
        let right = HTTPFields([
            ("Upgrade", "WebSocket"), ("Connection", "x, upgrade"),
            ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ])
        func failure(status: Int = 101, _ changes: [String: String?] = [:]) -> Failure? {
            var fields = right
            for (name, value) in changes { fields[name] = value }
            do throws(Failure) {
                _ = try WebSocketHandshake.verify(status: status, fields: fields, for: request())
                return nil
            } catch {
                return error
            }
        }
        #expect(failure() == nil)
        #expect(failure(status: 200) == .status(200))
        #expect(failure(["Upgrade": nil]) == .noUpgrade)
        #expect(failure(["Connection": "close"]) == .noUpgrade)
        #expect(failure(["Sec-WebSocket-Accept": nil]) == .wrongAcceptKey)
        #expect(
            failure(["Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOO="]) == .wrongAcceptKey)
        #expect(failure(["Sec-WebSocket-Protocol": "chat"]) == nil)
        #expect(failure(["Sec-WebSocket-Protocol": "other"]) == .unknownSubprotocol)
        #expect(failure(["Sec-WebSocket-Protocol": "chat, superchat"]) == .unknownSubprotocol)
        #expect(failure(["Sec-WebSocket-Extensions": "permessage-deflate"]) == .unknownExtension)
    }
}
