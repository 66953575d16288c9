// SPDX-License-Identifier: MIT

import Core
import Wire

/// One connection's request while it is read and answered; idle connections and streams have none.
final class HTTPExchange {
    /// What the exchange waits for.
    enum Phase {
        /// The rest of the request line or the fields.
        case readingHead
        /// The rest of the body.
        case readingBody
        /// The API's answer, which another thread makes.
        case awaitingAnswer
        /// The socket, to take the rest of the answer.
        case sendingAnswer
    }

    /// The connection's identity, to recognise answers that come too late.
    let generation: UInt32
    /// Reads the request.
    var parser = HTTPRequestParser()
    /// What the exchange waits for.
    var phase = Phase.readingHead
    /// Whether the time limit of the head runs.
    var isHeadTimed = false
    /// The head of the request being read or answered.
    var head = HTTPRequestHead(method: .get, target: "")
    /// The body so far.
    var body: [UInt8] = []
    /// Whether the bytes of the head are all there is to the request, and another may follow.
    var isRepeatable = false
    /// Whether another request may follow.
    var keepsAlive = true
    /// Whether the peer has sent all it will (half-close); it is still answered.
    var hasPeerEnded = false

    /// Makes an exchange for a connection's next request.
    init(generation: UInt32) {
        self.generation = generation
    }

    /// Takes note of a request's head.
    func begin(_ head: HTTPRequestHead, _ framing: HTTPRequestFraming) {
        self.head = head
        keepsAlive = framing.keepsAlive
        isRepeatable =
            framing.keepsAlive && framing.body == .none && !framing.expectsContinue
            && head.version == .http11
        phase = .readingBody
        if case .fixed(let bytes) = framing.body { body.reserveCapacity(min(bytes, 1 << 20)) }
    }

    /// Gives the whole request away and forgets its body.
    func takeRequest() -> HTTPRequest {
        let request = HTTPRequest(head: head, body: body)
        body = []
        return request
    }
}
