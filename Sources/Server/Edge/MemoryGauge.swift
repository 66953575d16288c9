// SPDX-License-Identifier: MIT
//
// How much memory is in use, and how much may be.
//
// A limit of the operator's is for the process: its resident memory counts. A limit of the control
// group (version 2) is for everything the kernel charges to it, and most of what a stream costs is
// the kernel's: four kilobytes for its socket, a fiftieth of that here. So there the group's own
// figures count, but for the page cache, which the kernel takes back by itself when it needs to.

import Core
import Glibc

/// Where the memory in use is read, and how much of it there may be.
struct MemoryGauge: Sendable {
    /// Beyond so much new streams are refused.
    let bytesMax: Int
    /// Reads how much is in use; nil if that cannot be known now.
    let read: @Sendable () -> Int?

    /// Makes a gauge.
    init(bytesMax: Int, read: @escaping @Sendable () -> Int?) {
        self.bytesMax = bytesMax
        self.read = read
    }

    /// Makes the gauge that a setting asks for: nil for the control group's limit, 0 for none.
    init?(megabytesMax: Int?) {
        guard let megabytesMax else {
            guard let gauge = ControlGroup.gauge() else { return nil }
            self = gauge
            return
        }
        guard megabytesMax > 0 else { return nil }
        self.init(bytesMax: megabytesMax << 20) { ProcessFigures.residentBytes }
    }
}

/// The control group of this process, version 2.
enum ControlGroup {
    /// Makes the gauge of the narrowest limit of memory above the process, if there is one.
    ///
    /// - Parameters:
    ///   - membership: The file that tells the process's group.
    ///   - root: Where the groups are mounted.
    static func gauge(
        membership: String = "/proc/self/cgroup", root: String = "/sys/fs/cgroup"
    ) -> MemoryGauge? {
        guard let text = SmallFile.read(membership), let path = path(in: text) else { return nil }
        var narrowest: (directory: String, bytes: Int)?
        var directory = root
        for part in [""] + path.split(separator: "/").map(String.init) {
            if !part.isEmpty { directory += "/" + part }
            guard let limit = SmallFile.read(directory + "/memory.max"),
                let bytes = Int(limit.trimmingWhiteSpace()), bytes > 0
            else { continue }
            if bytes < narrowest?.bytes ?? .max { narrowest = (directory, bytes) }
        }
        guard let (directory, bytes) = narrowest else { return nil }
        return MemoryGauge(bytesMax: usable(of: bytes)) {
            SmallFile.read(directory + "/memory.stat").flatMap { used(in: $0) }
        }
    }

    /// The path in the line of the one hierarchy of version 2, `0::/path`.
    static func path(in text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    /// What is left of a limit for streams when an eighth of it, at least 16 MiB, is kept for what
    /// those that are there need when they are written to.
    static func usable(of bytes: Int) -> Int { max(bytes - max(bytes / 8, 16 << 20), 0) }

    /// What a group uses and cannot give back at once, by its `memory.stat`.
    static func used(in text: String) -> Int? {
        var figures: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let number = Int(words[1]) { figures[words[0]] = number }
        }
        guard let anonymous = figures["anon"] else { return nil }
        // Kernels before 5.18 tell only the parts of `kernel`.
        let parts = ["kernel_stack", "pagetables", "percpu", "slab"]
        let kernel = figures["kernel"] ?? parts.reduce(0) { $0 + (figures[$1[...]] ?? 0) }
        return anonymous + (figures["shmem"] ?? 0) + (figures["sock"] ?? 0) + kernel
    }
}

/// Files of the kernel's that hold a few lines.
private enum SmallFile {
    /// The text of a file; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Limits.kernelFileBytesMax)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
