// SPDX-License-Identifier: MIT

import Core

/// The command `poll`: what it costs a server to be asked whether something changed, and what.
struct Poll: Measurement {
    private let options: PollOptions

    /// Makes the command.
    init(options: PollOptions) {
        self.options = options
    }

    var run: RunOptions { options.run }

    func measure() throws -> Findings {
        let server = try ServerProcess(run.server, connections: options.connections)
        let data = try PollData(options: options, server: server)
        var findings = Findings()
        findings.serverCommandLine = server.commandLine
        findings.report.add("connections", "connections", .count(Int64(options.connections)))
        let rate: Report.Figure =
            options.rate > 0 ? .count(Int64(options.rate)) : .text("as many as are answered")
        findings.report.add("rate", "requests per second (large ones 1 in 50)", rate)
        for poll in options.cases {
            let found = try measure(poll, server, data)
            if let table = found.table {
                findings.report.add(poll.rawValue, found.title, table: table)
            } else {
                findings.report.add(found.report)
            }
            findings.addViolations(of: found.findings)
        }
        return findings
    }

    private struct Found {
        var title = ""
        var report = Report()
        var table: FigureTable?
        var findings = Findings()
    }

    /// Measures one request at each contender in turn.
    private func measure(
        _ poll: PollCase, _ server: ServerProcess, _ data: PollData
    ) throws -> Found {
        let contenders = options.contenders.all
        let answer = try data.answer(to: poll)
        var servers = [server]
        var jobs = [data.job(poll, url: server.url)]
        var sizes = [answer.count]
        if contenders.count > 1 {
            let other = try Self.start(
                contenders[1].server, answering: answer, connections: options.connections)
            servers.append(other)
            jobs.append(data.job(poll, url: other.url, path: options.otherPath))
            sizes.append(try data.sizeOfAnswer(to: poll, from: other.url, options.otherPath))
        }
        let pools = try jobs.map { job in
            let pool = try RequestPool(processes: run.clients)
            try pool.prepare(job)
            return pool
        }
        var found = Found()
        var rounds = Rounds(contenders.map(\.name))
        for round in 0..<options.contenders.rounds {
            let places = round % 2 == 0 ? Array(pools.indices) : pools.indices.reversed()
            for place in places {
                let name = contenders[place].name
                Console.progress(
                    "\(poll.rawValue), round \(round + 1) of \(options.contenders.rounds), \(name)")
                let result = try pools[place].run(requestRun(poll), on: servers[place])
                var report = Report()
                report.add(
                    "\(poll.rawValue)_bytes", "\(poll.rawValue), bytes of an answer",
                    .count(Int64(sizes[place])))
                result.add(to: &report, poll.rawValue, poll.rawValue)
                rounds.add(report, of: place)
                found.findings.require(
                    none: result.summary.unexpected,
                    "answers of the \(name) to '\(poll.rawValue)' had a wrong status")
                if let bytes = result.bytesPerAnswer,
                    abs(bytes - Double(sizes[place])) > Double(sizes[place]) / 100
                {
                    found.findings.note(
                        "the \(name)'s answers to '\(poll.rawValue)' had \(Int(bytes)) bytes on"
                            + " average, the first one \(sizes[place])")
                }
                if result.isFarBehind {
                    found.findings.note(
                        "the \(name) was asked '\(poll.rawValue)' too seldom: see 'not sent'")
                }
            }
        }
        found.title = "\(poll.rawValue): \(options.contenders.title)"
        if contenders.count > 1 {
            found.table = rounds.table
        } else {
            found.report.add(rounds.median(of: 0))
        }
        return found
    }

    /// Starts the server to compare with; the floor has the answer prepared.
    private static func start(
        _ options: ServerOptions, answering answer: [UInt8], connections: Int
    ) throws -> ServerProcess {
        guard case .floor(var floor) = options.target else {
            return try ServerProcess(options, connections: connections)
        }
        return try TemporaryDirectory.use { directory in
            let file = directory + "/answer"
            try FileDescriptor.write(answer, toFile: file)
            floor.answerFile = file
            floor.notModifiedFile = file
            var options = options
            options.target = .floor(floor)
            return try ServerProcess(options, connections: connections)
        }
    }

    private func requestRun(_ poll: PollCase) -> RequestRun {
        let rate = options.rate > 0 ? max(1, options.rate / poll.weight) : 0
        return RequestRun(
            count: rate > 0 ? rate * options.seconds : Int(Int32.max), perSecond: rate,
            milliseconds: options.seconds * 1_000)
    }
}
