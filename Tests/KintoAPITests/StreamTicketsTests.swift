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

    @Test("is not given out when too many are unused, until some have expired")
    func limit() throws {
        let tickets = StreamTickets()
        func issue(_ number: Int, at time: Timestamp) -> String? {
            tickets.issue(to: viewer, bytes: [UInt8(number >> 8), UInt8(number & 255)], now: time)
        }
        let most = Limits.streamTicketsMax
        #expect((0..<most).allSatisfy { issue($0, at: now) != nil })
        #expect(issue(most, at: now) == nil)
        let expired = later(Limits.streamTicketSecondsMax * 1_000)
        #expect(issue(most, at: expired) != nil)
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
}
