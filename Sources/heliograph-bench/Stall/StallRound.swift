// SPDX-License-Identifier: MIT

import Core

/// One round of `stall`: the readers, and the others who may not read.
struct StallRound {
    /// What was found.
    struct Figures {
        /// The figures.
        var report = Report()
        /// What the readers saw.
        let readers: SubscriberPool.Report
        /// Readers that did not end at the newest state.
        let readersBehind: Int
        /// What the others saw.
        let others: SubscriberPool.Report
        /// Others that did not end at the newest state.
        let othersBehind: Int
    }

    /// The name of the figure by which the server's memory grew.
    static let growthKey = "server_written_kilobytes_grown"

    private let options: StallOptions
    private let isStalling: Bool

    /// Makes a round in which the others stall or not.
    init(options: StallOptions, isStalling: Bool) {
        self.options = options
        self.isStalling = isStalling
    }

    /// Opens the subscribers, writes the changes and lets the stalled ones catch up.
    ///
    /// - Throws: `BenchFailure`.
    func measure(_ server: ServerProcess) throws -> Figures {
        let publisher = try Publisher(
            server: server, credentials: options.run.credentials, collections: options.collections)
        _ = try publisher.publish(.everyCollection, count: 1, intervalNanoseconds: 0)
        let (readers, others) = try openPools(server)
        let writers = try options.writers.map { try WriterPool(publisher, connections: $0) }
        _ = try publish(publisher, writers, count: Limits.benchStallWarmup)
        for pool in [readers, others] {
            guard try pool.waitForArrival(of: publisher.newest) == 0 else {
                throw BenchFailure("subscribers lack the newest change of the warm-up")
            }
            try pool.reset()
        }
        MonotonicClock.sleep(milliseconds: Limits.benchSettleMilliseconds)

        let before = try Observation(server)
        if isStalling { try others.setPaused(true) }
        let events = try publish(publisher, writers, count: options.writes)
        let readersBehind = try readers.waitForArrival(of: publisher.newest)
        let after = try Observation(server)

        let resumed = MonotonicClock.nowNanoseconds
        if isStalling { try others.setPaused(false) }
        let othersBehind = try others.waitForArrival(of: publisher.newest)
        let caughtUp = MonotonicClock.nowNanoseconds - resumed
        var figures = Figures(
            readers: try readers.report(of: events), readersBehind: readersBehind,
            others: try others.report(of: events), othersBehind: othersBehind)
        addReaders(figures, before, after, to: &figures.report)
        addOthers(figures, before, after, caughtUp, to: &figures.report)
        return figures
    }

    private func publish(
        _ publisher: Publisher, _ writers: WriterPool?, count: Int
    ) throws -> [Arrivals.Event] {
        let interval = options.intervalNanoseconds
        let progress: (Int) -> Void = { Console.progress("\($0) of \(count) writes") }
        guard let writers else {
            return try publisher.publish(
                .everyCollection, count: count, intervalNanoseconds: interval, progress: progress)
        }
        return try writers.publish(
            count: count, intervalNanoseconds: interval, progress: progress)
    }

    private func openPools(
        _ server: ServerProcess
    ) throws -> (readers: SubscriberPool, others: SubscriberPool) {
        var subscribers = SubscriberOptions(
            url: server.url, transport: options.transport,
            count: options.subscribers - options.stalled)
        subscribers.collections = options.collections
        let readers = try SubscriberPool(subscribers, processes: options.run.clients) {
            Console.progress("\($0) of \(options.subscribers) subscribers")
        }
        subscribers.first = subscribers.count
        subscribers.count = options.stalled
        if isStalling { subscribers.receiveBufferBytes = options.receiveBufferBytes }
        return (readers, try SubscriberPool(subscribers))
    }

    private func addReaders(
        _ figures: Figures, _ before: Observation, _ after: Observation, to report: inout Report
    ) {
        let arrivals = figures.readers.arrivals
        report.add(
            "scheduled_delivery_microseconds", "a write's due time to a reader",
            arrivals.sinceSchedule)
        report.add(
            "delivery_microseconds", "a write's answer to a reader", arrivals.sinceAnswer)
        let deliveries = arrivals.deliveries
        report.add(
            "deliveries", "the first collection's changes delivered", .count(deliveries))
        if let earlier = before.usage, let later = after.usage, deliveries > 0 {
            let each = later.since(earlier).microseconds / Double(deliveries)
            report.add(
                "server_cpu_microseconds_per_delivery", "server CPU for each",
                .quantity(each, unit: "µs", digits: 3))
        }
        if deliveries > 0 {
            let each = Double(figures.readers.cpuNanoseconds) / 1_000 / Double(deliveries)
            report.add(
                "client_cpu_microseconds_per_delivery", "readers' CPU for each",
                .quantity(each, unit: "µs", digits: 3))
        }
        addOutcome(figures.readers, behind: figures.readersBehind, "readers", to: &report)
    }

    private func addOthers(
        _ figures: Figures, _ before: Observation, _ after: Observation, _ caughtUp: Int64,
        to report: inout Report
    ) {
        if let earlier = before.memory, let later = after.memory {
            let grown = later.writtenKilobytes - earlier.writtenKilobytes
            report.add(
                Self.growthKey, "server memory grown",
                .quantity(Double(grown), unit: "KB", digits: 0))
        }
        report.add(
            "kernel_kilobytes_grown", "kernel's TCP memory grown",
            .quantity(
                Double(after.kernelKilobytes - before.kernelKilobytes), unit: "KB", digits: 0))
        let changes = figures.others.arrivals.deliveries + figures.others.arrivals.others
        report.add(
            "changes_per_other", "changes that each of the others got",
            .quantity(Double(changes) / Double(options.stalled), unit: "", digits: 1))
        report.add(
            "caught_up_milliseconds", "until they have the newest state",
            .quantity(Double(caughtUp) / 1e6, unit: "ms", digits: 1))
        addOutcome(figures.others, behind: figures.othersBehind, "others", to: &report)
    }

    private func addOutcome(
        _ found: SubscriberPool.Report, behind: Int, _ who: String, to report: inout Report
    ) {
        report.add("\(who)_behind", "\(who) behind at the end", .failures(Int64(behind)))
        report.add("\(who)_lost", "\(who) lost", .failures(found.lost))
        report.add(
            "\(who)_wrong_deliveries", "older or repeated changes at \(who)",
            .failures(found.older + found.repeated))
    }
}

/// What can be seen of a server from outside at one moment.
struct Observation {
    /// The processor time it has used, if its process is known.
    let usage: ProcessUsage?
    /// The memory it occupies, if its process is known.
    let memory: ProcessMemory?
    /// What the kernel holds in the buffers of all TCP sockets of the machine.
    let kernelKilobytes: Int64

    /// Looks at a server.
    ///
    /// - Throws: `BenchFailure` if it has ended.
    init(_ server: ServerProcess) throws {
        usage = try server.usage()
        memory = try server.memory()
        let text = FileDescriptor.contents(ofFile: "/proc/net/sockstat") ?? ""
        kernelKilobytes = Self.kernelPages(inSocketStatistics: text) * 4
    }

    /// The pages that the text of `/proc/net/sockstat` says TCP occupies, 0 if it does not say.
    static func kernelPages(inSocketStatistics text: String) -> Int64 {
        for line in text.split(separator: "\n") where line.hasPrefix("TCP:") {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "mem"), place + 1 < words.count else { return 0 }
            return Int64(words[place + 1]) ?? 0
        }
        return 0
    }
}
