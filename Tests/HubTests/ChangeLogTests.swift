// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import Hub

@Suite("A change log")
struct ChangeLogTests {
    @Test("keeps the newest entry of each collection, ordered by revision")
    func order() {
        var log = ChangeLog(epoch: Fixture.epoch)
        log.append(Fixture.entry("a", revision: 1, timestamp: 10))
        log.append(Fixture.entry("b", revision: 2, timestamp: 11))
        log.append(Fixture.entry("a", revision: 3, timestamp: 12))
        log.checkInvariants()
        #expect(log.entries(after: .zero).map(\.change.path.collection) == ["b", "a"])
        #expect(log.entries(after: Revision(2)).map(\.change.revision) == [Revision(3)])
        #expect(log.entries(after: Revision(3)).isEmpty)
        #expect(log.count == 2)
        #expect(log.head == Revision(3))
    }

    @Test("has the timestamp of its newest live entry, also when that one is deleted")
    func timestamp() {
        var log = ChangeLog(epoch: Fixture.epoch)
        #expect(log.timestamp == nil)
        log.append(Fixture.entry("future", revision: 1, timestamp: 9_000))
        log.append(Fixture.entry("past", revision: 2, timestamp: 5))
        #expect(log.timestamp == Timestamp(milliseconds: 9_000))
        log.append(Fixture.entry("future", revision: 3, timestamp: 9_001, isTombstone: true))
        #expect(log.timestamp == Timestamp(milliseconds: 5))
        log.append(Fixture.entry("past", revision: 4, timestamp: 6, isTombstone: true))
        #expect(log.timestamp == nil)
        #expect(log.liveCount == 0)
        log.checkInvariants()
    }

    @Test("lists live entries newest timestamp first, whatever order they came in")
    func listing() {
        var log = ChangeLog(epoch: Fixture.epoch)
        log.append(Fixture.entry("a", revision: 1, timestamp: 20))
        log.append(Fixture.entry("b", revision: 2, timestamp: 10))
        log.append(Fixture.entry("c", revision: 3, timestamp: 20))
        log.append(Fixture.entry("d", revision: 4, timestamp: 30, isTombstone: true))
        #expect(log.liveEntries().map(\.change.path.collection) == ["c", "a", "b"])
    }

    @Test("agrees with a naive model after any sequence of changes", arguments: 0..<200)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = ChangeLog(epoch: Fixture.epoch)
        var history: [Change] = []
        for number in 1...UInt64.random(in: 1...120, using: &random) {
            let entry = Fixture.entry(
                "c\(Int.random(in: 0..<12, using: &random))", revision: number,
                timestamp: Int64.random(in: 0..<50, using: &random),
                isTombstone: Int.random(in: 0..<5, using: &random) == 0)
            history.append(entry.change)
            log.apply([entry], head: entry.change.revision)
            let newest = NaiveModel.newest(of: history)
            let after = Revision(UInt64.random(in: 0...number, using: &random))
            #expect(
                log.entries(after: after).map(\.change) == newest.filter { $0.revision > after })
            #expect(log.timestamp == newest.filter { !$0.isTombstone }.map(\.timestamp).max())
            #expect(log.liveCount == newest.filter { !$0.isTombstone }.count)
        }
    }
}

@Suite("A subscriber that resumes")
struct ResumeTests {
    let log: ChangeLog = {
        var log = ChangeLog(epoch: Fixture.epoch)
        log.append(Fixture.entry("a", revision: 1, timestamp: 100))
        log.append(Fixture.entry("late", revision: 2, timestamp: 50))
        log.append(Fixture.entry("gone", revision: 3, timestamp: 120, isTombstone: true))
        log.append(Fixture.entry("b", revision: 4, timestamp: 110))
        return log
    }()

    func owed(_ cursor: String?) -> [String] {
        log.owed(to: log.resume(from: cursor).position, matching: .all)
            .map(\.change.path.collection)
    }

    @Test("from nothing is owed the live list, and no tombstones")
    func start() {
        #expect(owed(nil) == ["a", "late", "b"])
        #expect(owed("") == ["a", "late", "b"])
        #expect(log.resume(from: nil).reset == nil)
    }

    @Test("from a poll's timestamp is owed what is above it, tombstones too")
    func timestamp() {
        #expect(owed("\"100\"") == ["gone", "b"])
        #expect(owed("99") == ["a", "gone", "b"])
        #expect(owed("120").isEmpty)
    }

    @Test("from a poll's timestamp is owed later changes whatever their timestamp")
    func timestampThenPast() {
        let position = log.resume(from: "110").position
        var later = log
        later.append(Fixture.entry("late", revision: 5, timestamp: 60))
        let owed = later.owed(to: position, matching: .all).map(\.change.path.collection)
        #expect(owed == ["gone", "late"])
    }

    @Test("from an exact cursor is owed what is after its revision, whatever the timestamps")
    func exact() {
        #expect(owed("0.\(Fixture.epoch).0") == ["a", "late", "gone", "b"])
        #expect(owed("100.\(Fixture.epoch).1") == ["late", "gone", "b"])
        #expect(owed("110.\(Fixture.epoch).4").isEmpty)
    }

    @Test("with a cursor that cannot be right gets the whole list and the reason")
    func reset() {
        let other = Epoch(randomBits: 99)
        let cases: [(String, ResetReason)] = [
            ("1.\(other).1", .epoch), ("1.\(Fixture.epoch).5", .future), ("nonsense", .malformed),
            ("121", .future),
        ]
        for (cursor, reason) in cases {
            #expect(log.resume(from: cursor).reset == reason)
            #expect(owed(cursor) == ["a", "late", "b"])
        }
    }

    @Test("with a cursor of another part of the list gets what it may see by now, and why")
    func access() {
        let part = Fixture.epoch.viewed(1)
        func resume(_ cursor: String, in epoch: Epoch) -> Resume {
            Resume(from: cursor, epoch: epoch, head: log.head, highest: log.highestTimestamp)
        }
        #expect(resume("1.\(part).4", in: part) == resume("1.\(Fixture.epoch).4", in: log.epoch))
        for (cursor, epoch) in [
            ("1.\(Fixture.epoch.viewed(2)).4", part), ("1.\(Fixture.epoch).4", part),
            ("1.\(part).4", Fixture.epoch),
        ] {
            #expect(resume(cursor, in: epoch).reset == .access)
            #expect(resume(cursor, in: epoch).position == log.resume(from: nil).position)
        }
        let other = Epoch(randomBits: 99).viewed(part.view)
        #expect(resume("1.\(other).4", in: part).reset == .epoch)
        #expect(resume("110", in: part).reset == nil)
    }

    @Test("gets each missed change once, at every possible cursor", arguments: 0..<100)
    func everyCursor(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = ChangeLog(epoch: Fixture.epoch)
        var history: [Change] = []
        for number in 1...60 as ClosedRange<UInt64> {
            let entry = Fixture.entry(
                "c\(Int.random(in: 0..<8, using: &random))", revision: number,
                timestamp: Int64.random(in: 0..<30, using: &random),
                isTombstone: Int.random(in: 0..<6, using: &random) == 0)
            history.append(entry.change)
            log.append(entry)
        }
        for cursor in 0...60 as ClosedRange<UInt64> {
            let position = log.resume(from: "0.\(Fixture.epoch).\(cursor)").position
            let owed = log.owed(to: position, matching: .all).map(\.change)
            let missed = history.filter { $0.revision > Revision(cursor) }
            #expect(owed == NaiveModel.newest(of: missed))
        }
    }
}

/// What the tests share.
enum Fixture {
    static let epoch = Epoch(randomBits: 0xABCDEF)

    static func entry(
        _ collection: String, revision: UInt64, timestamp: Int64, isTombstone: Bool = false
    ) -> Entry {
        let change = Change(
            path: CollectionPath(bucket: "b", collection: collection),
            timestamp: Timestamp(milliseconds: timestamp), revision: Revision(revision),
            isTombstone: isTombstone)
        return Entry(id: "id-\(collection)", change: change, host: "h")
    }
}

/// The obvious, slow way.
enum NaiveModel {
    static func newest(of history: [Change]) -> [Change] {
        var newest: [CollectionPath: Change] = [:]
        for change in history { newest[change.path] = change }
        return newest.values.sorted { $0.revision < $1.revision }
    }
}

/// Random numbers that a seed reproduces (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
