// SPDX-License-Identifier: MIT

import Hub
import KintoAPI
import Reactor
import Storage
import Synchronization

/// The server's own pages: the figures of all its parts, and the dashboard that shows them.
final class ServerFigures: ServerPages {
    private let hub: Hub
    private let storage: any Storage
    private let edge: Edge
    private let loops = Mutex<[LoopFigures]>([])
    private let draining = Atomic(false)
    private let document = RememberedDocument(AsyncAPIDocument.json)

    /// Makes the pages of a server whose loops are still to come.
    init(hub: Hub, storage: any Storage, edge: Edge) {
        self.hub = hub
        self.storage = storage
        self.edge = edge
    }

    /// Tells that the ordered end has begun.
    func noteDraining() { draining.store(true, ordering: .relaxed) }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Tells what the loops are.
    func setLoops(_ figures: [LoopFigures]) {
        loops.withLock { $0 = figures }
    }

    func dashboardFile(_ name: String) -> StaticFile? { Dashboard.files[name] }

    func streamsDocument(_ service: ServiceDescription) -> StaticFile { document.file(service) }

    func metrics() -> StaticFile {
        var text = MetricsText()
        appendStreams(to: &text)
        appendStorage(to: &text)
        appendEdge(to: &text)
        text.append(
            "heliograph_head_revision", .gauge, "Revision of the newest change.",
            hub.announced.number)
        text.append(
            "process_cpu_milliseconds_total", .counter, "Time spent on processors.",
            ProcessFigures.processorMilliseconds)
        if let bytes = ProcessFigures.residentBytes {
            text.append("process_resident_memory_bytes", .gauge, "Memory in RAM.", bytes)
        }
        return StaticFile(mediaType: MetricsText.mediaType, text: text.text)
    }

    private func appendEdge(to text: inout MetricsText) {
        text.append(
            "heliograph_connections", .gauge, "Open connections.", edge.admission.openCount)
        text.append(
            "heliograph_proxy_refusals_total", .counter,
            "Connections that did not begin with the PROXY header of a trusted proxy.",
            edge.proxyRefusalCount)
        text.append(
            "heliograph_refusals_total", .counter, "Connections and streams refused.",
            zip(RefusalReason.allCases, edge.refusals.all).map { reason, count in
                ("{reason=\"\(reason.name)\"}", "\(count)")
            })
        text.append(
            "heliograph_limited_addresses", .gauge,
            "Addresses that have something of which each may have only so much.",
            edge.addresses.addressCount)
        let now = MonotonicInstant.read()
        text.append(
            "heliograph_loop_lag_microseconds", .gauge,
            "How long something new waits for a loop's turn to end, a mean over seconds.",
            loops.withLock { $0 }.enumerated().map { place, figures in
                ("{loop=\"\(place)\"}", "\(figures.lagMicroseconds(at: now))")
            })
        if let gauge = edge.watch.gauge, let bytes = edge.watch.memoryBytes {
            text.append(
                "heliograph_limited_memory_bytes", .gauge, "Memory that has a limit.", bytes)
            text.append(
                "heliograph_memory_limit_bytes", .gauge,
                "Memory beyond which new streams are refused.", gauge.bytesMax)
        }
    }

    /// How many polls were answered by the bytes of their requests.
    var repeatedAnswers: UInt64 { sum.repeats }

    private var sum: StreamFigures {
        var sum = StreamFigures()
        for figures in loops.withLock({ $0 }) { figures.add(to: &sum) }
        return sum
    }

    private func appendStreams(to text: inout MetricsText) {
        let sum = sum
        text.append(
            "heliograph_subscribers", .gauge, "Open streams.",
            [
                ("{transport=\"sse\"}", "\(sum.eventStreams)"),
                ("{transport=\"websocket\"}", "\(sum.webSockets)"),
                ("{transport=\"push\"}", "\(sum.pushes)"),
            ])
        text.append(
            "heliograph_deliveries_total", .counter,
            "Entries handed to sockets, one for each subscriber and entry.", sum.deliveries)
        text.append(
            "heliograph_stalls_total", .counter, "How often a live subscriber's socket was full.",
            sum.stalls)
        text.append(
            "heliograph_loop_changes_total", .counter,
            "Changes taken over by event loops, after conflation.", sum.changes)
        text.append(
            "heliograph_repeated_polls_total", .counter,
            "Polls answered as the same request was before.", sum.repeats)
    }

    private func appendStorage(to text: inout MetricsText) {
        let statistics = storage.statistics
        text.append(
            "heliograph_storage_commits_total", .counter, "Durable commits.", statistics.commits)
        text.append(
            "heliograph_storage_writes_total", .counter,
            "Requests that were committed, a batch as one, and announcements that were kept.",
            statistics.writes)
        text.append(
            "heliograph_storage_queries_total", .counter,
            "Questions and changes put to the storage.", statistics.queries)
    }
}
