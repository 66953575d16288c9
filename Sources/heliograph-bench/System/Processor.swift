// SPDX-License-Identifier: MIT

import CLinux
import Glibc
import Synchronization

/// The processors that a process and its children run on.
enum Processor {
    /// How many are online.
    static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// The processor that this process is bound to by its options, if so.
    private static let own = Mutex<Int?>(nil)

    /// Binds this process, and what it starts from now on, to one processor.
    ///
    /// - Throws: `BenchFailure` if there is no such processor.
    static func pin(to number: Int) throws {
        try bind(to: number)
        own.withLock { $0 = number }
    }

    /// Runs `body` on another processor, to which what it starts stays bound; as it is if nil.
    ///
    /// - Throws: `BenchFailure` if there is no such processor, and what `body` throws.
    static func pinned<Value>(to number: Int?, _ body: () throws -> Value) throws -> Value {
        guard let number else { return try body() }
        try bind(to: number)
        // Back to where it was: its client processes must not come to the server's processor.
        defer { _ = hg_pin_to_processor(Int32(own.withLock { $0 } ?? -1)) }
        return try body()
    }

    private static func bind(to number: Int) throws {
        let code = hg_pin_to_processor(Int32(clamping: number))
        guard code == 0 else { throw BenchFailure.systemCall("processor \(number)", code: code) }
    }
}
