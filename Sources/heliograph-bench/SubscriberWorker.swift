// SPDX-License-Identifier: MIT
//
// A client process. It talks with the process that started it in lines:
//
//     worker → parent   opened N              how many subscribers are ready, now and then
//                       ready                 all are
//                       failed WHY            and the process ends
//     parent → worker   await TIMESTAMP       worker → parent   awaited BEHIND
//                       reset                                   was-reset
//                       event TIMESTAMP SCHEDULED ANSWERED      (no answer)
//                       report                                  report JSON
//     end of input                            the process ends

import CLinux
import Core
import Glibc

/// One client process: a loop of subscribers and the commands of its parent.
final class SubscriberWorker {
    private let loop: SubscriberLoop
    private let options: SubscriberOptions
    private var lines = LineSplitter()
    private var events: [Arrivals.Event] = []
    private var usageAtReset = Int64(0)

    /// Makes a worker without connections.
    ///
    /// - Throws: `BenchFailure` if this process has too few descriptors.
    init(options: SubscriberOptions) throws {
        self.options = options
        let limit = FileDescriptor.raiseLimit()
        guard limit >= options.count + Limits.benchSpareDescriptors else {
            throw BenchFailure("\(options.count) subscribers exceed the limit of \(limit) files")
        }
        loop = try SubscriberLoop(options: options)
    }

    /// Opens the subscribers and obeys until the parent closes the standard input.
    ///
    /// - Throws: `BenchFailure`, after having told the parent.
    func run() throws {
        // A terminal's Ctrl-C reaches every process of the run; this one ends with its parent.
        signal(SIGINT, SIG_IGN)
        do {
            try loop.watch(STDIN_FILENO)
            guard try open() else { return }
            try obey()
        } catch {
            try say("failed \(error)")
            throw error
        }
    }

    /// Opens all subscribers; false if the parent went away meanwhile.
    private func open() throws -> Bool {
        var reported = 0
        var lastProgress = MonotonicClock.nowNanoseconds
        while loop.readyCount < options.count {
            _ = try loop.openMore()
            let before = loop.readyCount
            if try loop.turn(timeoutMilliseconds: 1_000) {
                let bytes = try FileDescriptor.readSome(from: STDIN_FILENO)
                guard !bytes.isEmpty else { return false }
                lines.append(bytes)
            }
            let now = MonotonicClock.nowNanoseconds
            if loop.readyCount > before { lastProgress = now }
            let stall = Int64(Limits.benchOpeningStallSecondsMax) * 1_000_000_000
            guard now - lastProgress < stall else {
                let count = "\(loop.readyCount) of \(options.count)"
                throw BenchFailure("\(count) subscribers are ready, the others get no answer")
            }
            if loop.readyCount - reported >= 500 {
                reported = loop.readyCount
                try say("opened \(reported)")
            }
        }
        try say("opened \(loop.readyCount)")
        try say("ready")
        return true
    }

    private func obey() throws {
        while true {
            while let line = lines.next() { try obey(line.split(separator: " ")) }
            guard try loop.turn(timeoutMilliseconds: -1) else { continue }
            let bytes = try FileDescriptor.readSome(from: STDIN_FILENO)
            if bytes.isEmpty { return }
            lines.append(bytes)
        }
    }

    private func obey(_ words: [Substring]) throws {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        switch (words.first, numbers.count) {
        case ("await", 1): try say("awaited \(try awaitArrival(numbers[0]))")
        case ("reset", 0):
            loop.reset()
            usageAtReset = ownUsageNanoseconds
            try say("was-reset")
        case ("event", 3):
            events.append(
                Arrivals.Event(
                    timestamp: numbers[0], scheduledNanoseconds: numbers[1],
                    answeredNanoseconds: numbers[2]))
        case ("report", 0): try report()
        default: throw BenchFailure("unknown order '\(words.joined(separator: " "))'")
        }
    }

    /// Waits until every subscriber has the change of `timestamp`; returns how many do not.
    private func awaitArrival(_ timestamp: Int64) throws -> Int {
        let deadline =
            MonotonicClock.nowNanoseconds + Int64(Limits.benchArrivalSecondsMax) * 1_000_000_000
        var behind = loop.countBehind(timestamp)
        while behind > loop.lostCount, MonotonicClock.nowNanoseconds < deadline {
            if try loop.turn(timeoutMilliseconds: 50) {
                let bytes = try FileDescriptor.readSome(from: STDIN_FILENO)
                if bytes.isEmpty { break }
                lines.append(bytes)
            }
            behind = loop.countBehind(timestamp)
        }
        return behind
    }

    private func report() throws {
        let summary = loop.arrivals.summary(of: events)
        let report: JSONValue = [
            "cpu_nanoseconds": .integer(ownUsageNanoseconds - usageAtReset),
            "lost": .integer(Int64(loop.lostCount)),
            "backward": .integer(Int64(loop.backwardCount)),
            "arrivals": summary.json,
        ]
        try say("report " + JSONWriter.string(report))
    }

    private var ownUsageNanoseconds: Int64 { hg_clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private func say(_ line: String) throws {
        try FileDescriptor.writeAll(Array((line + "\n").utf8), to: STDOUT_FILENO)
    }
}

/// Cuts what arrives into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    private var lines: [String] = []
    private var place = 0

    /// Makes a splitter that has seen nothing.
    init() {}

    /// Takes bytes that have arrived.
    ///
    /// - Complexity: O(*n*).
    mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            } else {
                rest.append(byte)
            }
        }
    }

    /// The next whole line without its end, or nil if there is none yet.
    mutating func next() -> String? {
        guard place < lines.count else {
            lines.removeAll(keepingCapacity: true)
            place = 0
            return nil
        }
        place += 1
        return lines[place - 1]
    }
}
