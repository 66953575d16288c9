// SPDX-License-Identifier: MIT

import Testing

@testable import heliograph_bench

@Suite("What subscribers saw last")
struct PositionsTests {
    @Test("is judged for each collection by itself")
    func judging() {
        var positions = Positions(subscribers: 2, collections: 2)
        func note(_ collection: Int, _ timestamp: Int64) -> Positions.Step {
            positions.note(ChangeID(collection: collection, timestamp: timestamp), at: 1)
        }
        #expect(note(0, 10) == .newer)
        #expect(note(1, 5) == .newer)
        #expect(note(0, 12) == .newer)
        #expect(note(0, 12) == .repeated)
        #expect(note(0, 11) == .older)
        #expect(note(1, 6) == .newer)
    }

    @Test("is behind if any collection lacks its newest")
    func behind() {
        var positions = Positions(subscribers: 3, collections: 2)
        for (subscriber, collection) in [(0, 0), (0, 1), (1, 0)] {
            _ = positions.note(ChangeID(collection: collection, timestamp: 7), at: subscriber)
        }
        #expect(positions.countBehind([7, 7]) == 2)
        #expect(positions.countBehind([7, 0]) == 1)
        #expect(positions.countBehind([8, 0]) == 3)
        #expect(positions.countBehind([0, 0]) == 0)
    }

    @Test("and who is due comes in the order of time, not before")
    func due() {
        var queue = DueQueue()
        for number in [5, 3, 9, 1, 7, 3] { queue.insert(number, dueNanoseconds: Int64(number)) }
        #expect(queue.next(atNanoseconds: 0) == nil)
        var order: [Int] = []
        while let number = queue.next(atNanoseconds: 7) { order.append(number) }
        #expect(order == [1, 3, 3, 5, 7])
        #expect(queue.nextNanoseconds == 9)
        #expect(queue.next(atNanoseconds: 9) == 9)
        #expect(queue.nextNanoseconds == nil)
    }

    @Test("and arrivals are told of the events that are known, the others counted")
    func arrivals() throws {
        var arrivals = Arrivals()
        let known = ChangeID(collection: 0, timestamp: 1)
        for time: Int64 in [90, 130, 110] { arrivals.record(known, atNanoseconds: time) }
        arrivals.record(ChangeID(collection: 1, timestamp: 1), atNanoseconds: 120)
        arrivals.count()
        let event = Arrivals.Event(
            change: known, scheduledNanoseconds: 80, answeredNanoseconds: 100)
        let summary = arrivals.summary(of: [event])
        #expect(summary.deliveries == 3)
        #expect(summary.others == 2)
        #expect(summary.unknown == 1, "was timed, so it is one that somebody must have written")
        #expect(summary.early == 1)
        #expect(summary.lastArrivals == [130])
        #expect(summary.sinceSchedule.maximum == 50)
        let copy = try #require(Arrivals.Summary(json: summary.json))
        #expect(copy.sinceAnswer == summary.sinceAnswer)
        #expect(copy.others == 2)
        #expect(copy.unknown == 1)
    }
}
