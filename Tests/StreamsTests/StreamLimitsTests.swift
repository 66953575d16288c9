// SPDX-License-Identifier: MIT

import Core
import Hub
import Testing

@testable import Streams

@Suite("What one loop keeps for its streams")
struct StreamLimitsTests {
    private static let frameMax = Limits.catchUpFrameBytesMax

    /// The log of one history whose entries have JSON forms of those lengths.
    private func log(jsonBytes lengths: [Int]) -> ChangeLog {
        var log = ChangeLog(epoch: Bench.epoch)
        for (index, length) in lengths.enumerated() {
            let change = Change(
                path: CollectionPath(bucket: "b", collection: "c\(index)"),
                timestamp: Timestamp(milliseconds: 1),
                revision: Revision(UInt64(index + 1)), isTombstone: false)
            let rest = Entry(id: "", change: change, host: "h").json.count
            let id = String(repeating: "x", count: length - rest)
            log.append(Entry(id: id, change: change, host: "h"))
        }
        return log
    }

    private func cohort(_ filter: ChangeFilter, of table: inout CohortTable) throws
        -> CohortTable.Cohort
    {
        let number = table.retain(.monitor(filter))
        return table[try #require(number)]
    }

    @Test(
        "is sent in frames that end with the entry that fills them",
        arguments: [(frameMax - 1, 2), (frameMax, 1), (frameMax + 1, 1)])
    func frames(jsonBytes: Int, entries: Int) throws {
        let log = log(jsonBytes: [jsonBytes, 100, 100])
        var table = CohortTable()
        let cohort = try cohort(.all, of: &table)
        var cache = CatchUpCache()
        var position = Position(after: .zero)
        let first = cache.next(
            position: position, cohort: cohort, encoding: .eventStream, owesReady: true, log: log)
        #expect(first.entryCount == entries)
        #expect(!first.isComplete)
        position = first.position
        #expect(position.revision == Revision(UInt64(entries)))
        let second = cache.next(
            position: position, cohort: cohort, encoding: .eventStream, owesReady: true, log: log)
        #expect(second.entryCount == 3 - entries)
        #expect(second.isComplete)
    }

    @Test(
        "is remembered up to a number of bytes, and forgotten together beyond",
        arguments: [(-1, true), (0, true), (1, false)])
    func cache(bytesBeyond: Int, isRemembered: Bool) throws {
        var table = CohortTable()
        let one = try cohort(.all, of: &table)
        let other = try cohort(ChangeFilter(bucket: "b"), of: &table)
        var cache = CatchUpCache()
        func next(_ cohort: CohortTable.Cohort, _ log: ChangeLog) -> CatchUp {
            cache.next(
                position: Position(after: .zero), cohort: cohort, encoding: .webSocket,
                owesReady: false, log: log)
        }
        let half = Limits.catchUpCacheBytesMax / 2
        let first = try #require(next(one, log(jsonBytes: [half])).frame)
        let overhead = first.count - half
        let rest = Limits.catchUpCacheBytesMax - first.count + bytesBeyond
        let second = try #require(next(other, log(jsonBytes: [rest - overhead])).frame)
        try #require(second.count == rest)
        // What is remembered is what was made of the log as it was.
        let empty = ChangeLog(epoch: Bench.epoch)
        #expect((next(one, empty).frame === first) == isRemembered)
        #expect(next(other, empty).frame === second)
    }

    @Test("are as many filters as are allowed, and one more only when one has gone")
    func filters() {
        let most = Limits.channelsPerLoopMax
        var table = CohortTable()
        var numbers: Set<Int32> = []
        for index in 0..<most - 1 {
            if let number = table.retain(.monitor(ChangeFilter(bucket: "b\(index)"))) {
                numbers.insert(number)
            }
        }
        #expect(numbers.count == most - 1)
        let last = table.retain(.monitor(ChangeFilter(bucket: "last")))
        #expect(table.count == most)
        #expect(table.retain(.monitor(ChangeFilter(bucket: "more"))) == nil)
        // Filters in use take more subscribers.
        #expect(table.retain(.monitor(ChangeFilter(bucket: "last"))) == last)
        guard let last else { return }
        let hasEndedEarly = table.release(last) != nil
        #expect(!hasEndedEarly)
        #expect(table.retain(.monitor(ChangeFilter(bucket: "more"))) == nil)
        let hasEnded = table.release(last) != nil
        #expect(hasEnded)
        #expect(table.retain(.monitor(ChangeFilter(bucket: "more"))) == last)
        #expect(table.count == most)
    }

    @Test("never makes it forget a subscriber that asks for one filter too many")
    func refusal() {
        let bench = Bench()
        let transport = bench.transport
        func begin(_ slot: Int, _ bucket: String) -> Bool {
            let id = transport.open(UInt32(slot), generation: 1, room: .max / 2)
            return bench.fanOut.begin(
                id, encoding: .eventStream, preamble: EncodedFrame(""),
                channel: .monitor(ChangeFilter(bucket: bucket)), cursor: nil)
        }
        let most = Limits.channelsPerLoopMax
        #expect((0..<most).allSatisfy { begin($0, "b\($0)") })
        #expect(!begin(most, "more"))
        let first = StreamID(slot: 0, generation: 1)
        let outcome = bench.fanOut.replace(
            first, filter: ChangeFilter(bucket: "more"), cursor: nil)
        #expect(outcome == .noRoom)
        bench.write("c", 1, bucket: "more")
        bench.write("c", 2, bucket: "b0")
        bench.fanOut.synchronize()
        #expect(bench.revisions(first) == [2])
        bench.fanOut.closed(first)
        #expect(begin(most, "more"))
    }
}
