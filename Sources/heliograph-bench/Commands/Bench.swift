// SPDX-License-Identifier: MIT

import Core
import Glibc

/// The program: reads the command line, runs the command, turns its result into an exit code.
enum Bench {
    /// Runs the command that `arguments` name, the program's own name first.
    ///
    /// - Returns: 0, 1 for a failure or 64 for a command line that means nothing (sysexits.h).
    static func run(_ arguments: [String]) -> Int32 {
        // A peer that goes away is told by the result of a write, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            switch try Command(parsing: Array(arguments.dropFirst())) {
            case .help(let text): print(text)
            case .version: print("heliograph-bench \(HeliographVersion.text)")
            case .measurement(let measurement): try measurement.perform()
            case .subscribers(let options): try SubscriberWorker(options: options).run()
            case .requests: try RequestWorker().run()
            case .floor(let options): try FloorServer(options: options).run()
            case .launch(let launch): try launch.run()
            }
            return 0
        } catch let error as UsageError {
            let topic = MeasurementKind(rawValue: arguments.dropFirst().first ?? "")
            let help = ["heliograph-bench help", topic?.rawValue].compactMap { $0 }
            Console.write(
                "heliograph-bench: \(error.message); try '\(help.joined(separator: " "))'\n")
            return 64
        } catch {
            Console.write("heliograph-bench: \(error)\n")
            return 1
        }
    }
}
