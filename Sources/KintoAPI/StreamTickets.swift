// SPDX-License-Identifier: MIT
//
// Browsers cannot send `Authorization` with an event source or a WebSocket, and a password has no
// place in an address, which others log. A ticket stands for the user once and for a few seconds.

import Core
import Synchronization

/// The tickets that were given out and not used yet.
///
/// They are kept in memory: after a restart a page asks for another one.
final class StreamTickets: Sendable {
    private struct Ticket {
        let viewer: Viewer
        let expiry: Timestamp
    }

    private let tickets = Mutex<[String: Ticket]>([:])

    /// Makes an empty set of tickets.
    init() {}

    /// Notes a new ticket of a user; nil if there are too many that have not expired.
    ///
    /// - Parameter bytes: Random bytes that nobody can guess.
    /// - Complexity: O(1), but O(*n*) when there are too many and the expired ones have to go.
    func issue(to viewer: Viewer, bytes: [UInt8], now: Timestamp) -> String? {
        let text = Digest.hexadecimal(bytes)
        let expiry = now.milliseconds + Int64(Limits.streamTicketSecondsMax) * 1_000
        let ticket = Ticket(viewer: viewer, expiry: Timestamp(milliseconds: expiry))
        return tickets.withLock { tickets in
            if tickets.count >= Limits.streamTicketsMax {
                tickets = tickets.filter { $0.value.expiry > now }
                if tickets.count >= Limits.streamTicketsMax { return nil }
            }
            tickets[text] = ticket
            return text
        }
    }

    /// Uses a ticket up, and returns whose it is; nil if it was used, has expired or never was.
    func redeem(_ text: String, now: Timestamp) -> Viewer? {
        guard let ticket = tickets.withLock({ $0.removeValue(forKey: text) }), ticket.expiry > now
        else { return nil }
        return ticket.viewer
    }
}
