// SPDX-License-Identifier: MIT

import Core
import Glibc

/// Makes changes, by a schedule that is fixed before the first.
final class Publisher {
    /// What is written when something is due.
    enum Unit {
        /// A record of the next collection, in turn.
        case oneRecord
        /// A record of a certain collection.
        case record(of: Int)
        /// A record of each collection in one batch, the one of collection 0 last: by its arrival
        /// the whole has arrived.
        case everyCollection
    }

    /// The newest timestamp of each collection, as far as answers told.
    private(set) var newest: [Int64]
    /// Where changes are made.
    let url: ServiceURL
    /// User and password of who makes them.
    let credentials: String
    private var connection: HTTPConnection
    private let dialect: Dialect
    private var serial = 0

    /// Connects, and makes the bucket `bench` and the collections in it if need be.
    ///
    /// - Throws: `BenchFailure`.
    init(server: ServerProcess, credentials: String, collections: Int = 1) throws {
        url = server.url
        self.credentials = credentials
        connection = try HTTPConnection(url: url, credentials: credentials)
        dialect = server.dialect
        newest = Array(repeating: 0, count: collections)
        switch dialect.publishing {
        case .records:
            let paths = (0..<collections).map { ChangeID.path(ofCollection: $0) }
            for resource in [ChangeID.bucket] + paths {
                _ = try put(resource, body: Array("{}".utf8))
            }
        case .relay: break
        }
    }

    /// Makes changes, the first one now.
    ///
    /// - Parameters:
    ///   - count: How often something is due.
    ///   - intervalNanoseconds: Between two times.
    ///   - progress: Called with the number of times that are done.
    /// - Returns: The changes in their order, of a batch the last one.
    /// - Throws: `BenchFailure` if a write is refused.
    func publish(
        _ unit: Unit = .oneRecord, count: Int, intervalNanoseconds: Int64,
        progress: (Int) -> Void = { _ in }
    ) throws -> [Arrivals.Event] {
        let schedule = Schedule(
            startNanoseconds: MonotonicClock.nowNanoseconds,
            intervalNanoseconds: intervalNanoseconds)
        var events: [Arrivals.Event] = []
        events.reserveCapacity(count)
        for number in 0..<count {
            let due = schedule.dueNanoseconds(number)
            MonotonicClock.sleep(untilNanoseconds: due)
            events.append(try publish(unit, dueNanoseconds: due))
            progress(number + 1)
        }
        return events
    }

    /// Makes the change, or the changes, that were due at a time.
    ///
    /// - Returns: The change, of a batch the last one.
    /// - Throws: `BenchFailure` if a write is refused or not answered.
    func publish(_ unit: Unit, dueNanoseconds due: Int64) throws -> Arrivals.Event {
        let serial = nextSerial()
        let collection =
            switch unit {
            case .oneRecord: serial % newest.count
            case .record(let number): number
            case .everyCollection: 0
            }
        let answer =
            switch (dialect.publishing, unit) {
            case (.relay(let method, let path), _): try relay(collection, method, path)
            case (.records, .everyCollection): try putEverywhere()
            case (.records, _): try putRecord(of: collection)
            }
        let change = ChangeID(collection: collection, timestamp: newest[collection])
        return Arrivals.Event(
            change: change, scheduledNanoseconds: due,
            answeredNanoseconds: answer.answeredNanoseconds)
    }

    /// Forgets the changes that who subscribes now is not told of: a server that relays keeps none.
    func forgetWhatIsNotKept() {
        switch dialect.publishing {
        case .records: break
        case .relay: newest = newest.map { _ in 0 }
        }
    }

    /// Connects anew, after a failure.
    ///
    /// - Throws: `BenchFailure` if nobody answers.
    func reconnect() throws {
        connection = try HTTPConnection(url: url, credentials: credentials)
    }

    /// Counts a write.
    ///
    /// - Returns: Its number; a record that has it is another than before.
    func nextSerial() -> Int {
        serial += 1
        return serial
    }

    /// What a record is replaced with.
    var content: JSONValue { ["data": ["serial": .integer(Int64(serial))]] }

    /// The record of a collection that is replaced.
    static func record(of collection: Int) -> String {
        ChangeID.path(ofCollection: collection) + "/records/heartbeat"
    }

    /// Takes note of the timestamp that the answer to a write tells.
    ///
    /// - Returns: The timestamp.
    /// - Throws: `BenchFailure` if there is none.
    @discardableResult
    func note(_ data: JSONValue?, _ collection: Int) throws -> Int64 {
        guard let timestamp = data?.object?["last_modified"]?.integer else {
            throw BenchFailure("the answer to a write has no last_modified")
        }
        // Of two writes at once either may be answered first.
        newest[collection] = max(newest[collection], timestamp)
        return timestamp
    }

    private func putRecord(of collection: Int) throws -> HTTPConnection.Answer {
        let answer = try put(Self.record(of: collection), body: JSONWriter.bytes(content))
        try note((try? JSONParser.parse(answer.body))?.object?["data"], collection)
        return answer
    }

    private func put(_ resource: String, body: [UInt8]) throws -> HTTPConnection.Answer {
        let answer = try connection.request("PUT", resource, body: body)
        return try checked(answer, "PUT \(resource)")
    }

    /// An answer to `what` that is no refusal.
    ///
    /// - Throws: `BenchFailure` if it is one.
    func checked(
        _ answer: HTTPConnection.Answer, _ what: String
    ) throws -> HTTPConnection.Answer {
        guard (200..<300).contains(answer.status) else {
            throw BenchFailure("\(what): \(answer.summary)")
        }
        return answer
    }

    private func putEverywhere() throws -> HTTPConnection.Answer {
        let collections = newest.indices.reversed()
        let requests = collections.map { collection -> JSONValue in
            [
                "method": "PUT", "path": .string(Self.record(of: collection)), "body": content,
            ]
        }
        let answer = try checked(
            try connection.request(
                "POST", "/batch", body: JSONWriter.bytes(["requests": .array(requests)])),
            "POST /batch")
        let body = try? JSONParser.parse(answer.body)
        let responses = body?.object?["responses"]?.array ?? []
        for (collection, response) in zip(collections, responses) {
            try note(response.object?["body"]?.object?["data"], collection)
        }
        guard responses.count == newest.count else {
            throw BenchFailure("POST /batch: \(responses.count) of \(newest.count) answers")
        }
        return answer
    }

    /// Has a server that knows no records pass on an entry such as Heliograph makes, of a timestamp
    /// that is made here.
    private func relay(
        _ collection: Int, _ method: String, _ path: String
    ) throws -> HTTPConnection.Answer {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        let timestamp = max(milliseconds, newest[collection] + 1)
        let entry: JSONValue = [
            "id": "19e7f4a2-5d0c-4be8-b1a6-b3b5d8a1c0f2", "last_modified": .integer(timestamp),
            "bucket": "bench", "collection": .string(ChangeID.name(ofCollection: collection)),
            "host": "127.0.0.1:8888",
        ]
        let answer = try checked(
            try connection.request(method, path, body: JSONWriter.bytes(entry)), method)
        newest[collection] = timestamp
        return answer
    }
}
