// SPDX-License-Identifier: MIT

import Core

/// How the streams of a loop behave.
package struct StreamConfiguration: Sendable {
    /// The time between two heartbeats of one stream.
    package var heartbeatMilliseconds: Int
    /// The range that each event source's `retry:` is drawn from.
    package var retryMilliseconds: ClosedRange<Int>
    /// The greatest age of a stream, nil for any. Each draws its own between 80 and 100 % of it.
    package var ageMillisecondsMax: Int?
    /// Whether streams are compressed whose clients ask for it.
    package var allowsCompression: Bool
    /// Over how long one change is told to paced streams; 0 for at once.
    package var paceMilliseconds: Int
    /// Parts of that time, and of the paced streams, that are told one after another.
    package var paceSlices = Limits.paceSlices
    /// Live subscribers of one filter and encoding that are told together.
    package var sectionMembersMax = Limits.sectionMembersMax
    /// Live subscribers that are told before other events have their turn.
    package var toldPerTurnMax = Limits.toldPerTurnMax

    /// Makes a configuration, by default that of `Limits`.
    package init(
        heartbeatMilliseconds: Int = Limits.heartbeatSecondsDefault * 1_000,
        retryMilliseconds: ClosedRange<Int> = Limits.retryMilliseconds,
        ageMillisecondsMax: Int? = nil, paceMilliseconds: Int = 0,
        allowsCompression: Bool = true
    ) {
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.retryMilliseconds = retryMilliseconds
        self.ageMillisecondsMax = ageMillisecondsMax
        self.paceMilliseconds = paceMilliseconds
        self.allowsCompression = allowsCompression
    }

    /// How long a peer may leave what it is sent unacknowledged: with the heartbeat that is sent
    /// meanwhile, a peer that vanished is found within two intervals.
    package var peerTimeoutMilliseconds: Int { heartbeatMilliseconds }
}
