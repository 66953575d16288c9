// SPDX-License-Identifier: MIT

import Core

/// A server's memory over time.
struct MemorySamples {
    private var samples: [(nanoseconds: Int64, memory: ProcessMemory)] = []

    /// Makes an empty list.
    init() {}

    /// Adds what the memory was at a time since the start.
    mutating func add(_ memory: ProcessMemory, nanoseconds: Int64) {
        samples.append((nanoseconds, memory))
    }

    /// Adds the samples and their trend to a report. The first half does not count for the trend: a
    /// server's caches fill.
    ///
    /// - Complexity: O(*n*).
    func add(to report: inout Report) {
        let later = samples.dropFirst(samples.count / 2).map { sample in
            (x: Double(sample.nanoseconds) / 6e10, y: Double(sample.memory.writtenKilobytes))
        }
        let slope = Trend.slope(of: later)
        report.add(
            "server_kilobytes_per_minute", "server memory, trend of the second half",
            slope.map { .quantity($0, unit: "KB/min", digits: 1) } ?? .unknown)
        var table = FigureTable([
            .init(key: "second", title: "second"), .init(key: "pss_kilobytes", title: "PSS, KB"),
            .init(key: "written_kilobytes", title: "written, KB"), .init(key: "", title: ""),
        ])
        let most = samples.map(\.memory.writtenKilobytes).max() ?? 0
        for (nanoseconds, memory) in samples {
            table.add([
                .count(nanoseconds / 1_000_000_000), .count(memory.proportionalKilobytes),
                .count(memory.writtenKilobytes),
                .picture(FigureTable.bar(Int(memory.writtenKilobytes), of: Int(most))),
            ])
        }
        report.add("memory", "Server memory", table: table)
    }
}
