// SPDX-License-Identifier: MIT

import Core
import Testing

@testable import heliograph_bench

@Suite("The command line of the bench")
struct CommandLineTests {
    @Test("runs every measurement with its defaults, but fan-out, which wants to know how many")
    func defaults() throws {
        for kind in MeasurementKind.allCases {
            let needed = kind == .fanout ? ["--subscribers", "9", "--transport", "sse"] : []
            let command = try Command(parsing: [kind.rawValue] + needed)
            guard case .measurement = command else {
                Issue.record("\(kind.rawValue) is no measurement")
                continue
            }
        }
        #expect(throws: UsageError.self) { try Command(parsing: ["fanout"]) }
    }

    @Test("tells of each measurement every flag that it takes")
    func usage() throws {
        for kind in MeasurementKind.allCases {
            guard case .help(let text) = try Command(parsing: ["help", kind.rawValue]) else {
                Issue.record("no help on \(kind.rawValue)")
                continue
            }
            #expect(MeasurementKind.overview.contains("  \(kind.rawValue) "))
            // Whatever the help names is understood: only its value may be refused.
            for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                let flag = String(word)
                guard flag.hasPrefix("--") else { continue }
                do {
                    _ = try kind.measurement(parsing: [kind.rawValue, flag, "x"])
                } catch let error as UsageError {
                    #expect(!error.message.contains("unknown argument '\(flag)'"), "\(kind)")
                }
            }
        }
    }

    @Test(
        "is refused where it means nothing",
        arguments: [
            ["stall", "--subscribers", "1"], ["stall", "--stalled-percent", "100"],
            ["stall", "--collections", "26"], ["drain", "--url", "http://127.0.0.1:1/v1"],
            ["poll", "--case", "none"], ["poll", "--against-path", "/x"],
            ["poll", "--floor", "--against", "x {port}"],
            ["poll", "--case", "304", "--against", "x {port}"],
            ["poll", "--case", "304", "--against", "x {port}", "--against-path", "y"],
            ["poll", "--case", "304", "--floor", "--against-path", "/y"],
            ["poll", "--case", "304", "--against-stream", "/y"],
            ["fanout", "--subscribers", "1", "--transport", "sse", "--against-stream", "/y"],
            ["fanout", "--subscribers", "1", "--transport", "sse", "--against-ready-at-head"],
            ["fanout", "--subscribers", "1", "--transport", "sse", "--against", "x"],
            ["fanout", "--subscribers", "9", "--transport", "sse", "--filters", "10"],
            ["write", "--writers", "0"],
            ["write", "--writers", ""], ["write", "--writers", "1,,2"],
            ["write", "--writers", "8,1,8"], ["start", "--records", "1"],
            ["start", "--url", "http://127.0.0.1:1/v1"], ["start", "--storage", "memory"],
            ["fanout", "--subscribers", "--transport", "sse"],
            ["poll", "--url", "http://127.0.0.1:1/v1", "--server-pid", "4194305"],
            ["herd", "--transport", "pigeon"], ["hold", "--nonsense", "1"], ["unknown"], [],
        ])
    func refusals(arguments: [String]) {
        #expect(throws: UsageError.self) { try Command(parsing: arguments) }
    }

    @Test("tries the server to compare with by one event to one subscriber")
    func trial() throws {
        let trial = try FanoutOptions(parsing: [
            "fanout", "--subscribers", "900", "--transport", "sse", "--filters", "30",
            "--against", "relay {port}", "--against-ready-at-head",
        ]).trial
        #expect(trial.subscribers == 1 && trial.filters == 1)
        #expect(trial.events == 1 && trial.warmup == 0)
        #expect(trial.contenders.all.last?.server.dialect.isReadyAtHead == true)
    }

    @Test("has stalled subscribers told of batches, or of changes one by one")
    func writes() throws {
        let arguments = ["stall", "--collections", "5", "--changes", "1001", "--rate", "1000"]
        let batches = try StallOptions(parsing: arguments)
        #expect(batches.writes == 201 && batches.intervalNanoseconds == 5_000_000)
        let changes = try StallOptions(parsing: arguments + ["--writers", "8"])
        #expect(changes.writes == 1_001 && changes.intervalNanoseconds == 1_000_000)
    }

    @Test("takes batches of as many collections as a server takes requests, not of more")
    func batches() throws {
        let most = Limits.batchRequestsDefault
        #expect(try StallOptions(parsing: ["stall", "--collections", "\(most)"]).writes == 400)
        #expect(throws: UsageError.self) {
            try StallOptions(parsing: ["stall", "--collections", "\(most + 1)"])
        }
    }
}
