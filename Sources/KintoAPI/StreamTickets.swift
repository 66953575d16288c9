// SPDX-License-Identifier: MIT
//
// Browsers cannot send `Authorization` with an event source or a WebSocket, and a password has no
// place in an address, which others log. A ticket stands for the user once and for a few seconds.

import Core
import Synchronization

/// The tickets that were given out and not used yet.
///
/// They are kept in memory: after a restart a page asks for another one. A user can have only so
/// many, so that nobody takes those of the others.
final class StreamTickets: Sendable {
    fileprivate struct Ticket {
        let viewer: Viewer
        let expiry: Timestamp
    }

    fileprivate struct Book {
        var tickets: [String: Ticket] = [:]
        /// The tickets of each viewer who has any, the oldest first.
        var own: [Viewer: [String]] = [:]
        /// When expired tickets may be looked for again.
        var nextSweep = Timestamp.zero
    }

    private let book = Mutex(Book())

    /// Makes an empty set of tickets.
    init() {}

    /// Notes a new ticket of a user, in place of the user's oldest if there are too many of those;
    /// nil if there are too many in all that have not expired.
    ///
    /// - Parameter bytes: Random bytes that nobody can guess.
    /// - Complexity: O(1), but O(*n*) when there are too many and the expired ones have to go: once
    ///   in `Limits.streamTicketSweepMillisecondsMin`.
    func issue(to viewer: Viewer, bytes: [UInt8], now: Timestamp) -> String? {
        let text = Digest.hexadecimal(bytes)
        let expiry = now.milliseconds + Int64(Limits.streamTicketSecondsMax) * 1_000
        let ticket = Ticket(viewer: viewer, expiry: Timestamp(milliseconds: expiry))
        return book.withLock { book in
            book.makeRoom(for: viewer)
            if book.tickets.count >= Limits.streamTicketsMax { book.sweep(at: now) }
            guard book.tickets.count < Limits.streamTicketsMax else { return nil }
            book.tickets[text] = ticket
            book.own[viewer, default: []].append(text)
            return text
        }
    }

    /// Uses a ticket up, and returns whose it is; nil if it was used, has expired or never was.
    ///
    /// - Complexity: O(*n*) in the number of the user's tickets, which is limited.
    func redeem(_ text: String, now: Timestamp) -> Viewer? {
        guard let ticket = book.withLock({ $0.remove(text) }), ticket.expiry > now else {
            return nil
        }
        return ticket.viewer
    }
}

extension StreamTickets.Book {
    /// Takes the oldest ticket of a viewer who has as many as may be.
    mutating func makeRoom(for viewer: Viewer) {
        guard let texts = own[viewer], texts.count >= Limits.streamTicketsPerUserMax else { return }
        _ = remove(texts[0])
    }

    /// Takes a ticket out, if it is there.
    mutating func remove(_ text: String) -> StreamTickets.Ticket? {
        guard let ticket = tickets.removeValue(forKey: text) else { return nil }
        var texts = own.removeValue(forKey: ticket.viewer) ?? []
        texts.removeAll { $0 == text }
        if !texts.isEmpty { own[ticket.viewer] = texts }
        return ticket
    }

    /// Takes out the expired tickets, unless that was done just before.
    mutating func sweep(at now: Timestamp) {
        guard now >= nextSweep else { return }
        let pause = Int64(Limits.streamTicketSweepMillisecondsMin)
        nextSweep = Timestamp(milliseconds: now.milliseconds + pause)
        for (text, ticket) in tickets where ticket.expiry <= now { _ = remove(text) }
    }
}
