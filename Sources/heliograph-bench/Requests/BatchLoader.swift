// SPDX-License-Identifier: MIT

import Core

/// Writes many objects by `POST /batch`, one batch after the other on one connection.
struct BatchLoader {
    private var bodies: [[UInt8]] = []
    private var open: [JSONValue] = []
    private let requestsPerBatch: Int

    /// How many objects there are to write.
    private(set) var count = 0
    /// How many bytes the batches have.
    var byteCount: Int { bodies.reduce(0) { $0 + $1.count } }

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
        bodies.append(JSONWriter.bytes(["requests": .array(open)]))
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
            let answer = try connection.request("POST", "/batch", body: body)
            latencies.record(answer.answeredNanoseconds - start)
            Console.progress("\(number + 1) of \(bodies.count) batches")
            guard answer.status == 200 else {
                throw BenchFailure("POST /batch: \(answer.summary)")
            }
            try Self.check(answer.body)
        }
        return latencies
    }

    /// Looks whether each request of a batch was granted. It reads no JSON: that would take longer
    /// than the server's part.
    private static func check(_ body: [UInt8]) throws {
        try body.withUnsafeBufferPointer { bytes in
            var index = 0
            while let place = ByteSearch.first("\"status\":", in: bytes, from: index) {
                index = place + 9
                while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
                guard let status = ByteSearch.number(in: bytes, at: &index) else { continue }
                guard status == 200 || status == 201 else {
                    let hint = status == 401 ? ": --auth tells who writes" : ""
                    throw BenchFailure("an object of a batch was answered \(status)\(hint)")
                }
            }
        }
    }
}
