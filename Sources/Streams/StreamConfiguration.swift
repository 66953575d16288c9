// SPDX-License-Identifier: MIT

import Core

/// How the streams of a loop behave.
package struct StreamConfiguration: Sendable {
    /// The time between two heartbeats of one stream.
    package var heartbeatMilliseconds: Int
    /// The range that each event source's `retry:` is drawn from.
    package var retryMilliseconds: ClosedRange<Int>

    /// Makes a configuration, by default that of `Limits`.
    package init(
        heartbeatMilliseconds: Int = Limits.heartbeatSecondsDefault * 1_000,
        retryMilliseconds: ClosedRange<Int> = Limits.retryMilliseconds
    ) {
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.retryMilliseconds = retryMilliseconds
    }
}
