// SPDX-License-Identifier: MIT

/// How a subscriber is connected.
enum Transport: String {
    /// Server-Sent Events (WHATWG HTML, section 9.2).
    case serverSentEvents = "sse"
    /// WebSocket (RFC 6455).
    case webSocket = "websocket"

    /// Reads the spelling of the command line.
    ///
    /// - Throws: `UsageError`.
    init(parsing text: String) throws {
        guard let transport = Transport(rawValue: text) else {
            throw UsageError("--transport must be sse or websocket")
        }
        self = transport
    }
}
