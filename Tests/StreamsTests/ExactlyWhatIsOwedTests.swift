// SPDX-License-Identifier: MIT

import Core
import Glibc
import Testing

@Suite("Any interleaving of writes, slow sockets, disconnects, restarts and resumes")
struct ExactlyWhatIsOwedTests {
    /// Worlds in one test case, and cases; `HELIOGRAPH_SIMULATED_WORLDS` asks for other numbers.
    private static let worldsPerCase: UInt64 = 100
    private static let cases: Range<UInt64> = {
        let asked = getenv("HELIOGRAPH_SIMULATED_WORLDS").flatMap { UInt64(String(cString: $0)) }
        return 0..<max(1, (asked ?? 3_000) / worldsPerCase)
    }()

    @Test(
        "ends with each subscriber holding the newest entry of each collection it may see",
        arguments: ExactlyWhatIsOwedTests.cases)
    func property(batch: UInt64) {
        var coverage = Coverage()
        for seed in batch * Self.worldsPerCase..<(batch + 1) * Self.worldsPerCase {
            let world = SimulatedWorld(seed: seed)
            let errors = world.run(steps: 150)
            #expect(errors.isEmpty, "seed \(seed)")
            coverage.add(world.coverage)
        }
        #expect(coverage.missing.isEmpty)
        if getenv("HELIOGRAPH_SIMULATED_WORLDS") != nil { print("worlds \(batch): \(coverage)") }
    }
}
