// SPDX-License-Identifier: MIT

import Testing

@testable import heliograph_bench

@Suite("A report")
struct ReportTests {
    private func report(_ value: Double, lost: Int64) -> Report {
        var report = Report()
        report.add("time_ms", "time", .quantity(value, unit: "ms", digits: 1))
        report.add("lost", "lost", .failures(lost))
        return report
    }

    @Test("of several rounds has the medians, and all failures")
    func medians() {
        var rounds = Rounds(["ours", "floor"])
        for (ours, floor, lost) in [(10.0, 5.0, 0), (30, 10, 3), (20, 20, 1)] {
            rounds.add(report(ours, lost: Int64(lost)), of: 0)
            rounds.add(report(floor, lost: 0), of: 1)
        }
        #expect(rounds.median(of: 0).json == #"{"time_ms":20.0,"lost":4}"#)
        // The median of 2, 3 and 1, round by round.
        #expect(rounds.ratio(of: "time_ms") == 2)
        #expect(rounds.ratio(of: "lost") == nil)
        #expect(
            rounds.table.lines == [
                "median of the rounds     ours    floor  ratio  least   most",
                "time                  20.0 ms  10.0 ms  2.000  1.000  3.000",
                "lost                        4        0",
            ])
    }

    @Test("has no ratio of a figure that is 0 in one of the rounds, as the others were chosen then")
    func zeros() {
        var rounds = Rounds(["ours", "floor"])
        for (ours, floor) in [(0.0, 800.0), (300, 800), (0, 900)] {
            rounds.add(report(ours, lost: 0), of: 0)
            rounds.add(report(floor, lost: 0), of: 1)
        }
        #expect(rounds.ratio(of: "time_ms") == nil)
    }

    @Test("has tables for people and programs")
    func tables() {
        var table = FigureTable([.init(key: "s", title: "second"), .init(key: "", title: "")])
        table.add([.count(0), .picture(FigureTable.bar(3, of: 6, width: 4))])
        table.add([.count(11), .picture(FigureTable.bar(6, of: 6, width: 4))])
        #expect(table.lines == ["second", "     0  ██", "    11  ████"])
        var report = Report()
        report.add("seconds", "In each second", table: table)
        // Bars are for people alone.
        #expect(report.json == #"{"seconds":[{"s":0},{"s":11}]}"#)
        #expect(FigureTable.bar(1, of: 0).isEmpty)
        #expect(FigureTable.bar(1, of: 1_000, width: 4) == "█")
    }

    @Test("spells numbers with as many digits as asked for")
    func digits() {
        #expect(Report.Figure.fixed(1.25, digits: 1) == "1.3")
        #expect(Report.Figure.fixed(-0.04, digits: 1) == "0.0")
        #expect(Report.Figure.fixed(-2.5, digits: 2) == "-2.50")
        #expect(Report.Figure.fixed(7.6, digits: 0) == "8")
    }

    @Test("reads the system's tables")
    func system() throws {
        let sockets = "sockets: used 9\nTCP: inuse 5 orphan 0 tw 0 alloc 6 mem 17\nUDP: inuse 0"
        #expect(Observation.kernelPages(inSocketStatistics: sockets) == 17)
        #expect(Observation.kernelPages(inSocketStatistics: "") == 0)
        let ticks = ProcessUsage.ticks(inStat: "1 (a) b) S 1 1 1 0 -1 4 0 0 0 0 12 34 0 0")
        #expect(try #require(ticks) == (12, 34))
        let memory = ProcessMemory(
            smapsRollup: "00 [rollup]\nRss: 10 kB\nPss: 8 kB\nPss_Dirty: 3 kB\n")
        #expect(memory?.writtenKilobytes == 3)
        let ready = ServerProcess.readyAddress(
            inLog: "info starting\ninfo ready address=\"http://127.0.0.1:91/v1\" loops=2\n")
        #expect(ready?.port == 91)
    }
}
