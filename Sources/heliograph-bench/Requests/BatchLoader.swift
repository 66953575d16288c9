// SPDX-License-Identifier: MIT

import Core

/// Writes many objects by `POST /batch`, one batch after the other on one connection.
struct BatchLoader {
    private var bodies: [(bytes: [UInt8], requests: Int)] = []
    private var open: [JSONValue] = []
    private let requestsPerBatch: Int

    /// How many objects there are to write.
    private(set) var count = 0
    /// How many bytes the batches have.
    var byteCount: Int { bodies.reduce(0) { $0 + $1.bytes.count } }

    /// Makes a loader for batches of so many requests.
    init(requestsPerBatch: Int) {
        self.requestsPerBatch = requestsPerBatch
    }

    /// Adds an object.
    ///
    /// - Parameters:
    ///   - path: Its path below the base URL.
    ///   - body: What is put there.
    mutating func put(_ path: String, _ body: JSONValue) {
        open.append(["method": "PUT", "path": .string(path), "body": body])
        count += 1
        if open.count == requestsPerBatch { finish() }
    }

    /// Makes a batch of what was added since the last one.
    mutating func finish() {
        guard !open.isEmpty else { return }
        bodies.append((JSONWriter.bytes(["requests": .array(open)]), open.count))
        open = []
    }

    /// Sends all batches.
    ///
    /// - Precondition: `finish()` was called after the last object.
    /// - Returns: The latency of each batch.
    /// - Throws: `BenchFailure` if an object is not taken.
    func send(on connection: HTTPConnection) throws -> Histogram {
        precondition(open.isEmpty, "finish() makes the last batch")
        var latencies = Histogram()
        for (number, body) in bodies.enumerated() {
            let start = MonotonicClock.nowNanoseconds
            let answer = try connection.request("POST", "/batch", body: body.bytes)
            latencies.record(answer.answeredNanoseconds - start)
            Console.progress("\(number + 1) of \(bodies.count) batches")
            guard answer.status == 200 else {
                throw BenchFailure("POST /batch: \(answer.summary)")
            }
            try Self.check(answer.body, requests: body.requests)
        }
        return latencies
    }

    /// Looks whether each request of a batch was granted. It reads JSON only where the answer has
    /// more statuses than that: reading takes longer than the server's part.
    ///
    /// - Throws: `BenchFailure` if one was not.
    /// - Complexity: O(size of the answer).
    static func check(_ body: [UInt8], requests: Int) throws {
        let found = statuses(in: body)
        if found.count == requests, found.allSatisfy(isGranted) { return }
        let responses = (try? JSONParser.parse(body))?.object?["responses"]?.array ?? []
        guard responses.count == requests else {
            throw BenchFailure(
                "\(responses.count) of \(requests) requests of a batch were answered")
        }
        for response in responses {
            let status = response.object?["status"]?.integer ?? 0
            guard !isGranted(status) else { continue }
            let hint = status == 401 ? ": --auth tells who writes" : ""
            throw BenchFailure("an object of a batch was answered \(status)\(hint)")
        }
    }

    private static func isGranted(_ status: Int64) -> Bool { status == 200 || status == 201 }

    /// Whatever number a member of that name has, at any depth.
    private static func statuses(in body: [UInt8]) -> [Int64] {
        body.withUnsafeBufferPointer { bytes in
            var statuses: [Int64] = []
            var index = 0
            while let place = ByteSearch.first("\"status\":", in: bytes, from: index) {
                index = place + 9
                while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
                if let status = ByteSearch.number(in: bytes, at: &index) { statuses.append(status) }
            }
            return statuses
        }
    }
}
