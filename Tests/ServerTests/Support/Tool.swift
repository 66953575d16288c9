// SPDX-License-Identifier: MIT

import Foundation
import Glibc

/// Commands that tests run beside the program.
enum Tool {
    /// What a command did.
    struct Result {
        let status: Int32
        let output: String
    }

    /// The directory of the package.
    static let package: String = {
        let file = URL(fileURLWithPath: #filePath)
        return (0..<4).reduce(file) { url, _ in url.deletingLastPathComponent() }.path
    }()

    /// The directory of the tests' scripts.
    static let scripts = package + "/Tests/ServerTests/Scripts"

    /// Real collections to load, when they lie beside the package.
    static let collections: String? = {
        let path = package + "/../shared/data/remote-settings"
        return FileManager.default.fileExists(atPath: path + "/main") ? path : nil
    }()

    /// A Python that has kinto-http: that of `HELIOGRAPH_TEST_PYTHON`, or the system's.
    static let kintoPython: String? = python(importing: "kinto_http")

    /// A Python that has Kinto itself.
    static let serverPython: String? = python(importing: "kinto, requests")

    private static func python(importing modules: String) -> String? {
        let named = ProcessInfo.processInfo.environment["HELIOGRAPH_TEST_PYTHON"]
        for python in [named, "python3"].compactMap({ $0 }) {
            if let result = try? run([python, "-c", "import " + modules]), result.status == 0 {
                return python
            }
        }
        return nil
    }

    /// Whether that Python has kinto-wizard.
    static let hasWizard: Bool = {
        guard let kintoPython else { return false }
        return (try? run([kintoPython, "-c", "import kinto_wizard"]))?.status == 0
    }()

    /// The browser, if there is one.
    static let browser: String? = {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// Firefox, if there is one whose push service can be led to a local server.
    static let firefox: String? = {
        ["/usr/bin/firefox-esr", "/usr/lib/firefox-esr/firefox-esr"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// A release build of the program, named by `HELIOGRAPH_TEST_RELEASE`, if Valgrind is there to
    /// count what it does.
    static let countedProgram: String? = {
        let path = ProcessInfo.processInfo.environment["HELIOGRAPH_TEST_RELEASE"]
        guard let path, FileManager.default.isExecutableFile(atPath: path),
            (try? run(["valgrind", "--version"]))?.status == 0
        else { return nil }
        return path
    }()

    /// The example in Swift, if it was built.
    static let swiftClient: String? = {
        let path = package + "/examples/swift-client/.build/debug/changes"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    /// Runs a command to its end; it is killed after `seconds`.
    static func run(_ command: [String], seconds: Int = 60, input: String? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let path = NSTemporaryDirectory() + "tool-\(UUID().uuidString)"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = FileHandle(forWritingAtPath: path)
        process.standardOutput = file
        process.standardError = file
        try process.run()
        var waits = seconds * 100
        while process.isRunning, waits > 0 {
            usleep(10_000)
            waits -= 1
        }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let output = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return Result(status: process.terminationStatus, output: output)
    }
}
