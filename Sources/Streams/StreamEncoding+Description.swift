// SPDX-License-Identifier: MIT

import Core
import Wire

extension StreamEncoding {
    /// The subprotocol of WebSocket streams, which clients may ask for.
    package static let subprotocol = "heliograph.v1"

    /// What documents tell of the messages of the encoding, those of the server first.
    package var messages: [MessageDescription] {
        switch dialect {
        case .eventStream:
            [
                StreamEvents.change.inEventStream, StreamEvents.ready.inEventStream,
                StreamEvents.reset.inEventStream, EventStreamComment.description,
                EventStreamComment.retryDescription,
            ]
        case .webSocket:
            [
                StreamEvents.change.inWebSocket, StreamEvents.ready.inWebSocket,
                StreamEvents.reset.inWebSocket,
            ] + ServerMessage.descriptions + ClientMessage.descriptions
        case .push: PushAnswer.descriptions + PushMessage.descriptions
        }
    }

    /// The codes that the server ends such a stream with, and when; none where there is no
    /// WebSocket.
    package var closeCodes: [(code: WebSocketCloseCode, meaning: String)] {
        let common: [(WebSocketCloseCode, String)] = [
            (.goingAway, "the server ends, or the stream is old: `return in N ms`"),
            (.protocolError, "a frame breaks the protocol"),
            (.unsupportedData, "a message is not text"),
            (.invalidPayload, "a text is not UTF-8, or cannot be inflated"),
            (
                .messageTooBig,
                "a message is longer than \(Limits.webSocketMessageBytesMax) bytes"
            ),
        ]
        switch dialect {
        case .eventStream: return []
        case .webSocket:
            return common + [(.policyViolation, "the permission to read was lost")]
        case .push:
            return common + [(.internalError, "a message is not understood, or `hello` is late")]
        }
    }
}
