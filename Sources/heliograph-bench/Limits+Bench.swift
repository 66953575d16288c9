// SPDX-License-Identifier: MIT

import Core

/// The limits of the load generator.
extension Limits {
    /// Subscribers of one run.
    static let benchSubscribersMax = 1_000_000
    /// Events of one run, warm-up apart.
    static let benchEventsMax = 100_000
    /// The time between two events.
    static let benchIntervalMillisecondsMax = 600_000
    /// Client processes of one run.
    static let benchClientsMax = 64
    /// Descriptors that a client process needs beside its subscribers.
    static let benchSpareDescriptors = 64
    /// Subscribers that one source address has ports for; half of Linux's default range, so that
    /// connections of an earlier run in TIME_WAIT do no harm.
    static let benchSubscribersPerSourceAddressMax = 12_000
    /// Subscribers of one client process that are not yet caught up while others connect.
    static let benchOpeningMax = 512
    /// From the start of a server to its word that it is ready.
    static let benchServerStartSecondsMax = 60
    /// From SIGTERM to the end of a server.
    static let benchServerStopSecondsMax = 20
    /// Without progress while subscribers connect.
    static let benchOpeningStallSecondsMax = 30
    /// From the last event to its arrival at the last subscriber.
    static let benchArrivalSecondsMax = 60
    /// An answer of the server to the publisher.
    static let benchAnswerSecondsMax = 60
    /// An answer's head, and a stream's.
    static let benchResponseHeadBytesMax = 16 * 1024
    /// A line of an event stream or a WebSocket message.
    static let benchMessageBytesMax = 4 * 1024 * 1024
    /// Between the last subscriber's `ready` and the look at the server's memory.
    static let benchSettleMilliseconds = 1_000
    /// Between two looks for the server's word that it is ready.
    static let benchPollMilliseconds = 2
}
