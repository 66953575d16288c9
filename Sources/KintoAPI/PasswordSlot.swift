// SPDX-License-Identifier: MIT
//
// A new password is hashed before the transaction that stores its hash, but after it is known that
// the request may store it at all: a refused request must not cost a hash. So the transaction is
// tried; where it needs the hash it throws `PasswordNeeded`, which undoes it; the hash is made on a
// worker's thread, and the transaction begins anew and finds it.

import Core
import Synchronization

/// Where a request finds the hash of the new password that it stores.
final class PasswordSlot: Sendable {
    private struct State {
        var password = ""
        var hash: String?
    }

    private let state = Mutex(State())

    /// Makes a slot without a hash.
    init() {}

    /// The hash of a password.
    ///
    /// - Throws: `PasswordNeeded` if it is not there yet; `APIError`, a 400, if it cannot be.
    func hash(of password: String) throws -> String {
        guard Bcrypt.canHash(Array(password.utf8)) else {
            throw APIError.invalid(.body, "data.password", ObjectSchema.unhashable)
        }
        let hash = state.withLock { state in
            if state.password == password { return state.hash }
            state = State(password: password)
            return nil
        }
        guard let hash else { throw PasswordNeeded(slot: self) }
        return hash
    }

    /// Makes the hash of the password that was asked for.
    ///
    /// - Complexity: O(2^`cost`).
    fileprivate func fill(cost: Int, salt: [UInt8]) {
        let password = state.withLock { $0.password }
        let hash = Bcrypt.hash(Array(password.utf8), cost: cost, salt: salt)
        state.withLock { if $0.password == password { $0.hash = hash } }
    }
}

/// A transaction needs the hash of a new password before it can begin.
struct PasswordNeeded: Error, CustomStringConvertible {
    /// Where it is looked for. It does not show the password.
    let slot: PasswordSlot

    var description: String { "a password is to be hashed first" }

    /// Makes the hash.
    ///
    /// - Complexity: O(2^`cost`).
    func fill(cost: Int, salt: [UInt8]) { slot.fill(cost: cost, salt: salt) }
}
