// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// How often what was refused since the start, by all loops.
final class RefusalCounts: Sendable {
    private struct State {
        var counts = RefusalReason.allCases.map { _ in 0 }
        var lastAddress = AddressKey.none
    }

    private let state = Mutex(State())

    /// Makes counts of nothing refused.
    init() {}

    /// Takes note of refusals.
    ///
    /// - Parameter key: Whose they were, if that matters.
    func note(_ reason: RefusalReason, count: Int = 1, of key: AddressKey? = nil) {
        state.withLock { state in
            state.counts[reason.rawValue] += count
            if let key { state.lastAddress = key }
        }
    }

    /// The counts, by `RefusalReason.rawValue`.
    var all: [Int] { state.withLock { $0.counts } }

    /// The address that was refused something last.
    var lastAddress: AddressKey { state.withLock { $0.lastAddress } }
}

/// What the operator is told of refusals: when they begin and when they have ended, not each one.
struct RefusalLog {
    /// One thing to tell.
    enum Notice: Equatable {
        /// Something is refused for this reason, after a time in which nothing was.
        case began(RefusalReason)
        /// Nothing was for `Limits.refusalQuietSeconds`; so many were before.
        case ended(RefusalReason, count: Int)
    }

    /// What goes on for one reason.
    private struct Episode {
        var countBefore: Int
        var quietSeconds = 0
    }

    private var counts = RefusalReason.allCases.map { _ in 0 }
    private var episodes: [Episode?] = RefusalReason.allCases.map { _ in nil }

    /// Takes the counts of one more second, and says what is to be told. An end is not told of the
    /// server's own: its log says that.
    mutating func update(_ newCounts: [Int]) -> [Notice] {
        var notices: [Notice] = []
        for reason in RefusalReason.allCases where reason != .draining {
            let place = reason.rawValue
            let isRefusing = newCounts[place] > counts[place]
            guard var episode = episodes[place] else {
                guard isRefusing else { continue }
                episodes[place] = Episode(countBefore: counts[place])
                notices.append(.began(reason))
                continue
            }
            episode.quietSeconds = isRefusing ? 0 : episode.quietSeconds + 1
            if episode.quietSeconds < Limits.refusalQuietSeconds {
                episodes[place] = episode
            } else {
                episodes[place] = nil
                notices.append(.ended(reason, count: newCounts[place] - episode.countBefore))
            }
        }
        counts = newCounts
        return notices
    }
}
