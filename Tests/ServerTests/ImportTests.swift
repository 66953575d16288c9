// SPDX-License-Identifier: MIT

import Testing

@Suite("A copy of a Kinto")
struct ImportTests {
    @Test(
        "answers as its source, after kill -9 in the middle and after later changes",
        .enabled(
            if: Tool.serverPython != nil,
            "no Python with kinto (see .ci/run; HELIOGRAPH_TEST_PYTHON)"))
    func realKinto() throws {
        let python = try #require(Tool.serverPython)
        let directory = try HeliographProcess.Directory()
        let result = try Tool.run(
            [
                python, Tool.scripts + "/import_scenario.py", HeliographProcess.program.path,
                directory.path,
            ], seconds: 600)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("\nok with"), "\(result.output)")
    }
}
