// SPDX-License-Identifier: MIT
//
// The words of both transports (DESIGN, section 4); what they consist of is in `StreamEvent.swift`.
// An event is encoded once per change and encoding; its bytes are shared by everyone it goes to.

import Core
import Hub
import Wire

/// How a stream spells events.
package enum StreamEncoding: Int, Hashable, Sendable, CaseIterable {
    /// Server-Sent Events (WHATWG HTML, section 9.2).
    case eventStream
    /// One JSON object per WebSocket text message (RFC 6455).
    case webSocket
    /// The protocol of Mozilla's push service over WebSocket, which tells of broadcasts only: it
    /// has none of the events below.
    case push

    /// Appends the event of one entry.
    ///
    /// - Parameters:
    ///   - changes: The records that changed, as a JSON array, which becomes the entry's last
    ///     member; nil for none.
    ///   - cursor: What the subscriber resumes with after it.
    /// - Complexity: O(length of the entry and the changes).
    package func append(
        entry: Entry, changes: [UInt8]? = nil, cursor: Cursor, to buffer: inout [UInt8]
    ) {
        StreamEvents.change.append(
            ChangeContent(entry: entry, changes: changes, cursor: cursor), as: self, to: &buffer)
    }

    /// Whether pacing applies: WebSocket streams are people's dashboards, which come first.
    package var isPaced: Bool {
        switch self {
        case .eventStream, .push: true
        case .webSocket: false
        }
    }

    /// Appends the event that says: you are caught up, what follows is live.
    ///
    /// - Parameter windowMilliseconds: Over how long a change is told, which the client may reckon
    ///   with; 0 for at once, which is not told.
    package func appendReady(
        cursor: Cursor, timestamp: Timestamp, windowMilliseconds: Int = 0,
        to buffer: inout [UInt8]
    ) {
        let content = ReadyContent(
            cursor: cursor, timestamp: timestamp, windowMilliseconds: windowMilliseconds)
        StreamEvents.ready.append(content, as: self, to: &buffer)
    }

    /// Appends the event that says: your cursor was not taken, the whole list follows.
    package func appendReset(_ reason: ResetReason, to buffer: inout [UInt8]) {
        StreamEvents.reset.append(reason, as: self, to: &buffer)
    }

    /// The frame that tells a stream's peer that it may not read any more: RFC 6455's code for
    /// that, or nothing.
    package func revocation() -> EncodedFrame? {
        switch self {
        case .eventStream: nil
        case .webSocket, .push:
            EncodedFrame(
                WebSocketFrameEncoder.close(.policyViolation, reason: "permission lost"))
        }
    }

    /// The frame that tells a stream's peer, before the stream ends, when to return: a `retry:`,
    /// which event sources obey, or RFC 6455's code for an endpoint that goes away. A browser's
    /// push service has rules of its own for when it returns.
    package func goingAway(_ returnMilliseconds: Int) -> EncodedFrame {
        switch self {
        case .eventStream:
            EncodedFrame(EventStreamEncoder.retry(milliseconds: returnMilliseconds))
        case .webSocket, .push:
            EncodedFrame(
                WebSocketFrameEncoder.close(
                    .goingAway, reason: "return in \(returnMilliseconds) ms"))
        }
    }

    /// The frame that shows proxies and peers that the stream lives: a comment, or a ping.
    package func heartbeat() -> EncodedFrame {
        switch self {
        case .eventStream: EncodedFrame(EventStreamComment.heartbeat.bytes)
        case .webSocket, .push: EncodedFrame(WebSocketFrameEncoder.ping())
        }
    }

    /// Encodes entries, oldest change first, each with the cursor that is right after it.
    ///
    /// A cursor's timestamp is for going back to polling, so it must not be at or above that of an
    /// entry still to come: within a list it is the highest that leaves none behind, and at its
    /// end the list's own.
    ///
    /// - Parameters:
    ///   - rest: The lowest timestamp among entries that will follow in later frames.
    ///   - listTimestamp: The timestamp of the list that the entries come from.
    ///   - epoch: The history that they belong to.
    /// - Complexity: O(total length).
    package func append(
        _ entries: ArraySlice<Entry>, restMinimum rest: Timestamp?,
        timestamp listTimestamp: Timestamp, epoch: Epoch, to buffer: inout [UInt8]
    ) {
        var safe: [Timestamp] = []
        safe.reserveCapacity(entries.count)
        var minimum = rest
        for entry in entries.reversed() {
            let below = minimum.map { Timestamp(milliseconds: $0.milliseconds - 1) }
            safe.append(min(listTimestamp, below ?? listTimestamp))
            minimum = min(minimum ?? entry.timestamp, entry.timestamp)
        }
        for (entry, timestamp) in zip(entries, safe.reversed()) {
            let cursor = Cursor.exact(timestamp, epoch, entry.change.revision)
            append(entry: entry, cursor: cursor, to: &buffer)
        }
    }
}
