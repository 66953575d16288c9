// SPDX-License-Identifier: MIT
//
// Writes by a schedule that is fixed before the first write. When an answer is late, the next
// write is late, too, but its latency still counts from the time it was due: a server that stalls
// cannot hide it (no "coordinated omission").

import Core

/// Writes records through the public API.
final class Publisher {
    private let connection: HTTPConnection
    private var serial = 0

    private static let collection = "/buckets/bench/collections/fanout"

    /// Connects, and makes the bucket `bench` and the collection `fanout` in it if need be.
    ///
    /// - Throws: `BenchFailure`.
    init(url: ServiceURL, credentials: String) throws {
        connection = try HTTPConnection(url: url, credentials: credentials)
        for resource in ["/buckets/bench", Self.collection] {
            _ = try put(resource, body: Array("{}".utf8))
        }
    }

    /// Writes `count` changes, the first one now, the others every so many milliseconds.
    ///
    /// - Parameter progress: Called with the number of those that are written.
    /// - Returns: The changes in their order.
    /// - Throws: `BenchFailure` if a write is refused.
    func publish(
        count: Int, intervalMilliseconds: Int, progress: (Int) -> Void = { _ in }
    ) throws -> [Arrivals.Event] {
        let start = MonotonicClock.nowNanoseconds
        var events: [Arrivals.Event] = []
        events.reserveCapacity(count)
        for number in 0..<count {
            let due = start + Int64(number) * Int64(intervalMilliseconds) * 1_000_000
            MonotonicClock.sleep(untilNanoseconds: due)
            events.append(try write(due: due))
            progress(number + 1)
        }
        return events
    }

    private func write(due: Int64) throws -> Arrivals.Event {
        serial += 1
        let body: JSONValue = ["data": ["serial": .integer(Int64(serial))]]
        let answer = try put(
            Self.collection + "/records/heartbeat", body: JSONWriter.bytes(body))
        guard let data = try? JSONParser.parse(answer.body).object?["data"]?.object,
            let timestamp = data["last_modified"]?.integer
        else { throw BenchFailure("the answer to a write has no last_modified") }
        return Arrivals.Event(
            timestamp: timestamp, scheduledNanoseconds: due,
            answeredNanoseconds: answer.answeredNanoseconds)
    }

    private func put(_ resource: String, body: [UInt8]) throws -> HTTPConnection.Answer {
        let answer = try connection.request("PUT", resource, body: body)
        guard answer.status == 200 || answer.status == 201 else {
            let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
            throw BenchFailure("PUT \(resource): \(answer.status) \(text)")
        }
        return answer
    }
}
