// SPDX-License-Identifier: MIT
//
// The database is filled through the public API, and its server ended. What is measured then has
// the file in the system's cache, as after a restart of the server and not of the machine.

import Core
import Glibc

/// The command `start`: how long a server takes to be ready, and what it occupies then.
struct Start: Measurement {
    private let options: StartOptions

    /// Makes the command.
    init(options: StartOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        let directory = try TemporaryDirectory()
        var server = options.run.server
        server.storageURL = "sqlite:///\(directory.path)/heliograph.db"
        try fill(server)
        var findings = Findings()
        let records = options.collections * options.records
        findings.report.add("collections", "collections", .count(Int64(options.collections)))
        findings.report.add("records", "records in all", .count(Int64(records)))
        findings.report.add("starts", "starts", .count(Int64(options.starts)))
        var times = Histogram()
        var answers = Histogram()
        var memories = Rounds(["server"])
        for number in 1...options.starts {
            Console.progress("start \(number) of \(options.starts)")
            let start = try start(server, in: directory.path)
            findings.serverCommandLine = start.commandLine
            times.record(start.readyNanoseconds)
            answers.record(start.answeredNanoseconds)
            memories.add(start.memory, of: 0)
        }
        findings.report.add("ready_microseconds", "from the start to ready", times)
        findings.report.add(
            "answered_microseconds", "from the start to the answered list", answers)
        findings.report.add(memories.median(of: 0))
        return findings
    }

    // MARK: The database

    /// Fills the database, batch by batch.
    private func fill(_ options: ServerOptions) throws {
        let collections = self.options.collections
        guard collections > 0 else { return }
        var options = options
        let most = Limits.benchFillRequestsPerBatch
        options.environment["KINTO_BATCH_MAX_REQUESTS"] = String(most)
        let server = try ServerProcess(options, connections: 1)
        let connection = try HTTPConnection(url: server.url, credentials: run.credentials)
        var loader = BatchLoader(requestsPerBatch: most)
        loader.put(ChangeID.bucket, [:])
        for number in 0..<collections {
            Console.progress("\(number) of \(collections) collections are filled")
            let path = ChangeID.path(ofCollection: number)
            loader.put(path, [:])
            for record in 0..<self.options.records {
                loader.put("\(path)/records/record-\(record)", ["data": ["n": .integer(0)]])
            }
            // Not all at once: a million of them would take gigabytes here.
            guard loader.count >= most || number == collections - 1 else { continue }
            loader.finish()
            _ = try loader.send(on: connection)
            loader = BatchLoader(requestsPerBatch: most)
        }
    }

    // MARK: A start

    private struct Started {
        var commandLine: [String]
        var readyNanoseconds: Int64 = 0
        var answeredNanoseconds: Int64 = 0
        var memory = Report()
    }

    /// Starts the server directly, without the program between that `ServerProcess` needs, and ends
    /// it.
    private func start(_ server: ServerOptions, in directory: String) throws -> Started {
        let log = directory + "/start.log"
        unlink(log)
        var started = Started(
            commandLine: try ServerProcess.arguments(server, directory: directory, port: 0))
        let begin = MonotonicClock.nowNanoseconds
        let child = try Processor.pinned(to: server.cpu) {
            try ChildProcess(
                path: options.program, arguments: Array(started.commandLine.dropFirst()),
                input: .null, output: .file(log), errors: .file(log), leadsGroup: true)
        }
        Cleanup.shared.add(pid: child.pid)
        defer {
            child.send(signal: SIGTERM)
            child.end(secondsMax: Limits.benchServerStopSecondsMax)
            Cleanup.shared.remove(pid: child.pid)
        }
        let url = try ServerProcess.waitUntilReady(
            child, log: log, port: nil, pollNanoseconds: Limits.benchStartPollNanoseconds)
        started.readyNanoseconds = MonotonicClock.nowNanoseconds - begin
        let connection = try HTTPConnection(url: url, credentials: run.credentials)
        let answer = try connection.request(
            "GET", "/buckets/monitor/collections/changes/records")
        guard answer.status == 200 else { throw BenchFailure("the list: \(answer.status)") }
        started.answeredNanoseconds = answer.answeredNanoseconds - begin
        MonotonicClock.sleep(milliseconds: Limits.benchStartSettleMilliseconds)
        let memory = try ProcessMemory(pid: child.pid)
        for (key, label, kilobytes) in [
            ("resident_kilobytes", "resident memory then", memory.residentKilobytes),
            ("shared_kilobytes", "… shared pages in proportion", memory.proportionalKilobytes),
            ("written_kilobytes", "… of it written", memory.writtenKilobytes),
        ] {
            started.memory.add(
                key, label, .quantity(Double(kilobytes), unit: "KB", digits: 0))
        }
        return started
    }
}
