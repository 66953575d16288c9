// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The command `launch`: becomes a server that cannot outlive this program, even if this is killed.
struct Launch {
    private let parent: Int
    private let commandLine: [String]

    /// The arguments with which this program becomes the one that `commandLine` names.
    static func arguments(for commandLine: [String]) -> [String] {
        ["launch", String(getpid())] + commandLine
    }

    /// Reads what `arguments(for:)` wrote, the command's name apart.
    ///
    /// - Throws: `UsageError`.
    init(parsing arguments: [String]) throws {
        guard arguments.count >= 2, let parent = Int(arguments[0]) else {
            throw UsageError("launch needs a parent and a command line")
        }
        self.parent = parent
        commandLine = Array(arguments.dropFirst())
    }

    /// Becomes the server; returns only by throwing.
    ///
    /// - Throws: `BenchFailure` if there is no such program.
    func run() throws {
        guard hg_die_with_parent() == 0 else { throw BenchFailure.systemCall("prctl") }
        // The parent may have ended before that.
        guard Int(getppid()) == parent else { throw BenchFailure("the parent is gone") }
        signal(SIGPIPE, SIG_DFL)
        var strings: [UnsafeMutablePointer<CChar>?] = commandLine.map { strdup($0) }
        strings.append(nil)
        execv(commandLine[0], strings)
        throw BenchFailure.systemCall("cannot start \(commandLine[0])")
    }
}
