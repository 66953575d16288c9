// SPDX-License-Identifier: MIT

import Core

/// How loops are made.
package struct EventLoopConfiguration: Sendable {
    /// Where connections are accepted.
    package var listeners: [ListenAddress]
    /// Connections of one loop; those beyond are accepted and closed at once, and counted.
    package var connectionsMax: Int
    /// Bytes of one connection's input kept unconsumed; beyond it closes, `inputTooLong`.
    package var keptInputBytesMax: Int
    /// Jobs waiting in one loop's mailbox.
    package var mailboxMessagesMax: Int

    /// Makes a configuration; the limits have the values of `Core.Limits` unless given.
    package init(
        listeners: [ListenAddress] = [],
        connectionsMax: Int = Limits.connectionsPerLoopDefault,
        keptInputBytesMax: Int = Limits.keptInputBytesMax,
        mailboxMessagesMax: Int = Limits.mailboxMessagesMax
    ) {
        self.listeners = listeners
        self.connectionsMax = connectionsMax
        self.keptInputBytesMax = keptInputBytesMax
        self.mailboxMessagesMax = mailboxMessagesMax
    }
}

/// What one loop has done since it began.
package struct EventLoopStatistics: Hashable, Sendable {
    /// Connections that began, adopted ones included.
    package var accepted = 0
    /// Connections that ended.
    package var closed = 0
    /// Connections closed unseen because the loop had `connectionsMax`.
    package var refusedByLimit = 0
    /// Connections closed unseen because the process had no descriptor or memory left.
    package var refusedByDescriptors = 0
    /// How often accepting paused because there was not even a descriptor to close one with.
    package var acceptPauses = 0
    /// Bytes read from connections, discarded ones included.
    package var bytesReceived = 0
    /// Bytes that the kernel took.
    package var bytesSent = 0
    /// System calls that send.
    package var sendCalls = 0
    /// Sends that the kernel did not take entirely.
    package var wouldBlock = 0
    /// Turns of the loop.
    package var turns = 0
    /// The longest turn, waiting apart, since `resetMaxTurn`.
    package var maxTurnNanoseconds: Int64 = 0

    /// Makes statistics of nothing done.
    package init() {}
}
