// SPDX-License-Identifier: MIT
//
// A client process with subscribers. It talks with the process that started it in lines:
//
//     worker → parent   opened N              how many subscribers are ready, now and then
//                       ready                 all are
//                       failed WHY            and the process ends
//
//     parent → worker                         worker → parent
//     await TIMESTAMP …  one per collection   awaited BEHIND
//     reset                                   was-reset
//     pause, resume      reading              paused, resumed
//     leave              all at once          left
//     return             all at once          returning
//     churn PER-SECOND                        churning
//     status                                  status READY ENDED
//     event COLLECTION TIMESTAMP SCHEDULED ANSWERED
//     report                                  report JSON
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
    private var isPaused = false

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
            try loop.openMore()
            let before = loop.readyCount
            if try loop.turn(timeoutMilliseconds: 1_000), try !takeInput() { return false }
            let now = MonotonicClock.nowNanoseconds
            if loop.readyCount > before { lastProgress = now }
            let stall = Int64(Limits.benchOpeningStallSecondsMax) * 1_000_000_000
            guard now - lastProgress < stall else {
                let count = "\(loop.readyCount) of \(options.count)"
                let hint =
                    options.isReadyAtHead
                    ? "" : " or no 'ready' (--against-ready-at-head takes the answer for it)"
                throw BenchFailure(
                    "\(count) subscribers are ready, the others get no answer\(hint)")
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
            if isPaused {
                // The sockets are left alone: their buffers fill.
                guard try takeInput() else { return }
                continue
            }
            let timeout = Limits.benchTurnMillisecondsMax
            if try loop.turn(timeoutMilliseconds: timeout), try !takeInput() { return }
            try loop.openMore()
        }
    }

    private func takeInput() throws -> Bool {
        let bytes = try FileDescriptor.readSome(from: STDIN_FILENO)
        lines.append(bytes)
        return !bytes.isEmpty
    }

    private func obey(_ words: [Substring]) throws {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        switch (words.first, numbers.count) {
        case ("await", options.collections): try say("awaited \(try awaitArrival(numbers))")
        case ("event", 4):
            events.append(
                Arrivals.Event(
                    change: ChangeID(collection: Int(numbers[0]), timestamp: numbers[1]),
                    scheduledNanoseconds: numbers[2], answeredNanoseconds: numbers[3]))
        case ("status", 0): try say("status \(loop.readyCount) \(loop.comings.ends.count)")
        case ("report", 0): try report()
        case ("churn", 1):
            loop.setChurn(perSecond: Int(numbers[0]))
            try say("churning")
        case (let word?, 0): try obey(word)
        default: throw BenchFailure("unknown order '\(words.joined(separator: " "))'")
        }
    }

    private func obey(_ word: Substring) throws {
        switch word {
        case "reset":
            loop.reset()
            events = []
            usageAtReset = ownUsageNanoseconds
            try say("was-reset")
        case "pause":
            isPaused = true
            try say("paused")
        case "resume":
            isPaused = false
            try say("resumed")
        case "leave":
            loop.leaveAll()
            loop.openingMax = 0
            try say("left")
        case "return":
            loop.openingMax = Int.max
            try say("returning")
        default: throw BenchFailure("unknown order '\(word)'")
        }
    }

    /// Waits until every subscriber has the newest state of each collection; returns how many do
    /// not.
    private func awaitArrival(_ newest: [Int64]) throws -> Int {
        let deadline =
            MonotonicClock.nowNanoseconds + Int64(Limits.benchArrivalSecondsMax) * 1_000_000_000
        var behind = loop.positions.countBehind(newest)
        while behind > loop.lostCount, MonotonicClock.nowNanoseconds < deadline {
            if try loop.turn(timeoutMilliseconds: 50), try !takeInput() { break }
            behind = loop.positions.countBehind(newest)
        }
        return behind
    }

    private func report() throws {
        let report: JSONValue = [
            "cpu_nanoseconds": .integer(ownUsageNanoseconds - usageAtReset),
            "lost": .integer(Int64(loop.lostCount)),
            "older": .integer(Int64(loop.olderCount)),
            "repeated": .integer(Int64(loop.repeatedCount)),
            "arrivals": loop.arrivals.summary(of: events).json,
            "comings": loop.comings.json,
        ]
        try say("report " + JSONWriter.string(report))
    }

    private var ownUsageNanoseconds: Int64 { hg_clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) }

    private func say(_ line: String) throws {
        try FileDescriptor.writeAll(Array((line + "\n").utf8), to: STDOUT_FILENO)
    }
}
