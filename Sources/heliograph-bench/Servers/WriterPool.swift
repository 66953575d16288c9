// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// Makes single changes by a schedule on several connections, so that a write need not wait for the
/// answer to the one before.
final class WriterPool {
    private struct Write {
        let collection: Int
        let dueNanoseconds: Int64
    }

    private let publisher: Publisher
    private let connections: [HTTPConnection]
    /// What each connection waits for.
    private var writes: [Write?]
    private var free: [Int]
    private let epoll: Int32
    private var ready: [epoll_event]
    private var events: [Arrivals.Event] = []
    private var answered = 0

    /// Connects so many times.
    ///
    /// - Parameter publisher: What it knows of the newest timestamps is kept up to date.
    /// - Throws: `BenchFailure`.
    init(_ publisher: Publisher, connections count: Int) throws {
        self.publisher = publisher
        connections = try (0..<count).map { _ in
            try HTTPConnection(url: publisher.url, credentials: publisher.credentials)
        }
        writes = connections.map { _ in nil }
        free = Array(connections.indices)
        ready = Array(repeating: epoll_event(), count: count)
        epoll = hg_epoll_create()
        guard epoll >= 0 else { throw BenchFailure.systemCall("epoll_create1") }
        for (place, connection) in connections.enumerated() {
            let interest = UInt32(HG_EPOLLIN)
            guard
                hg_epoll_ctl(
                    epoll, EPOLL_CTL_ADD, connection.descriptor, interest, UInt64(place)) == 0
            else { throw BenchFailure.systemCall("epoll_ctl") }
        }
    }

    deinit { close(epoll) }

    /// Replaces records of the collections in turn, the first one now. What is due while all
    /// connections wait for answers is late, and counts from when it was due.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - intervalNanoseconds: Between two.
    ///   - progress: Called with the number of those that are answered.
    /// - Returns: Those of collection 0, in the order of their answers.
    /// - Throws: `BenchFailure` if a write is refused or not answered.
    func publish(
        count: Int, intervalNanoseconds: Int64, progress: (Int) -> Void = { _ in }
    ) throws -> [Arrivals.Event] {
        let schedule = Schedule(
            startNanoseconds: MonotonicClock.nowNanoseconds,
            intervalNanoseconds: intervalNanoseconds)
        let collections = publisher.newest.count
        events = []
        answered = 0
        var begun = 0
        while answered < count {
            let now = MonotonicClock.nowNanoseconds
            while begun < count, schedule.dueNanoseconds(begun) <= now, let place = free.popLast() {
                let write = Write(
                    collection: begun % collections,
                    dueNanoseconds: schedule.dueNanoseconds(begun))
                try begin(write, place)
                begun += 1
            }
            let isNextBegun = begun < count && !free.isEmpty
            try takeAnswers(
                untilNanoseconds: isNextBegun ? schedule.dueNanoseconds(begun) : .max)
            progress(answered)
        }
        return events
    }

    private func begin(_ write: Write, _ place: Int) throws {
        _ = publisher.nextSerial()
        try connections[place].send(
            "PUT", Publisher.record(of: write.collection),
            body: JSONWriter.bytes(publisher.content))
        writes[place] = write
    }

    /// Waits for answers until a time, and takes those that have come.
    private func takeAnswers(untilNanoseconds end: Int64) throws {
        let silence = Int64(Limits.benchAnswerSecondsMax) * 1_000_000_000
        let wait = max(0, min(silence, end - MonotonicClock.nowNanoseconds))
        let count = hg_epoll_wait(epoll, &ready, Int32(ready.count), wait)
        guard count >= 0 || hg_errno() == EINTR else {
            throw BenchFailure.systemCall("epoll_wait")
        }
        guard count != 0 || wait < silence else { throw BenchFailure("no answer in time") }
        for number in 0..<max(0, Int(count)) {
            try takeAnswer(Int(hg_epoll_token(&ready[number])))
        }
    }

    private func takeAnswer(_ place: Int) throws {
        guard let write = writes[place] else {
            throw BenchFailure("\(publisher.url): the server closed the connection")
        }
        let answer = try publisher.checked(try connections[place].answer(), "PUT")
        let data = (try? JSONParser.parse(answer.body))?.object?["data"]
        let timestamp = try publisher.note(data, write.collection)
        writes[place] = nil
        free.append(place)
        answered += 1
        guard write.collection == 0 else { return }
        events.append(
            Arrivals.Event(
                change: ChangeID(collection: 0, timestamp: timestamp),
                scheduledNanoseconds: write.dueNanoseconds,
                answeredNanoseconds: answer.answeredNanoseconds))
    }
}
