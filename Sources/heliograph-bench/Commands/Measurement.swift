// SPDX-License-Identifier: MIT

import Glibc

/// A command that measures.
protocol Measurement {
    /// The flags that every measurement takes.
    var run: RunOptions { get }

    /// Measures, and tells the figures and what is wrong with the server.
    ///
    /// - Throws: `BenchFailure` if there can be no figures.
    func measure() throws -> Findings
}

extension Measurement {
    /// Measures and prints the report on standard output.
    ///
    /// - Throws: `BenchFailure`, after the report if the server did something wrong.
    func perform() throws {
        Cleanup.shared.start()
        // The server inherits its limit, so that is raised first.
        _ = FileDescriptor.raiseLimit()
        if let cpu = run.clientCPU { try Processor.pin(to: cpu) }
        defer { Console.endProgress() }
        var findings = try measure()
        Console.endProgress()
        findings.report.add(
            Machine(), commandLine: run.commandLine, server: findings.serverCommandLine)
        let text = run.isJSON ? findings.report.json : findings.report.table
        try FileDescriptor.writeAll(Array((text + "\n").utf8), to: STDOUT_FILENO)
        guard findings.violations.isEmpty else {
            throw BenchFailure(findings.violations.joined(separator: "; "))
        }
    }

    /// Publishes on schedule, and shows how far that is.
    ///
    /// - Throws: `BenchFailure` if a write is refused.
    func publish(
        _ publisher: Publisher, _ unit: Publisher.Unit = .oneRecord, count: Int,
        intervalNanoseconds: Int64, of what: String
    ) throws -> [Arrivals.Event] {
        try publisher.publish(unit, count: count, intervalNanoseconds: intervalNanoseconds) {
            Console.progress("\($0) of \(count) \(what)")
        }
    }
}

/// What a measurement found.
struct Findings {
    /// The figures.
    var report = Report()
    /// How the server was started, if it was.
    var serverCommandLine: [String]?
    /// What the server did wrong; each is a reason for exit code 1.
    private(set) var violations: [String] = []

    /// Makes findings of nothing.
    init() {}

    /// Notes that something that must not happen did, unless `count` is 0.
    mutating func require(none count: some BinaryInteger, _ what: String) {
        guard count != 0 else { return }
        violations.append("\(count) \(what)")
    }

    /// Notes that something must not be as it is.
    mutating func note(_ violation: String) { violations.append(violation) }

    /// Notes what subscribers of a pool must never see.
    mutating func requireCorrect(_ report: SubscriberPool.Report, behind: Int) {
        require(none: report.lost, "subscribers lost their stream")
        require(none: report.older, "deliveries went back to an older change")
        require(none: report.repeated, "changes were delivered twice")
        require(none: behind, "subscribers lack the newest state")
    }

    /// Notes what subscribers of a pool must never see that was told of every change of the
    /// collections whose times it takes.
    mutating func requireWritten(_ report: SubscriberPool.Report) {
        require(none: report.arrivals.unknown, "deliveries were of changes that nobody wrote")
    }

    /// Adds what other findings say is wrong.
    mutating func addViolations(of other: Findings) { violations += other.violations }
}
