// SPDX-License-Identifier: MIT

import Testing

@testable import heliograph_bench

@Suite("The processor of what is started")
struct ProcessorTests {
    /// On which processors a program runs that is started now, as the kernel lists them.
    private func processorsOfChild() -> String? {
        let text = ChildProcess.output(of: "/bin/grep", ["Cpus_allowed_list", "/proc/self/status"])
        return text?.split(separator: "\t").last?.split(separator: "\n").first.map { String($0) }
    }

    @Test("is the one it was bound to, and that of others the one from before")
    func pinned() throws {
        let before = try #require(processorsOfChild())
        // Such as 0-3,8: the last that the tests may run on.
        let last = try #require(before.split { !$0.isNumber }.last.map { String($0) })
        let bound = try Processor.pinned(to: Int(last)) { processorsOfChild() }
        #expect(bound == last)
        #expect(processorsOfChild() == before)
        #expect(throws: BenchFailure.self) { try Processor.pinned(to: 100_000) { () } }
    }
}
