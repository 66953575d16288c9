// SPDX-License-Identifier: MIT

import Core
import Synchronization

/// The tokens that delete a page of a list: each works once and for a while.
///
/// They are kept in memory: after a restart a client starts its deletion anew.
final class DeletionTokens: Sendable {
    private struct State {
        var expiries: [String: Timestamp] = [:]
    }

    private let state = Mutex(State())

    /// Makes an empty set of tokens.
    init() {}

    /// Notes a new token and returns its nonce.
    ///
    /// - Complexity: O(1), but O(*n*) when there are too many and the oldest have to go.
    func issue(_ id: String, now: Timestamp, validitySeconds: Int) -> String {
        let nonce = "pagination-token-\(id)"
        let milliseconds = now.milliseconds + Int64(validitySeconds) * 1000
        state.withLock { state in
            if state.expiries.count >= Limits.deletionTokensMax {
                state.expiries = state.expiries.filter { $0.value > now }
                if state.expiries.count >= Limits.deletionTokensMax { state.expiries = [:] }
            }
            state.expiries[nonce] = Timestamp(milliseconds: milliseconds)
        }
        return nonce
    }

    /// Makes all tokens void.
    func removeAll() {
        state.withLock { $0.expiries = [:] }
    }

    /// Uses a token up; false if it was used before, has expired or never was. A request whose
    /// transaction may run twice redeems by way of a `TokenRedemption`.
    func redeem(_ nonce: String, now: Timestamp) -> Bool {
        state.withLock { state in
            guard let expiry = state.expiries.removeValue(forKey: nonce) else { return false }
            return expiry > now
        }
    }
}

/// The token that one request uses up: if its transaction runs a second time, since the first run
/// was undone with others (`Storage.write`), the token is still its own.
final class TokenRedemption: Sendable {
    private let isDone = Mutex(false)

    /// Makes the redemption of a request that has used no token up.
    init() {}

    /// Uses the token of the request up; false if another one did, it has expired or never was.
    func redeem(_ nonce: String, of tokens: DeletionTokens, now: Timestamp) -> Bool {
        isDone.withLock { isDone in
            if !isDone { isDone = tokens.redeem(nonce, now: now) }
            return isDone
        }
    }
}
