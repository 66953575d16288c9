// SPDX-License-Identifier: MIT

import CLinux

/// A file descriptor with one owner, closed when the owner lets it go.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, for system calls; not to be closed by others.
    package let raw: Int32

    /// Takes over an open descriptor.
    package init(adopting raw: Int32) {
        precondition(raw >= 0, "not an open descriptor")
        self.raw = raw
    }

    // Linux closes the descriptor even if it reports EINTR: never again, it may be another's then.
    deinit { _ = close(raw) }

    /// Gives up the ownership: whoever gets the number must close it.
    package consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }
}
