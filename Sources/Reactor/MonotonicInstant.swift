// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// A point of the monotonic clock.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an unspecified point in the past.
    package let nanoseconds: Int64

    /// Makes an instant of the clock's nanoseconds.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock.
    package static func read() -> MonotonicInstant {
        MonotonicInstant(nanoseconds: hg_clock_nanoseconds(CLOCK_MONOTONIC))
    }

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
