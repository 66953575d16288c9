// SPDX-License-Identifier: MIT

/// Every size, count and wait that Heliograph allows, each with its unit last.
///
/// What an operator may change is a setting whose default stands here; the rest is fixed.
package enum Limits {
    // MARK: JSON

    /// How deep arrays and objects may nest in a body.
    package static let jsonDepthMax = 128
    /// Operations in one JSON patch. Each may move all elements of an array.
    package static let patchOperationsMax = 1_000
    /// What the `copy` operations of one JSON patch copy together.
    package static let patchCopiedBytesMax = 16 * 1024 * 1024

    // MARK: Ids and cursors

    /// A bucket, group, collection or record id.
    package static let resourceIDBytesMax = 512
    /// A cursor: two 18-digit numbers, their signs and quotes, 24 digits of epoch, two dots.
    package static let cursorBytesMax = 72

    // MARK: HTTP requests

    /// Empty lines before a request line (RFC 9112, 2.2).
    package static let leadingEmptyLinesMax = 4
    /// A request line longer than this is an attack or a mistake: 414.
    package static let requestLineBytesMax = 16 * 1024
    /// Request line and all header fields together: 431.
    package static let requestHeadBytesMax = 64 * 1024
    /// Header fields in one request: 431.
    package static let requestFieldsMax = 128
    /// A request body: 413. The largest bodies are batches of records.
    package static let requestBodyBytesMax = 16 * 1024 * 1024
    /// A chunk-size line with its extensions.
    package static let chunkLineBytesMax = 256
    /// The extensions of all chunks of one body together.
    package static let chunkExtensionsBytesMax = 16 * 1024
    /// The trailer fields after a chunked body.
    package static let trailerBytesMax = 8 * 1024
    /// A body up to this size is parsed by the loop itself, a larger one on another thread.
    package static let bodyParsedOnLoopBytesMax = 64 * 1024
    /// From the first byte of a request to the end of its head, however it drips.
    package static let requestHeadSecondsMax = 15
    /// From the end of a head to the end of the body.
    package static let requestBodySecondsMax = 120
    /// A keep-alive connection without a request.
    package static let keepAliveSecondsMax = 75
    /// An answer whose client stopped reading.
    package static let stalledAnswerSecondsMax = 60
    /// After the last answer: for the client to read it and close.
    package static let lingerMillisecondsMax = 1_000

    /// A body up to this size is copied behind its head, larger ones are shared.
    package static let inlineBodyBytesMax = 8 * 1024

    /// Answers to polls that one loop remembers until something changes.
    package static let repeatedAnswersMax = 256
    /// The head of a request whose answer is remembered.
    package static let repeatedRequestBytesMax = 2 * 1024
    /// All requests and answers that one loop remembers.
    package static let repeatedAnswersBytesMax = 8 * 1024 * 1024

    // MARK: Event loops

    /// Connections accepted from one listener in one turn.
    package static let acceptsPerTurnMax = 32
    /// Alarms of one loop that belong to no connection.
    package static let alarmsPerLoop = 2
    /// How long what other threads post to a loop waits for the events of a turn, in nanoseconds.
    package static let mailWaitNanosecondsMax: Int64 = 1_000_000
    /// Events taken from epoll in one turn.
    package static let eventsPerTurnMax = 512
    /// Bytes read from one connection in one turn.
    package static let readBytesPerTurnMax = 256 * 1024
    /// Connections closed in one turn when many end at once.
    package static let closesPerTurnMax = 512
    /// Messages waiting in one loop's mailbox, before posting reports that it is full.
    package static let mailboxMessagesMax = 65_536
    /// Deadlines told to the handler in one turn when many fall together.
    package static let deadlinesPerTurnMax = 1_024
    /// Bytes of one loop's read buffer, which all its connections share.
    package static let readBufferBytes = 64 * 1024
    /// Bytes of one connection's input that a loop keeps until the handler consumes them.
    package static let keptInputBytesMax = requestBodyBytesMax + requestHeadBytesMax
    /// Frames of one connection's pending output passed to the kernel at once.
    package static let framesPerSendMax = 64
    /// How long a loop that has no descriptor left does not look at its listeners.
    package static let acceptPauseMilliseconds = 100
    /// Connections of one loop unless configured otherwise.
    package static let connectionsPerLoopDefault = 1 << 20
    /// Addresses that one host name to listen on may stand for.
    package static let addressesPerListenerMax = 16
    /// The stack of a loop's thread.
    package static let loopStackBytes = 4 * 1024 * 1024
    /// Connections waiting in the kernel to be accepted.
    package static let listenBacklogMax = 4_096
    /// Bytes a stream's socket may hold in the kernel (`SO_SNDBUF`).
    package static let streamSendBufferBytesMax = 64 * 1024

    /// Connections above the limit that are accepted to be told so.
    package static let refusedConnectionsMax = 64
    /// How long such a connection may take to send its request.
    package static let refusedSecondsMax = 5
    /// When those that are refused are told to return, each at a time of its own.
    package static let refusedRetryMilliseconds = 5_000...30_000
    /// How long nothing is refused before that is told.
    package static let refusalQuietSeconds = 10
    /// Addresses of which it is counted what they have, where that is limited.
    package static let countedAddressesMax = 1 << 20
    /// Connections or streams that an operator may allow one address.
    package static let perAddressMax = 1 << 24
    /// The lag of a loop above which it takes no new streams.
    package static let loopLagMillisecondsDefault = 1_000
    /// The longest lag an operator may allow.
    package static let loopLagMillisecondsMax = 60_000
    /// The largest limit of memory an operator may set: a tebibyte.
    package static let memoryMegabytesMax = 1 << 20
    /// What is read of a file in which the kernel tells figures.
    package static let kernelFileBytesMax = 16 * 1024
    /// How often at most failures of the storage are logged.
    package static let failureLogMillisecondsMin: Int64 = 1_000
    /// Descriptors that are not for connections: the database, epoll, listeners, logs.
    package static let reservedDescriptors = 128
    /// How often, in a drain, those streams are looked at that end one after another.
    package static let drainTickMilliseconds = 50
    /// How often the end of a drain is looked for.
    package static let drainPollMicroseconds: UInt32 = 5_000

    // MARK: Proxies in front

    /// Addresses and networks of trusted proxies.
    package static let trustedProxiesMax = 1_024
    /// The header that a proxy puts before a connection's bytes.
    package static let proxyHeaderBytesMax = 4 * 1024
    /// From the beginning of a proxy's connection to the end of that header, however it drips.
    package static let proxyHeaderSecondsMax = 5
    /// Nodes of `Forwarded` or `X-Forwarded-For` that are looked at, the nearest first.
    package static let forwardedHopsMax = 32

    // MARK: WebSocket

    /// A message from a client, all fragments together: 1009.
    package static let webSocketMessageBytesMax = 64 * 1024
    /// How many times as long as that a message's compressed payload may be: 1009.
    package static let webSocketDeflationFactorMax = 2
    /// A control frame's payload (RFC 6455, 5.5).
    package static let controlFrameBytesMax = 125

    // MARK: Streams

    /// Resources named by one subscription.
    package static let subscriptionResourcesMax = 256
    /// One frame of what a lagging subscriber is owed; a longer list is sent in several.
    package static let catchUpFrameBytesMax = 64 * 1024
    /// What one loop remembers of frames for lagging subscribers.
    package static let catchUpCacheBytesMax = 8 * 1024 * 1024
    /// Distinct filters and collections that one loop has streams of at once.
    package static let channelsPerLoopMax = 65_536
    /// Records that one event carries (`_include=changes`); of more it only tells the timestamp.
    package static let includedChangesMax = 100
    /// Bytes of the records that one event carries.
    package static let includedChangesBytesMax = 64 * 1024
    /// The least pause between two checks of the permissions that streams live by.
    package static let accessPauseMillisecondsMin = 50
    /// The longest such pause: it is the longer, the longer the last check took.
    package static let accessPauseMillisecondsMax = 500
    /// The longest window over which one change may be told.
    package static let paceSecondsMax = 3_600
    /// Parts of that window, and of the streams that are told one after another.
    package static let paceSlices = 64
    /// Live subscribers of one filter and encoding that are told together.
    package static let sectionMembersMax = 256
    /// Live subscribers that one turn of a loop tells before other events have their turn.
    package static let toldPerTurnMax = 256
    /// The longest age of a stream an operator may ask for: a week.
    package static let streamAgeSecondsMax = 604_800
    /// How long nothing may be heard of a stalled peer's kernel, which is probed every two minutes.
    package static let stalledSilenceMillisecondsMax = 300_000
    /// The shortest and longest `retry:` told to event sources, in milliseconds.
    package static let retryMilliseconds = 1_000...5_000
    /// The default time between two heartbeats of one stream.
    package static let heartbeatSecondsDefault = 30
    /// One line and one event that a client of an event stream reads.
    package static let eventBytesMax = 16 * 1024 * 1024
    /// How long a drain may take before what is left is cut.
    package static let drainSecondsMax = 10

    // MARK: Broadcasts

    /// Broadcasts that there can be, the server's own included.
    package static let broadcastsMax = 100
    /// The name of a broadcaster.
    package static let broadcasterBytesMax = 64
    /// The name of a broadcaster's channel.
    package static let broadcastChannelBytesMax = 128
    /// The version of a broadcast.
    package static let broadcastVersionBytesMax = 200
    /// How long an announcement waits that the storage could not take.
    package static let broadcastRetryMilliseconds: Int64 = 1_000
    /// From a push connection's opening to its `hello`.
    package static let pushHelloMillisecondsMax = 10_000
    /// A subscription's id, which a push client chooses: Unicode scalars.
    package static let pushChannelScalarsMax = 128

    /// How long `heliograph watch` waits at most before it returns.
    package static let watchRetryMillisecondsMax = 60_000

    // MARK: Clients of the command line

    /// One answer of a server, decoded: a page of a list, or of a batch.
    package static let answerBytesMax = 256 * 1024 * 1024
    /// How long a server may be silent before its answer.
    package static let answerSilenceSecondsMax = 120
    /// How often one request is sent before that is a failure.
    package static let requestTriesMax = 8
    /// The longest pause that a server may ask for.
    package static let requestPauseSecondsMax = 600
    /// Objects of one page, and of one transaction, of an import.
    package static let importPageObjects = 500
    /// Requests in one batch that an import sends, however many the source takes.
    package static let importBatchRequestsMax = 500
    /// How often an import looks for what changed while it ran, before it leaves that to the next.
    package static let importRoundsMax = 5
    /// How often the progress of an import is told: to a terminal, and to a file.
    package static let progressMilliseconds = (terminal: 200, file: 5_000)

    // MARK: Storage

    /// Writes committed together.
    package static let groupCommitWritesMax = 1_024
    /// What the writer remembers of buckets, collections, permissions and groups.
    package static let writerMemoryBytesMax = 4 * 1024 * 1024
    /// Lists whose timestamps the writer remembers from one commit to the next.
    package static let writerMemoryListsMax = 1_024
    /// Objects whose permissions are asked for one by one; those of more are asked for together.
    package static let permissionsAskedSinglyMax = 4
    /// How long SQLite waits for another process's lock.
    package static let databaseBusyMillisecondsMax = 5_000
    /// Threads that read.
    package static let storageReadersDefault = 2
    /// Jobs that may wait for the writer or the readers: beyond it 503.
    package static let storageQueueJobsMax = 16_384
    /// Elements in one chunk of the memory storage's sorted maps; a fuller chunk is cut in two.
    package static let sortedMapChunkElementsMax = 128
    /// Pages of the database that the writer keeps in memory: enough for the upper parts of the
    /// indexes of some million records.
    package static let databaseWriterCacheBytesMax = 16 * 1024 * 1024
    /// The write-ahead log's file is cut to this after a checkpoint, however large it became.
    package static let databaseLogBytesMax = 64 * 1024 * 1024

    // MARK: Kinto API

    /// Requests in one batch (`kinto.batch_max_requests`).
    package static let batchRequestsDefault = 25
    /// Objects read for one answer (`kinto.storage_max_fetch_size`).
    package static let fetchObjectsDefault = 10_000
    /// Conditions in one query string.
    package static let queryParametersMax = 256
    /// Tickets for streams that are kept until they are used or expire: beyond it 503.
    package static let streamTicketsMax = 10_000
    /// Of them, those of one user: one more makes that user's oldest void.
    package static let streamTicketsPerUserMax = 100
    /// When there are too many, how long after expired ones were looked for it is done again.
    package static let streamTicketSweepMillisecondsMin = 1_000
    /// Viewers of the monitor feed of whom the server remembers what they may read, each counted
    /// with the buckets and collections that are named then.
    package static let rememberedVisibilitiesMax = 500_000
    /// How long a ticket for a stream can be used.
    package static let streamTicketSecondsMax = 30
    /// Tokens kept that each delete the next page of a list.
    package static let deletionTokensMax = 10_000
    /// Entries kept in the history of one bucket (`heliograph.history.entries_per_bucket_max`).
    package static let historyEntriesDefault = 100_000
    /// Entries of a history that are looked at or removed at once.
    package static let historyTrimEntriesMax = 1_000
    /// Histories of which the server remembers how many entries they may still grow by.
    package static let historyAllowancesMax = 10_000

    /// Bodies of polls' answers that are remembered until what they tell has changed.
    package static let pollMemoryBytesMax = 128 * 1024 * 1024
    /// Users of whom it is remembered which collection they may read, one for each pair.
    package static let rememberedReadersMax = 10_000
    /// A poll's answer shorter than this is never compressed: it fits into a packet as it is.
    package static let compressedBodyBytesMin = 1_400
    /// A body up to this size is compressed by the loop itself, a larger one on another thread.
    package static let compressedAtOnceBytesMax = 4 * 1024
    /// Threads that compress bodies.
    package static let compressingThreadsMax = 2
    /// Bodies that wait to be compressed: beyond it they are sent as they are.
    package static let compressingJobsMax = 256

    // MARK: Accounts

    /// What bcrypt sees of a password.
    package static let passwordBytesMax = 72
    /// The cost of the hashes that are made, Kinto's.
    package static let passwordHashCost = 12
    /// The cost of the dearest hash that a login is compared with: four seconds of a processor.
    package static let passwordHashCostMax = 16
    /// Threads that hash passwords.
    package static let passwordThreadsMax = 2
    /// Hashes that wait to be made: beyond it 503.
    package static let passwordJobsMax = 64
    /// Verified and refused logins that are remembered.
    package static let rememberedLoginsMax = 10_000
    /// How long a refused login counts.
    package static let failedLoginSecondsMax = 60
    /// Different wrong passwords of one account within that time: beyond it no other is looked at.
    package static let failedLoginsMax = 10
    /// How often a login is verified anew because its account changed meanwhile.
    package static let loginAttemptsMax = 3

    // MARK: Configuration

    /// A configuration file longer than this is a mistake.
    package static let configurationFileBytesMax = 1024 * 1024
    /// One setting's value after `%(name)s` in it was replaced.
    package static let settingValueBytesMax = 64 * 1024
    /// How deep `%(name)s` may lead to each other (Python's `configparser` has the same limit).
    package static let interpolationDepthMax = 10
    /// Typing mistakes up to which "did you mean" dares a guess.
    package static let suggestionMistakesMax = 3
    /// The width of the comments in a written configuration file.
    package static let templateColumnsMax = 80
    /// What is shown of the value of a setting that changed while the server runs.
    package static let shownSettingCharactersMax = 60
    /// How long changed settings wait for a loop that is busy, before it is told that they count.
    package static let reloadSecondsMax = 10
    /// Addresses one server listens on.
    package static let listenersMax = 16
    /// A host name (RFC 1035, 2.3.4).
    package static let hostNameBytesMax = 255
    /// The path of a Unix-domain socket: `sun_path` without its final NUL.
    package static let unixSocketPathBytesMax = 107
    /// Event loops an operator may ask for.
    package static let loopsMax = 1_024
    /// Connections an operator may allow.
    package static let connectionsMax = 1 << 24
    /// The longest time between two heartbeats an operator may ask for.
    package static let heartbeatSecondsMax = 3_600
    /// The longest `retry:` an operator may ask for.
    package static let retryMillisecondsMax = 3_600_000
    /// The longest drain an operator may ask for.
    package static let drainSecondsSettingMax = 3_600

    // MARK: Logging

    /// One line of the log with its end: what a pipe takes in one piece (`PIPE_BUF`).
    package static let logLineBytesMax = 4_096
    /// One value or message in a line of the log, before it is escaped; the rest is cut.
    package static let logValueBytesMax = 512
}
