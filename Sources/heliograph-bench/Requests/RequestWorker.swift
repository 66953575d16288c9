// SPDX-License-Identifier: MIT
//
// A client process with requests. It talks with the process that started it in lines:
//
//     parent → worker                         worker → parent
//     prepare JOB                             prepared       connected, one answer on each
//     run COUNT PER-SECOND MILLISECONDS       ran SUMMARY
//     end of input                            the process ends
//                                             failed WHY     and the process ends

import Core
import Glibc

/// One client process that asks.
final class RequestWorker {
    private var loop: RequestLoop?
    private var lines = LineSplitter()

    /// Makes a worker without connections.
    init() { _ = FileDescriptor.raiseLimit() }

    /// Obeys until the parent closes the standard input.
    ///
    /// - Throws: `BenchFailure`, after having told the parent.
    func run() throws {
        // A terminal's Ctrl-C reaches every process of the run; this one ends with its parent.
        signal(SIGINT, SIG_IGN)
        do {
            while true {
                while let line = lines.next() { try obey(line) }
                let bytes = try FileDescriptor.readSome(from: STDIN_FILENO)
                guard !bytes.isEmpty else { return }
                lines.append(bytes)
            }
        } catch {
            try say("failed \(error)")
            throw error
        }
    }

    private func obey(_ line: String) throws {
        let parts = line.split(separator: " ", maxSplits: 1).map { String($0) }
        switch (parts.first, parts.dropFirst().first) {
        case ("prepare", let text?):
            guard let job = RequestJob(json: try? JSONParser.parse(text)) else {
                throw BenchFailure("no job: '\(text.prefix(80))'")
            }
            // The connections of the last job end first.
            loop = nil
            let loop = try RequestLoop(job: job)
            let count = job.connections
            let warmup = RequestRun(
                count: count, perSecond: 0, milliseconds: Limits.benchAnswerSecondsMax * 1_000)
            _ = try loop.run(warmup)
            self.loop = loop
            try say("prepared")
        case ("run", let text?):
            let numbers = text.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 3, let loop else { throw BenchFailure("no run: '\(text)'") }
            let run = RequestRun(
                count: numbers[0], perSecond: numbers[1], milliseconds: numbers[2])
            try say("ran " + JSONWriter.string(try loop.run(run).json))
        default: throw BenchFailure("unknown order '\(line.prefix(80))'")
        }
    }

    private func say(_ line: String) throws {
        try FileDescriptor.writeAll(Array((line + "\n").utf8), to: STDOUT_FILENO)
    }
}
