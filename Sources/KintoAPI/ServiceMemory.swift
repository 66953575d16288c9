// SPDX-License-Identifier: MIT

/// What a service remembers from one request to another, and hands on when its settings change.
struct ServiceMemory: Sendable {
    /// The tokens that delete pages.
    let tokens: DeletionTokens
    /// The tickets for streams.
    let tickets: StreamTickets
    /// Keeps histories from growing for ever.
    let historyTrimmer: HistoryTrimmer

    /// Makes a memory without anything in it.
    init() {
        self.init(
            tokens: DeletionTokens(), tickets: StreamTickets(), historyTrimmer: HistoryTrimmer())
    }

    private init(tokens: DeletionTokens, tickets: StreamTickets, historyTrimmer: HistoryTrimmer) {
        self.tokens = tokens
        self.tickets = tickets
        self.historyTrimmer = historyTrimmer
    }

    /// The memory of a successor, which shares it.
    ///
    /// - Parameter keepsCounts: Whether the limits of histories are the same. If not, what is
    ///   remembered of their lengths is worth nothing, and they are counted anew.
    func handedOn(keepsCounts: Bool) -> ServiceMemory {
        ServiceMemory(
            tokens: tokens, tickets: tickets,
            historyTrimmer: keepsCounts ? historyTrimmer : HistoryTrimmer())
    }
}
