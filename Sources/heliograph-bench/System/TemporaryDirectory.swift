// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// A directory of this run's own, gone with this object.
final class TemporaryDirectory {
    /// Where it is.
    let path: String

    /// Makes a directory under `$TMPDIR` or `/tmp`.
    ///
    /// - Throws: `BenchFailure` if that is not possible.
    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        guard let template = strdup(parent + "/heliograph-bench.XXXXXX") else {
            throw BenchFailure.systemCall("strdup")
        }
        defer { free(template) }
        guard mkdtemp(template) != nil else {
            throw BenchFailure.systemCall("cannot make a directory in \(parent)")
        }
        path = String(cString: template)
        Cleanup.shared.add(directory: path)
    }

    /// Makes a directory, passes its path to `body`, and removes it.
    ///
    /// - Throws: `BenchFailure` if that is not possible, and what `body` throws.
    static func use<Result>(_ body: (String) throws -> Result) throws -> Result {
        let directory = try TemporaryDirectory()
        return try withExtendedLifetime(directory) { try body(directory.path) }
    }

    deinit {
        Self.remove(path)
        Cleanup.shared.remove(directory: path)
    }

    /// Removes a directory and its files; directories within it stay.
    static func remove(_ path: String) {
        for name in FileDescriptor.names(inDirectory: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
