// SPDX-License-Identifier: MIT

import Foundation
import Testing

@Suite("The cost of a stream")
struct CostTests {
    @Test(
        "is few instructions, no allocation and no reference count per delivery, and little memory",
        .enabled(if: Tool.countedProgram != nil, "no HELIOGRAPH_TEST_RELEASE, or no valgrind"))
    func stream() throws {
        let program = try #require(Tool.countedProgram)
        let result = try Tool.run(
            ["python3", Tool.scripts + "/cost_scenario.py", program], seconds: 600)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("ok WebSocket"), "\(result.output)")
        print(result.output)
    }
}
