// SPDX-License-Identifier: MIT

import Core

/// What `fanout` found, before it is put into figures.
struct FanoutMeasurement {
    /// From the first connection to the last subscriber's `ready`.
    let openingNanoseconds: Int64
    /// The server's memory before the first subscriber; nil if its process is not known.
    let memoryEmpty: ProcessMemory?
    /// The server's memory with all subscribers ready and nothing to do.
    let memoryIdle: ProcessMemory?
    /// The server's memory after the events, the subscribers still there.
    let memoryAfter: ProcessMemory?
    /// The server's time before the measured events.
    let usageBefore: ProcessUsage?
    /// The server's time when the last subscriber had the last event.
    let usageAfter: ProcessUsage?
    /// The measured events.
    let events: [Arrivals.Event]
    /// What became of them at the subscribers.
    let clients: SubscriberPool.Report
    /// Client processes.
    let clientProcesses: Int
    /// Subscribers that do not have the newest change.
    let behind: Int

    /// For each event, how long after a moment of its own its last subscriber had it.
    ///
    /// - Parameter start: The moment, in nanoseconds of the clock.
    /// - Complexity: O(number of events).
    func untilLast(since start: (Arrivals.Event) -> Int64) -> Histogram {
        var histogram = Histogram()
        for (event, arrival) in zip(events, clients.arrivals.lastArrivals) where arrival > 0 {
            histogram.record(arrival - start(event))
        }
        return histogram
    }

    /// From the scheduled time of each write to its answer.
    ///
    /// - Complexity: O(number of events).
    var writes: Histogram {
        var histogram = Histogram()
        for event in events {
            histogram.record(event.answeredNanoseconds - event.scheduledNanoseconds)
        }
        return histogram
    }

    /// The figures.
    func report(subscribers: Int) -> Report {
        var report = Report()
        addDeliveries(to: &report, subscribers: subscribers)
        addProcessorTime(to: &report, subscribers: subscribers)
        addLatencies(to: &report)
        addMemory(to: &report, subscribers: subscribers)
        return report
    }

    private func addDeliveries(to report: inout Report, subscribers: Int) {
        let arrivals = clients.arrivals
        report.add("deliveries", "deliveries", .count(arrivals.deliveries))
        // The others were replaced by newer changes before they could be sent.
        let due = Double(max(1, events.count * subscribers))
        report.add(
            "delivered_percent", "… of all events to all",
            .quantity(Double(arrivals.deliveries) * 100 / due, unit: "%", digits: 1))
        report.add("early_deliveries", "… before the write's answer", .count(arrivals.early))
        report.add("other_deliveries", "… of other changes", .count(arrivals.others))
        report.add("older_deliveries", "… going backwards", .failures(clients.older))
        report.add("repeated_deliveries", "… repeated", .failures(clients.repeated))
        report.add(
            "behind_subscribers", "subscribers behind at the end", .failures(Int64(behind)))
        report.add("lost_subscribers", "subscribers lost", .failures(clients.lost))
    }

    private func addProcessorTime(to report: inout Report, subscribers: Int) {
        let deliveries = clients.arrivals.deliveries
        let key = "server_cpu_microseconds_per_delivery"
        if let usageBefore, let usageAfter, deliveries > 0 {
            let (microseconds, userShare) = usageAfter.since(usageBefore)
            let each = microseconds / Double(deliveries)
            report.add(key, "server CPU per delivery", .quantity(each, unit: "µs", digits: 3))
            report.add(
                "server_cpu_user_percent", "… of it outside the kernel",
                userShare.map { .quantity($0 * 100, unit: "%", digits: 1) } ?? .unknown)
        } else {
            report.add(key, "server CPU per delivery", .unknown)
        }
        if deliveries > 0 {
            let each = Double(clients.cpuNanoseconds) / 1_000 / Double(deliveries)
            report.add(
                "client_cpu_microseconds_per_delivery", "client CPU per delivery",
                .quantity(each, unit: "µs", digits: 3))
        }
        report.add("client_processes", "client processes", .count(Int64(clientProcesses)))
        let seconds = Double(openingNanoseconds) / 1e9
        report.add("opening_seconds", "opening all", .quantity(seconds, unit: "s", digits: 3))
        report.add(
            "opened_per_second", "opened per second",
            .count(Int64(Double(subscribers) / max(seconds, 1e-9))))
    }

    private func addLatencies(to report: inout Report) {
        let histograms = [
            (
                "delivery_microseconds", "write's answer to delivery (0 if before)",
                clients.arrivals.sinceAnswer
            ),
            (
                "scheduled_delivery_microseconds", "write's due time to delivery",
                clients.arrivals.sinceSchedule
            ),
            (
                "last_delivery_microseconds", "write's answer to the last of all",
                untilLast(since: \.answeredNanoseconds)
            ),
            (
                "scheduled_last_delivery_microseconds", "write's due time to the last of all",
                untilLast(since: \.scheduledNanoseconds)
            ),
            ("write_microseconds", "write's due time to its answer", writes),
        ]
        for (key, label, histogram) in histograms { report.add(key, label, histogram) }
    }

    private func addMemory(to report: inout Report, subscribers: Int) {
        for (key, label, memory) in [
            ("empty", "without subscribers", memoryEmpty), ("idle", "all idle", memoryIdle),
            ("after", "after the events", memoryAfter),
        ] {
            guard let memory else { continue }
            report.add(
                "server_rss_kilobytes_\(key)", "server RSS, \(label)",
                .quantity(Double(memory.residentKilobytes), unit: "KB", digits: 0))
            report.add(
                "server_written_kilobytes_\(key)", "… of it written",
                .quantity(Double(memory.writtenKilobytes), unit: "KB", digits: 0))
        }
        let key = "server_bytes_per_subscriber"
        guard let memoryEmpty, let memoryIdle else {
            return report.add(key, "server memory written per idle subscriber", .unknown)
        }
        let grown = memoryIdle.writtenKilobytes - memoryEmpty.writtenKilobytes
        report.add(
            key, "server memory written per idle subscriber",
            .quantity(Double(grown * 1_024) / Double(subscribers), unit: "B", digits: 1))
    }
}
