// SPDX-License-Identifier: MIT

import Glibc

/// Where and with which program a measurement ran: figures mean nothing without it.
struct Machine {
    /// The commit that this program was built from, or "unknown".
    let commit: String
    /// The kernel's name and release.
    let kernel: String
    /// The processor's name.
    let processor: String
    /// Processors that are online.
    let processors: Int

    /// Looks at the machine.
    init() {
        let directory = ServerOptions.directoryOfThisProgram
        let described = ChildProcess.output(
            of: "git", ["-C", directory, "describe", "--always", "--dirty", "--abbrev=12"])
        commit = described.map { String($0.prefix { $0 != "\n" }) } ?? "unknown"
        let system = Self.line(ofFile: "/proc/sys/kernel/ostype") ?? "unknown"
        let release = Self.line(ofFile: "/proc/sys/kernel/osrelease") ?? ""
        kernel = "\(system) \(release)"
        processor =
            FileDescriptor.contents(ofFile: "/proc/cpuinfo")
            .flatMap { Self.processorName(inCPUInfo: $0) } ?? "unknown"
        processors = Processor.count
    }

    /// The first `model name` in the text of `/proc/cpuinfo`, or nil if there is none.
    static func processorName(inCPUInfo text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last.map { String($0.dropFirst()) }
        }
        return nil
    }

    private static func line(ofFile path: String) -> String? {
        FileDescriptor.contents(ofFile: path).map { String($0.prefix { $0 != "\n" }) }
    }
}
