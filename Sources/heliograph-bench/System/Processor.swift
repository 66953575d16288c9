// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The processors that a process and its children run on.
enum Processor {
    /// How many are online.
    static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Binds the calling thread, and what it starts from now on, to one processor.
    ///
    /// - Throws: `BenchFailure` if there is no such processor.
    static func pin(to number: Int) throws {
        let code = hg_pin_to_processor(Int32(clamping: number))
        guard code == 0 else { throw BenchFailure.systemCall("processor \(number)", code: code) }
    }

    /// Runs `body` on another processor, to which what it starts stays bound; as it is if nil.
    ///
    /// - Throws: `BenchFailure` if there is no such processor, and what `body` throws.
    static func pinned<Value>(to number: Int?, _ body: () throws -> Value) throws -> Value {
        guard let number else { return try body() }
        var before = hg_processors()
        let code = hg_get_processors(&before)
        guard code == 0 else { throw BenchFailure.systemCall("sched_getaffinity", code: code) }
        try pin(to: number)
        // Back to where it was: its client processes must not come to the server's processor.
        defer { _ = hg_set_processors(&before) }
        return try body()
    }
}
