// SPDX-License-Identifier: MIT

import Core

/// The opening of a WebSocket connection over HTTP/1.1 (RFC 6455, section 4), both sides.
package enum WebSocketHandshake {
    /// A server's answer to a request for an upgrade.
    package enum Answer {
        /// Send the 101; what follows the request's head is already frames, which may be
        /// compressed if that was agreed on.
        case accepted(HTTPResponse, subprotocol: String?, allowsCompression: Bool)
        /// Send this; the connection stays one of HTTP.
        case refused(HTTPResponse)
    }

    /// Why an answer does not open a connection that was asked for (4.1).
    package enum VerificationError: Error, Equatable {
        /// A status other than 101.
        case status(Int)
        /// `Upgrade` is not `websocket`, or `Connection` does not have `upgrade`.
        case noUpgrade
        /// `Sec-WebSocket-Accept` does not fit the key.
        case wrongAcceptKey
        /// A subprotocol that was not offered, or several.
        case unknownSubprotocol
        /// An extension, though none was offered.
        case unknownExtension
    }

    /// Whether a request asks for WebSocket: `websocket` is a token of its `Upgrade`.
    ///
    /// - Complexity: O(*n*) in the number of fields.
    package static func isRequested(by head: HTTPRequestHead) -> Bool {
        hasToken("websocket", in: head.fields, "Upgrade")
    }

    /// Answers a request for an upgrade.
    ///
    /// - Parameters:
    ///   - subprotocols: Those that the server speaks. The first that the client offers among them
    ///     is chosen; without one in common there is none, which is up to the client.
    ///   - allowsCompression: Whether to agree on `permessage-deflate` if the client offers it.
    /// - Complexity: O(*n*).
    package static func answer(
        to head: HTTPRequestHead, subprotocols: [String] = [], allowsCompression: Bool = false
    ) -> Answer {
        guard head.method == .get else {
            return refusal(405, "WebSocket begins with GET", [("Allow", "GET")])
        }
        guard head.version == .http11 else { return refusal(400, "WebSocket needs HTTP/1.1") }
        guard isRequested(by: head), hasToken("upgrade", in: head.fields, "Connection") else {
            return refusal(
                426, "WebSocket needs an upgrade",
                [
                    ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Version", "13"),
                ])
        }
        let versions = head.fields.all("Sec-WebSocket-Version")
        guard versions.count == 1, versions[0].utf8.elementsEqual("13".utf8) else {
            return refusal(
                426, "WebSocket version 13 only",
                [
                    ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Version", "13"),
                ])
        }
        let keys = head.fields.all("Sec-WebSocket-Key")
        guard keys.count == 1, isValidKey(keys[0]) else {
            return refusal(400, "Invalid Sec-WebSocket-Key")
        }
        let offers = head.fields.tokens("Sec-WebSocket-Protocol")
        let subprotocol = offers.lazy.map { String($0) }.first { subprotocols.contains($0) }
        var fields = HTTPFields([
            ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", acceptKey(for: keys[0])),
        ])
        if let subprotocol { fields.append("Sec-WebSocket-Protocol", subprotocol) }
        guard let extensions = WebSocketExtension.offers(in: head.fields) else {
            return refusal(400, "Invalid Sec-WebSocket-Extensions")
        }
        let deflate = allowsCompression ? PerMessageDeflate.answer(to: extensions) : nil
        if let deflate { fields.append("Sec-WebSocket-Extensions", deflate) }
        return .accepted(
            HTTPResponse(status: 101, fields: fields), subprotocol: subprotocol,
            allowsCompression: deflate != nil)
    }

    /// The value of `Sec-WebSocket-Accept` for a key (4.2.2).
    package static func acceptKey(for key: String) -> String {
        Base64.encode(Digest.sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    /// The head of a client's request (4.1).
    ///
    /// - Parameters:
    ///   - target: Path and query.
    ///   - host: Host, and port if it is not the scheme's.
    ///   - nonce: 16 random bytes.
    ///   - subprotocols: Those that the client speaks, the one it likes best first.
    package static func request(
        target: String, host: String, nonce: [UInt8], subprotocols: [String] = []
    ) -> HTTPRequestHead {
        precondition(nonce.count == 16)
        var fields = HTTPFields([
            ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", Base64.encode(nonce)), ("Sec-WebSocket-Version", "13"),
        ])
        if !subprotocols.isEmpty {
            fields.append("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", "))
        }
        return HTTPRequestHead(method: .get, target: target, fields: fields)
    }

    /// Checks the answer to a client's request (4.1).
    ///
    /// - Returns: The subprotocol that the server chose, or nil.
    /// - Throws: `VerificationError`: end the connection.
    package static func verify(
        status: Int, fields: HTTPFields, for request: HTTPRequestHead
    ) throws(VerificationError) -> String? {
        guard status == 101 else { throw .status(status) }
        guard let upgrade = fields["Upgrade"], HTTPFields.areEqual(upgrade[...], "websocket"),
            hasToken("upgrade", in: fields, "Connection")
        else {
            throw .noUpgrade
        }
        let key = request.fields["Sec-WebSocket-Key"] ?? ""
        guard fields["Sec-WebSocket-Accept"] == acceptKey(for: key) else { throw .wrongAcceptKey }
        guard fields.tokens("Sec-WebSocket-Extensions").isEmpty else { throw .unknownExtension }
        guard let subprotocol = fields["Sec-WebSocket-Protocol"] else { return nil }
        guard request.fields.tokens("Sec-WebSocket-Protocol").contains(subprotocol[...]) else {
            throw .unknownSubprotocol
        }
        return subprotocol
    }

    /// Whether a key is 16 bytes in base64 (4.2.1).
    private static func isValidKey(_ key: String) -> Bool {
        key.utf8.count == 24 && key.hasSuffix("==") && !key.contains { $0 == "-" || $0 == "_" }
            && Base64.decode(key[...])?.count == 16
    }

    private static func hasToken(_ token: String, in fields: HTTPFields, _ name: String) -> Bool {
        fields.tokens(name).contains { HTTPFields.areEqual($0, token) }
    }

    private static func refusal(
        _ status: Int, _ reason: String, _ fields: [HTTPFields.Field] = []
    ) -> Answer {
        var response = HTTPResponse(
            status: status, fields: HTTPFields(fields), body: Array(reason.utf8))
        response.fields.append("Content-Type", "text/plain; charset=utf-8")
        return .refused(response)
    }
}
