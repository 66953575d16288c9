// SPDX-License-Identifier: MIT

import Core

/// The limits of the load generator.
extension Limits {
    /// Subscribers of one run.
    static let benchSubscribersMax = 1_000_000
    /// Events of one run, warm-up apart.
    static let benchEventsMax = 100_000
    /// How far apart the numbers of the requests of two client processes begin.
    static let benchNumbersPerProcess = 100_000_000
    /// Seconds that one part of a measurement may last.
    static let benchSecondsMax = 86_400
    /// Connections of one run that ask or write.
    static let benchConnectionsMax = 19_000
    /// Records of one collection that a run makes.
    static let benchRecordsMax = 1_000_000
    /// The text in a record that a run makes.
    static let benchRecordBytesMax = 100_000
    /// How often the disk is made to keep something.
    static let benchDiskSyncs = 100
    /// Between two looks at how many of a herd are back.
    static let benchHerdLookNanoseconds: Int64 = 1_000_000_000
    /// The share of what is due that may stay unsent, in percent.
    static let benchUnsentPercentMax = 10
    /// Clock ticks below which a share of the processor time tells nothing.
    static let benchTicksMin: Int64 = 20
    /// Between two progress messages.
    static let benchProgressNanoseconds: Int64 = 100_000_000
    /// Bare transactions that `write` measures in a round.
    static let benchTransactions = 300
    /// How often a server is started in one run.
    static let benchStartsMax = 1_000
    /// Objects in a batch that fills a database before its server is started again.
    static let benchFillRequestsPerBatch = 500
    /// Between the readiness of a server and the look at its memory.
    static let benchStartSettleMilliseconds = 300
    /// Between two looks at the log of a server that starts.
    static let benchStartPollNanoseconds: Int64 = 200_000
    /// Changes of one run.
    static let benchChangesMax = 10_000_000
    /// What may be due in one second.
    static let benchRateMax = 1_000_000
    /// Batches written before `stall` measures.
    static let benchStallWarmup = 20
    /// Changes written before a server is asked to end.
    static let benchChangesBeforeDrain = 5
    /// How long a drain may take to its very end.
    static let benchDrainSecondsMax = 7_200
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
    /// How often each contender of one run is measured.
    static let benchRoundsMax = 1_000
    /// Event loops of the floor.
    static let benchFloorLoopsMax = 64
    /// Collections that one run writes.
    static let benchCollectionsMax = 10_000
    /// Different filters of subscribers.
    static let benchFiltersMax = 100_000
    /// How long a subscriber stays away that was not told how long.
    static let benchReturnMilliseconds = 1_000
    /// How long a client process sleeps at most while nothing arrives.
    static let benchTurnMillisecondsMax = 1_000
    /// From a client process's last order to its end.
    static let benchClientStopSecondsMax = 20
    /// Connections that a client process begins before it looks at those it has.
    static let benchOpeningsPerTurnMax = 256
    /// From the start of a server to its word that it is ready.
    static let benchServerStartSecondsMax = 60
    /// Bytes of a refusing answer's body that are told.
    static let benchAnswerExcerptBytes = 300
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
