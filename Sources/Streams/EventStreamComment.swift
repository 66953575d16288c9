// SPDX-License-Identifier: MIT

import Core
import Wire

/// What event streams carry beside events: clients pass over it, but it keeps connections open.
package enum EventStreamComment: String, CaseIterable, Sendable {
    /// The first bytes of a stream, which proxies pass on at once.
    case opening = "heliograph"
    /// The sign of life of a stream that has nothing to tell.
    case heartbeat = "ping"

    /// The comment as it is sent.
    package var bytes: [UInt8] { EventStreamEncoder.comment(rawValue) }

    /// What documents tell of comments.
    static let description = MessageDescription(
        "comment",
        "A line behind a colon, which clients pass over: at the beginning, and when nothing else "
            + "was sent for a while.",
        payload: [
            "type": "string", "enum": .array(allCases.map { .string($0.rawValue) }),
        ], examplePayload: .string(EventStreamComment.heartbeat.rawValue),
        contentType: "text/plain")

    /// What documents tell of the field that event sources return by.
    static let retryDescription = MessageDescription(
        "retry", "How long to wait before coming back, in milliseconds: each client its own time.",
        headers: JSONSchema.object([("retry", ["type": "integer", "minimum": 0], false)]),
        payload: nil, exampleHeaders: ["retry": 3217])
}
