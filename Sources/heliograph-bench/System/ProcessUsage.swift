// SPDX-License-Identifier: MIT

import CLinux
import Core
import Glibc

/// The processor time that a process, all its threads together, has used.
struct ProcessUsage {
    /// User and system time, exactly.
    let totalNanoseconds: Int64
    /// The share of it outside the kernel, from the clock ticks in `/proc/PID/stat`.
    let userTicks: Int64
    /// The share of it within the kernel, from the clock ticks in `/proc/PID/stat`.
    let systemTicks: Int64

    /// Reads the time of a process.
    ///
    /// - Throws: `BenchFailure` if the process is gone or somebody else's.
    init(pid: pid_t) throws {
        var clock = clockid_t()
        let code = clock_getcpuclockid(pid, &clock)
        guard code == 0 else { throw BenchFailure.systemCall("process \(pid)", code: code) }
        totalNanoseconds = hg_clock_nanoseconds(clock)
        guard let text = FileDescriptor.contents(ofFile: "/proc/\(pid)/stat"),
            let (user, system) = Self.ticks(inStat: text)
        else { throw BenchFailure("cannot read /proc/\(pid)/stat") }
        userTicks = user
        systemTicks = system
    }

    /// The user and system ticks in the text of `/proc/PID/stat` (proc(5): fields 14 and 15).
    static func ticks(inStat text: String) -> (user: Int64, system: Int64)? {
        // The second field, the program's name in parentheses, may contain anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12])
        else { return nil }
        return (user, system)
    }

    /// What was used since `earlier`, in microseconds, and the share of it outside the kernel, 0 to
    /// 1; nil if too few ticks passed to tell.
    func since(_ earlier: ProcessUsage) -> (microseconds: Double, userShare: Double?) {
        let nanoseconds = totalNanoseconds - earlier.totalNanoseconds
        let user = userTicks - earlier.userTicks
        let all = user + systemTicks - earlier.systemTicks
        let isTold = all >= Limits.benchTicksMin
        return (Double(nanoseconds) / 1_000, isTold ? Double(user) / Double(all) : nil)
    }
}

/// The memory that a process occupies, from `/proc/PID/smaps_rollup`.
struct ProcessMemory {
    /// Resident pages, shared ones included.
    let residentKilobytes: Int64
    /// Resident pages, shared ones in proportion.
    let proportionalKilobytes: Int64
    /// Those that hold what the process wrote: not the program's text, whose share changes with who
    /// else runs it.
    let writtenKilobytes: Int64

    /// Reads the memory of a process.
    ///
    /// - Throws: `BenchFailure` if the process is gone or somebody else's.
    init(pid: pid_t) throws {
        guard let text = FileDescriptor.contents(ofFile: "/proc/\(pid)/smaps_rollup"),
            let memory = ProcessMemory(smapsRollup: text)
        else { throw BenchFailure("cannot read /proc/\(pid)/smaps_rollup") }
        self = memory
    }

    /// Reads the text of `/proc/PID/smaps_rollup`.
    init?(smapsRollup text: String) {
        var values: [Substring: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[2] == "kB" { values[words[0]] = Int64(words[1]) }
        }
        guard let resident = values["Rss:"], let proportional = values["Pss:"],
            let written = values["Pss_Dirty:"] ?? values["Private_Dirty:"]
        else { return nil }
        residentKilobytes = resident
        proportionalKilobytes = proportional
        writtenKilobytes = written
    }
}
