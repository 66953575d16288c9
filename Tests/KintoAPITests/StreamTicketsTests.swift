// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import KintoAPI

@Suite("A ticket for a stream")
struct StreamTicketsTests {
    private let now = Timestamp(milliseconds: 1_000_000)
    private let viewer = Viewer(userID: "basicauth:me")
    private let path = "/v1/buckets/monitor/collections/changes/ticket"

    private func later(_ milliseconds: Int) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds + Int64(milliseconds))
    }

    @Test("works once, and only as long as it is valid")
    func validity() throws {
        let tickets = StreamTickets()
        let end = Limits.streamTicketSecondsMax * 1_000
        for (milliseconds, works) in [(0, true), (end - 1, true), (end, false), (end + 1, false)] {
            let ticket = try #require(tickets.issue(to: viewer, bytes: [1, 2], now: now))
            #expect(tickets.redeem(ticket, now: later(milliseconds)) == (works ? viewer : nil))
            #expect(tickets.redeem(ticket, now: now) == nil)
        }
        #expect(tickets.redeem("0102", now: now) == nil)
    }

    /// Issues ticket `number` to the user with that number.
    private func issue(
        _ number: Int, to user: Int, from tickets: StreamTickets, at time: Timestamp
    ) -> String? {
        tickets.issue(
            to: Viewer(userID: "basicauth:\(user)"),
            bytes: [UInt8(number >> 8), UInt8(number & 255)], now: time)
    }

    /// All the tickets that there may be, shared evenly by as few users as can have them.
    private func fill(_ tickets: StreamTickets, at time: Timestamp) -> Bool {
        (0..<Limits.streamTicketsMax).allSatisfy {
            issue($0, to: $0 / Limits.streamTicketsPerUserMax, from: tickets, at: time) != nil
        }
    }

    @Test("is not given out when too many are unused, until some have expired")
    func limit() {
        let tickets = StreamTickets()
        let most = Limits.streamTicketsMax
        #expect(fill(tickets, at: now))
        #expect(issue(most, to: most, from: tickets, at: now) == nil)
        let expired = later(Limits.streamTicketSecondsMax * 1_000)
        #expect(issue(most, to: most, from: tickets, at: expired) != nil)
    }

    @Test("is not given out either until expired ones are looked for again")
    func sweep() {
        let tickets = StreamTickets()
        let most = Limits.streamTicketsMax
        #expect(fill(tickets, at: now))
        let expiry = Limits.streamTicketSecondsMax * 1_000
        let again = expiry - 1 + Limits.streamTicketSweepMillisecondsMin
        for (milliseconds, isGiven) in [(expiry - 1, false), (again - 1, false), (again, true)] {
            let ticket = issue(most, to: most, from: tickets, at: later(milliseconds))
            #expect((ticket != nil) == isGiven)
        }
    }

    @Test("makes the oldest of the same user void when that user has too many, and no other")
    func limitOfUser() throws {
        let tickets = StreamTickets()
        let most = Limits.streamTicketsPerUserMax
        let other = try #require(issue(60_000, to: 2, from: tickets, at: now))
        let own = try (0..<most).map { try #require(issue($0, to: 1, from: tickets, at: now)) }
        // Used ones do not count.
        #expect(tickets.redeem(own[1], now: now) != nil)
        let next = try #require(issue(most, to: 1, from: tickets, at: now))
        #expect(tickets.redeem(next, now: now) != nil)
        let last = try (1...2).map {
            try #require(issue(most + $0, to: 1, from: tickets, at: now))
        }
        #expect(tickets.redeem(own[0], now: now) == nil)
        for ticket in own[2...] + last {
            #expect(tickets.redeem(ticket, now: now) == Viewer(userID: "basicauth:1"))
        }
        #expect(tickets.redeem(other, now: now) == Viewer(userID: "basicauth:2"))
    }

    @Test("is there for everyone, however many one user asks for")
    func greed() throws {
        let tickets = StreamTickets()
        for number in 0...Limits.streamTicketsMax {
            try #require(issue(number, to: 1, from: tickets, at: now) != nil)
        }
        let ticket = try #require(issue(60_000, to: 2, from: tickets, at: now))
        #expect(tickets.redeem(ticket, now: now) == Viewer(userID: "basicauth:2"))
    }

    @Test("is given to who has as many as one may, also when there are too many in all")
    func fullForOthers() throws {
        let tickets = StreamTickets()
        #expect(fill(tickets, at: now))
        let ticket = try #require(issue(60_000, to: 0, from: tickets, at: now))
        #expect(tickets.redeem(ticket, now: now) == Viewer(userID: "basicauth:0"))
        #expect(issue(60_001, to: 0, from: tickets, at: now) != nil)
        #expect(issue(60_002, to: Limits.streamTicketsMax, from: tickets, at: now) == nil)
    }

    @Test("is given to who says who they are, and only when asked for by POST")
    func endpoint() async throws {
        let server = try TestServer(KintoSettings.embedded)
        let answer = await server.send("POST", path)
        #expect(answer.status == 200)
        #expect(answer.json["/data/expires_in"]?.integer == Int64(Limits.streamTicketSecondsMax))
        #expect(answer.json["/data/ticket"]?.string?.utf8.count == 32)
        #expect(answer.fields["Cache-Control"] == "no-store")
        let anonymous = await server.send("POST", path, as: nil)
        #expect(anonymous.status == 401)
        #expect(anonymous.fields["WWW-Authenticate"] != nil)
        let get = await server.send("GET", path)
        #expect(get.status == 405)
        #expect(get.fields["Allow"] == "POST, OPTIONS")
    }

    @Test("is given by a server that is read-only, too: it writes nothing")
    func readOnly() async throws {
        let settings = KintoSettings.embedded.merging(["kinto.readonly": "true"]) { $1 }
        let server = try TestServer(settings)
        let answer = await server.send("POST", path)
        #expect(answer.status == 200)
        #expect(answer.json["/data/ticket"]?.string?.utf8.count == 32)
        #expect(await server.send("POST", path, as: nil).status == 401)
        #expect(await server.send("PUT", path).status == 405)
        #expect(await server.send("PUT", "/v1/buckets/b", "{}").status == 405)
    }
}
