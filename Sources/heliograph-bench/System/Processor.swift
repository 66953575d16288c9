// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The processors that a process and its children run on.
enum Processor {
    /// How many are online.
    static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Binds this process, and what it starts from now on, to one processor.
    ///
    /// - Throws: `BenchFailure` if there is no such processor.
    static func pin(to number: Int) throws {
        let code = hg_pin_to_processor(Int32(clamping: number))
        guard code == 0 else { throw BenchFailure.systemCall("processor \(number)", code: code) }
    }

    /// Lets this process run on every processor again.
    static func unpin() { _ = hg_pin_to_processor(-1) }
}
