// SPDX-License-Identifier: MIT
//
// The connections of one client process that asks: one thread, one epoll. By schedule, a request
// that is due goes out on a connection that is free, or waits for one; its latency counts from the
// time it was due. Without one, each connection asks again as soon as it has its answer.

import CLinux
import Core
import Glibc

/// What became of a job's requests.
struct RequestSummary {
    /// From when a request was due, or without a schedule was sent, to the end of its answer.
    var latencies = Histogram()
    /// Answers with another status than was expected.
    var unexpected: Int64 = 0
    /// The first such status, or 0.
    var unexpectedStatus: Int64 = 0
    /// Bytes received.
    var bytes: Int64 = 0
    /// From the first request to the last answer.
    var nanoseconds: Int64 = 0
    /// The processor time of the client process.
    var cpuNanoseconds: Int64 = 0

    /// Makes a summary of nothing.
    init() {}

    /// Adds the summary of a process that worked at the same time.
    ///
    /// - Complexity: O(number of buckets).
    mutating func merge(_ other: RequestSummary) {
        latencies.merge(other.latencies)
        unexpected += other.unexpected
        if unexpectedStatus == 0 { unexpectedStatus = other.unexpectedStatus }
        bytes += other.bytes
        nanoseconds = max(nanoseconds, other.nanoseconds)
        cpuNanoseconds += other.cpuNanoseconds
    }
}

/// The connections that are free, whoever was free first at the front.
private struct Ring {
    private var places: [Int] = []
    private var first = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a connection; there is never more than one place for each.
    mutating func append(_ index: Int) {
        if count == places.count {
            places = (0..<count).map { places[(first + $0) % count] } + [index]
            first = 0
        } else {
            places[(first + count) % places.count] = index
        }
        count += 1
    }

    mutating func takeFirst() -> Int? {
        guard count > 0 else { return nil }
        defer {
            first = (first + 1) % places.count
            count -= 1
        }
        return places[first]
    }
}

/// Many connections that ask the same.
final class RequestLoop {
    private struct Connection {
        let descriptor: Int32
        var reader = AnswerReader()
        /// What the latency counts from, or nil while the connection is free.
        var startNanoseconds: Int64?
        /// The end of the request that the socket did not take.
        var unsent: [UInt8] = []
    }

    private let job: RequestJob
    private let epoll: Int32
    private var connections: [Connection] = []
    private var free = Ring()
    private var request: [UInt8]
    private var marks: [Int] = []
    private var events: [epoll_event]
    private var input: [UInt8]
    private var number: Int64
    private var summary = RequestSummary()

    /// Connects.
    ///
    /// - Throws: `BenchFailure`.
    init(job: RequestJob) throws {
        self.job = job
        epoll = hg_epoll_create()
        guard epoll >= 0 else { throw BenchFailure.systemCall("epoll_create1") }
        let parts = job.request.split(
            separator: RequestJob.numberMark, omittingEmptySubsequences: false)
        request = Array(parts[0].utf8)
        for part in parts.dropFirst() {
            marks.append(request.count)
            request += Array(repeating: UInt8(ascii: "0"), count: 10) + Array(part.utf8)
        }
        number = RequestJob.firstNumber + Int64(job.firstNumber)
        events = Array(repeating: epoll_event(), count: Limits.eventsPerTurnMax)
        input = Array(repeating: 0, count: Limits.readBytesPerTurnMax)
        for index in 0..<job.connections { try connect(index) }
    }

    deinit {
        for connection in connections { close(connection.descriptor) }
        close(epoll)
    }

    /// Asks, and waits for all answers.
    ///
    /// - Throws: `BenchFailure` if a connection ends or an answer is late.
    func run(_ run: RequestRun) throws -> RequestSummary {
        summary = RequestSummary()
        let start = MonotonicClock.nowNanoseconds
        let cpu = hg_clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
        let schedule = Schedule(
            startNanoseconds: start,
            intervalNanoseconds: run.perSecond > 0 ? 1_000_000_000 / Int64(run.perSecond) : 0)
        let end = start + Int64(run.milliseconds) * 1_000_000
        let silence = Int64(Limits.benchAnswerSecondsMax) * 1_000_000_000
        var begun = 0
        var lastAnswer = start
        while true {
            var now = MonotonicClock.nowNanoseconds
            let isBeginning = begun < run.count && now < end
            if isBeginning {
                while begun < run.count, schedule.dueNanoseconds(begun) <= now,
                    let index = free.takeFirst()
                {
                    let due =
                        schedule.intervalNanoseconds > 0
                        ? schedule.dueNanoseconds(begun) : MonotonicClock.nowNanoseconds
                    try send(index, startNanoseconds: due)
                    begun += 1
                }
            } else if free.count == connections.count {
                break
            }
            now = MonotonicClock.nowNanoseconds
            let next = schedule.dueNanoseconds(begun)
            let isWaiting = isBeginning && begun < run.count && !free.isEmpty
            if try turn(nanoseconds: isWaiting ? max(0, next - now) : 100_000_000) {
                lastAnswer = MonotonicClock.nowNanoseconds
            }
            guard
                MonotonicClock.nowNanoseconds - lastAnswer < silence + schedule.intervalNanoseconds
            else { throw BenchFailure("\(job.url): no answer in time") }
        }
        summary.nanoseconds = MonotonicClock.nowNanoseconds - start
        summary.cpuNanoseconds = hg_clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        return summary
    }

    private func connect(_ index: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("socket") }
        connections.append(Connection(descriptor: descriptor))
        free.append(index)
        _ = hg_set_no_delay(descriptor)
        guard job.url.socketAddress.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0
        else { throw BenchFailure.systemCall("cannot connect to \(job.url)") }
        try watch(index, UInt32(HG_EPOLLIN), EPOLL_CTL_ADD)
    }

    private func watch(_ index: Int, _ interest: UInt32, _ operation: Int32) throws {
        let descriptor = connections[index].descriptor
        guard hg_epoll_ctl(epoll, operation, descriptor, interest, UInt64(index)) == 0 else {
            throw BenchFailure.systemCall("epoll_ctl")
        }
    }

    private func send(_ index: Int, startNanoseconds: Int64) throws {
        if !marks.isEmpty { putNumber() }
        connections[index].startNanoseconds = startNanoseconds
        let sent = hg_send(connections[index].descriptor, request, request.count)
        if sent == request.count { return }
        guard sent >= 0 || hg_errno() == EAGAIN else { throw BenchFailure.systemCall("send") }
        connections[index].unsent = Array(request[max(0, sent)...])
        try watch(index, UInt32(HG_EPOLLIN) | UInt32(HG_EPOLLOUT), EPOLL_CTL_MOD)
    }

    private func putNumber() {
        for mark in marks {
            var rest = number
            for place in (0..<10).reversed() {
                request[mark + place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
        number += 1
    }

    /// Waits for answers; returns whether some are complete.
    private func turn(nanoseconds: Int64) throws -> Bool {
        let count = hg_epoll_wait(epoll, &events, Int32(events.count), nanoseconds)
        guard count >= 0 || hg_errno() == EINTR else {
            throw BenchFailure.systemCall("epoll_wait")
        }
        let before = summary.latencies.count
        for place in 0..<max(0, Int(count)) {
            let index = Int(hg_epoll_token(&events[place]))
            if hg_epoll_events(&events[place]) & UInt32(HG_EPOLLOUT) != 0 { try sendRest(index) }
            if hg_epoll_events(&events[place]) & ~UInt32(HG_EPOLLOUT) != 0 { try receive(index) }
        }
        return summary.latencies.count > before
    }

    private func sendRest(_ index: Int) throws {
        let rest = connections[index].unsent
        let sent = hg_send(connections[index].descriptor, rest, rest.count)
        guard sent >= 0 || hg_errno() == EAGAIN else { throw BenchFailure.systemCall("send") }
        connections[index].unsent = Array(rest[max(0, sent)...])
        if sent == rest.count { try watch(index, UInt32(HG_EPOLLIN), EPOLL_CTL_MOD) }
    }

    private func receive(_ index: Int) throws {
        let count = hg_receive(connections[index].descriptor, &input, input.count)
        if count < 0, hg_errno() == EAGAIN || hg_errno() == EINTR { return }
        guard count > 0, let start = connections[index].startNanoseconds else {
            throw BenchFailure("\(job.url): the server closed a connection")
        }
        summary.bytes += Int64(count)
        let isComplete: Bool
        do {
            isComplete = try input.withUnsafeBufferPointer { buffer throws(StreamError) in
                try connections[index].reader.receive(
                    UnsafeBufferPointer(rebasing: buffer[..<count]))
            }
        } catch {
            throw BenchFailure("\(job.url): \(error)")
        }
        guard isComplete else { return }
        summary.latencies.record(MonotonicClock.nowNanoseconds - start)
        let status = connections[index].reader.status
        if !job.statuses.contains(status) {
            summary.unexpected += 1
            if summary.unexpectedStatus == 0 { summary.unexpectedStatus = Int64(status) }
        }
        connections[index].startNanoseconds = nil
        free.append(index)
    }
}

/// The form in which client processes hand their summaries over.
extension RequestSummary {
    /// The summary as JSON.
    ///
    /// - Complexity: O(number of buckets).
    var json: JSONValue {
        [
            "latencies": latencies.json, "unexpected": .integer(unexpected),
            "unexpected_status": .integer(unexpectedStatus), "bytes": .integer(bytes),
            "nanoseconds": .integer(nanoseconds), "cpu_nanoseconds": .integer(cpuNanoseconds),
        ]
    }

    /// Reads what `json` wrote, or returns nil if it is something else.
    init?(json: JSONValue?) {
        guard let object = json?.object, let latencies = Histogram(json: object["latencies"]),
            let unexpected = object["unexpected"]?.integer,
            let unexpectedStatus = object["unexpected_status"]?.integer,
            let bytes = object["bytes"]?.integer,
            let nanoseconds = object["nanoseconds"]?.integer,
            let cpuNanoseconds = object["cpu_nanoseconds"]?.integer
        else { return nil }
        self.latencies = latencies
        self.unexpected = unexpected
        self.unexpectedStatus = unexpectedStatus
        self.bytes = bytes
        self.nanoseconds = nanoseconds
        self.cpuNanoseconds = cpuNanoseconds
    }
}
