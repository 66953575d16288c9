// SPDX-License-Identifier: MIT
//
// Writers here do not follow a schedule: what is asked is how much a number of writers get done who
// each wait for an answer before they write again. Beside them, in turn, the disk alone.

import Core
import Glibc

/// The command `write`: what durable writes cost, one by one and in batches.
struct Write: Measurement {
    private let options: WriteOptions

    /// Makes the command.
    init(options: WriteOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        var findings = Findings()
        var disk = Histogram()
        var rounds = Rounds(["server"])
        for round in 0..<options.rounds {
            let server = try ServerProcess(options.server)
            findings.serverCommandLine = server.commandLine
            var report = Report()
            disk.merge(try TemporaryDirectory.use { try DiskFloor.measure(directory: $0) })
            for writers in options.writers {
                Console.progress("round \(round + 1), \(writers) writers")
                let result = try write(writers, to: server)
                result.add(to: &report, "writers_\(writers)", "\(writers) writers")
                findings.require(
                    none: result.summary.unexpected,
                    "writes were answered \(result.summary.unexpectedStatus) or so")
            }
            if let data = options.data { try load(data, into: server, &report) }
            rounds.add(report, of: 0)
        }
        findings.report.add("rounds", "rounds", .count(Int64(options.rounds)))
        findings.report.add(
            "disk_microseconds", "append \(DiskFloor.bytes / 1_024) KB and fdatasync", disk)
        findings.report.add(rounds.median(of: 0))
        return findings
    }

    private func write(_ writers: Int, to server: ServerProcess) throws -> RequestPool.Result {
        let publisher = try Publisher(server: server, credentials: run.credentials)
        _ = try publisher.publish(count: 1, intervalNanoseconds: 0)
        let text = String(repeating: "x", count: options.recordBytes)
        var job = RequestJob(
            url: server.url, connections: writers, method: "PUT",
            path: ChangeID.path(ofCollection: 0) + "/records/r\(writers)-\(RequestJob.numberMark)",
            fields: RequestJob.authorization(run.credentials),
            body: "{\"data\":{\"text\":\"\(text)\"}}", statuses: [201])
        job.firstNumber = 0
        let pool = try RequestPool(processes: run.clients)
        try pool.prepare(job)
        let run = RequestRun(
            count: Int(Int32.max), perSecond: 0, milliseconds: options.seconds * 1_000)
        return try pool.run(run, on: server)
    }

    /// Loads all collections of a directory.
    private func load(
        _ data: String, into server: ServerProcess, _ report: inout Report
    ) throws {
        let loader = try BulkData.loader(
            directory: data, requestsPerBatch: options.requestsPerBatch)
        let connection = try HTTPConnection(url: server.url, credentials: run.credentials)
        let before = try server.usage()
        let start = MonotonicClock.nowNanoseconds
        let latencies = try loader.send(on: connection)
        let seconds = Double(MonotonicClock.nowNanoseconds - start) / 1e9
        report.add("bulk_objects", "bulk load, objects", .count(Int64(loader.count)))
        report.add("bulk_batches", "bulk load, batches", .count(latencies.count))
        report.add("bulk_bytes", "bulk load, bytes", .count(Int64(loader.byteCount)))
        report.add("bulk_seconds", "bulk load", .quantity(seconds, unit: "s", digits: 3))
        if let before, let after = try server.usage() {
            report.add(
                "bulk_server_cpu_microseconds", "bulk load, server CPU for each object",
                .quantity(
                    after.since(before).microseconds / Double(loader.count), unit: "µs", digits: 1))
        }
        report.add("bulk_batch_microseconds", "bulk load, latency of a batch", latencies)
    }
}

/// What the disk takes to keep a small piece for good.
enum DiskFloor {
    /// What is appended each time: about what a small transaction adds to a log.
    static let bytes = 16 * 1_024

    /// Appends to a file and waits until it is on the disk, many times.
    ///
    /// - Throws: `BenchFailure` if the file cannot be written.
    static func measure(directory: String) throws -> Histogram {
        let path = directory + "/disk"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchFailure.systemCall("cannot write \(path)") }
        defer {
            close(descriptor)
            unlink(path)
        }
        var latencies = Histogram()
        let piece = [UInt8](repeating: 0x55, count: bytes)
        for _ in 0..<Limits.benchDiskSyncs {
            let start = MonotonicClock.nowNanoseconds
            try FileDescriptor.writeAll(piece, to: descriptor)
            guard fdatasync(descriptor) == 0 else { throw BenchFailure.systemCall("fdatasync") }
            latencies.record(MonotonicClock.nowNanoseconds - start)
        }
        return latencies
    }
}

/// Real data: files `BUCKET/COLLECTION.json`, each an object with the records in `data`.
enum BulkData {
    /// Reads all files and makes the batches that load them.
    ///
    /// - Throws: `BenchFailure` if there is none or one is not understood.
    static func loader(directory: String, requestsPerBatch: Int) throws -> BatchLoader {
        var loader = BatchLoader(requestsPerBatch: requestsPerBatch)
        for bucket in FileDescriptor.names(inDirectory: directory) {
            let files = FileDescriptor.names(inDirectory: "\(directory)/\(bucket)")
                .filter { $0.hasSuffix(".json") }
            guard !files.isEmpty else { continue }
            loader.put("/buckets/\(bucket)", [:])
            for file in files {
                let path = "/buckets/\(bucket)/collections/\(file.dropLast(5))"
                let text = FileDescriptor.contents(ofFile: "\(directory)/\(bucket)/\(file)") ?? ""
                guard let records = (try? JSONParser.parse(text))?.object?["data"]?.array else {
                    throw BenchFailure("\(bucket)/\(file) is no collection")
                }
                loader.put(path, [:])
                for record in records {
                    guard let id = record.object?["id"]?.string else {
                        throw BenchFailure("\(bucket)/\(file) has a record without an id")
                    }
                    loader.put("\(path)/records/\(id)", ["data": record])
                }
            }
        }
        loader.finish()
        guard loader.count > 0 else { throw BenchFailure("\(directory) has no collections") }
        return loader
    }
}
