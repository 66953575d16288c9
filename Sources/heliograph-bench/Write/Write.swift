// SPDX-License-Identifier: MIT
//
// Writers here do not follow a schedule: what is asked is how much a number of writers get done who
// each wait for an answer before they write again. Beside them, in turn, the disk alone and bare
// transactions of SQLite's on it.

import Core
import Glibc

/// The command `write`: what durable writes cost, one by one and in batches.
struct Write: Measurement {
    private let options: WriteOptions
    /// Names the records of this run, so that one that was written to before gets new ones.
    private let token = String(MonotonicClock.nowNanoseconds, radix: 36)

    /// Makes the command.
    init(options: WriteOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        var findings = Findings()
        let loader = try options.data.map {
            try BulkData.loader(directory: $0, requestsPerBatch: options.requestsPerBatch)
        }
        var rounds = Rounds(["server"])
        for round in 0..<options.rounds {
            let server = try ServerProcess(
                options.server, connections: options.writers.max() ?? 1)
            findings.serverCommandLine = server.commandLine
            var report = Report()
            let transaction = try measureDisk(&report)
            for writers in options.writers {
                Console.progress("round \(round + 1), \(writers) writers")
                let result = try write(writers, to: server, round: round)
                let label = writers == 1 ? "1 writer" : "\(writers) writers"
                result.add(to: &report, "writers_\(writers)", label)
                add(result.summary.latencies, of: writers, label, beside: transaction, &report)
                findings.require(
                    none: result.summary.unexpected,
                    "writes of new records were answered \(result.summary.unexpectedStatus) or so")
            }
            addGrowth(&report)
            if let loader { try load(loader, into: server, &report) }
            rounds.add(report, of: 0)
        }
        findings.report.add("rounds", "rounds", .count(Int64(options.rounds)))
        findings.report.add(rounds.median(of: 0))
        return findings
    }

    /// Measures what the disk of this machine takes, unless the server may have another one.
    ///
    /// - Returns: The median of a bare transaction, in nanoseconds.
    private func measureDisk(_ report: inout Report) throws -> Int64? {
        if case .running = options.server.target { return nil }
        let text = String(repeating: "x", count: options.recordBytes)
        let (disk, transactions) = try TemporaryDirectory.use { directory in
            (
                try DiskFloor.measure(directory: directory),
                try TransactionFloor.measure(
                    directory: directory, text: text, count: Limits.benchTransactions)
            )
        }
        report.add("disk_microseconds", "append \(DiskFloor.bytes / 1_024) KB and fdatasync", disk)
        report.add("transaction_microseconds", "a bare transaction of SQLite's", transactions)
        return transactions.value(atQuantile: 0.5)
    }

    /// Adds how much longer one writer waits than a bare transaction takes.
    private func add(
        _ latencies: Histogram, of writers: Int, _ label: String, beside transaction: Int64?,
        _ report: inout Report
    ) {
        guard writers == 1, let transaction, let latency = latencies.value(atQuantile: 0.5) else {
            return
        }
        report.add(
            "writers_1_transactions", "\(label), p50 to that of a bare transaction",
            .quantity(Double(latency) / Double(max(1, transaction)), unit: "", digits: 2))
    }

    /// Adds how much more each number of writers gets done than the first.
    private func addGrowth(_ report: inout Report) {
        let rates = options.writers.map { writers in
            report.rows.first { $0.key == "writers_\(writers)_per_second" }?.figure.value
        }
        guard let first = rates[0], first > 0 else { return }
        for (writers, rate) in zip(options.writers, rates).dropFirst() {
            guard let rate else { continue }
            report.add(
                "writers_\(writers)_of_first",
                "\(writers) writers, per second to that of \(options.writers[0])",
                .quantity(rate / first, unit: "", digits: 2))
        }
    }

    private func write(
        _ writers: Int, to server: ServerProcess, round: Int
    ) throws -> RequestPool.Result {
        let publisher = try Publisher(server: server, credentials: run.credentials)
        _ = try publisher.publish(count: 1, intervalNanoseconds: 0)
        let text = String(repeating: "x", count: options.recordBytes)
        var job = RequestJob(
            url: server.url, connections: writers, method: "PUT",
            path: ChangeID.path(ofCollection: 0)
                + "/records/r\(token)-\(round)-\(writers)-\(RequestJob.numberMark)",
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
        _ loader: BatchLoader, into server: ServerProcess, _ report: inout Report
    ) throws {
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
        guard loader.count > 0 else {
            throw BenchFailure("there are no files BUCKET/COLLECTION.json in \(directory)")
        }
        return loader
    }
}
