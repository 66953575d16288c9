// SPDX-License-Identifier: MIT

import Glibc

/// What the kernel says about this process.
enum ProcessFigures {
    /// Memory that is in RAM, in bytes; nil where `/proc` is not mounted.
    static var residentBytes: Int? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let words = line.prefix { $0 != 0 }.split(separator: CChar(UInt8(ascii: " ")))
        guard words.count > 1 else { return nil }
        let digits = String(decoding: words[1].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return Int(digits).map { $0 * Int(getpagesize()) }
    }

    /// Time that the process spent on processors, in milliseconds.
    static var processorMilliseconds: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Int($1.tv_sec) * 1_000 + Int($1.tv_usec) / 1_000
        }
    }
}
