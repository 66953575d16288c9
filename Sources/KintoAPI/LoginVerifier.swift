// SPDX-License-Identifier: MIT
//
// Finds out whether a login is that of an account. What was found is only told when the account
// still has the hash that it was found with, so a password that was changed while it was being
// looked at is worth nothing any more.
//
// A name that no account has is refused without hashing anything: an attacker learns which names
// exist, as from the reference, where creating an account tells the same. The alternative, a hash
// for every name that somebody thinks of, would give anyone a quarter of a second of a processor
// for a few bytes, without any account to count it for; and where basic authentication is the
// second policy, every request of its users would cost that.

import Core
import Storage
import Synchronization

/// Verifies logins: one hash for the same login at a time, none for what is remembered.
package final class LoginVerifier: Sendable {
    /// Told of what was found out, or why it cannot be now, on a thread of the storage or of the
    /// workers, which it must not block.
    package typealias Completion = @Sendable (Result<LoginVerdict, any Error>) -> Void

    private struct State {
        var memory: LoginMemory
        /// Who waits for the same login.
        var waiting: [LoginMemory.Fingerprint: [Completion]] = [:]
    }

    /// What is to be done about a login.
    private enum Step {
        case tell(LoginVerdict)
        case hash
        case wait
    }

    private let storage: any Storage
    private let workers: any BackgroundWorkers
    private let clock: @Sendable () -> Timestamp
    private let state: Mutex<State>

    /// Makes a verifier that remembers nothing yet.
    ///
    /// - Parameters:
    ///   - storage: Where the accounts are.
    ///   - workers: Who hashes.
    ///   - random: So many bytes that nobody can guess.
    package init(
        settings: KintoSettings, storage: any Storage, workers: any BackgroundWorkers,
        clock: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) -> [UInt8] = Digest.randomBytes
    ) {
        self.storage = storage
        self.workers = workers
        self.clock = clock
        let memory = LoginMemory(
            key: random(32), validitySeconds: settings.accountCacheSeconds)
        state = Mutex(State(memory: memory))
    }

    /// Takes over what changed settings say of logins.
    ///
    /// - Complexity: O(number of remembered logins).
    package func adopt(_ settings: KintoSettings) {
        let now = clock()
        state.withLock { state in
            state.memory.setValidity(seconds: settings.accountCacheSeconds, now: now)
        }
    }

    /// Finds out about a login, and calls `completion` once.
    package func verify(_ login: Login, completion: @escaping Completion) {
        verify(login, attemptsLeft: Limits.loginAttemptsMax, completion)
    }

    private func verify(_ login: Login, attemptsLeft: Int, _ completion: @escaping Completion) {
        guard attemptsLeft > 0 else { return completion(.failure(StorageError.overloaded)) }
        readHash(of: login.name) { [self] result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(nil): completion(.success(.unknown))
            case .success(let hash?):
                compare(login, hash: hash, attemptsLeft: attemptsLeft, completion)
            }
        }
    }

    private func compare(
        _ login: Login, hash: String, attemptsLeft: Int, _ completion: @escaping Completion
    ) {
        let now = clock()
        let fingerprint = state.withLock { $0.memory.fingerprint(login, hash: hash) }
        let step: Step = state.withLock { state in
            if state.waiting[fingerprint] != nil {
                state.waiting[fingerprint]?.append(completion)
                return .wait
            }
            switch state.memory.knowledge(of: fingerprint, account: login.name, now: now) {
            case .verified: return .tell(.verified)
            case .refused: return .tell(.unknown)
            case .lockedOut(let seconds): return .tell(.lockedOut(seconds: seconds))
            case .unknown:
                state.waiting[fingerprint] = [completion]
                state.memory.begin(login.name)
                return .hash
            }
        }
        switch step {
        case .tell(let verdict): completion(.success(verdict))
        case .wait: break
        case .hash:
            let isTaken = workers.submit { [self] in
                let isVerified = Bcrypt.verify(Array(login.password.utf8), hash: hash)
                state.withLock { state in
                    state.memory.note(
                        fingerprint, account: login.name, isVerified: isVerified, now: clock())
                }
                confirm(login, hash, fingerprint, isVerified, attemptsLeft: attemptsLeft)
            }
            if !isTaken {
                tellAll(fingerprint, of: login, .failure(StorageError.overloaded))
            }
        }
    }

    /// Tells those who wait what came out, if the account still has that hash; else they begin
    /// anew.
    private func confirm(
        _ login: Login, _ hash: String, _ fingerprint: LoginMemory.Fingerprint,
        _ isVerified: Bool, attemptsLeft: Int
    ) {
        readHash(of: login.name) { [self] result in
            switch result {
            case .failure(let error): tellAll(fingerprint, of: login, .failure(error))
            case .success(hash):
                tellAll(fingerprint, of: login, .success(isVerified ? .verified : .unknown))
            case .success:
                for completion in takeAll(fingerprint, of: login) {
                    verify(login, attemptsLeft: attemptsLeft - 1, completion)
                }
            }
        }
    }

    private func tellAll(
        _ fingerprint: LoginMemory.Fingerprint, of login: Login,
        _ result: Result<LoginVerdict, any Error>
    ) {
        for completion in takeAll(fingerprint, of: login) { completion(result) }
    }

    private func takeAll(
        _ fingerprint: LoginMemory.Fingerprint, of login: Login
    ) -> [Completion] {
        state.withLock { state in
            state.memory.end(login.name)
            return state.waiting.removeValue(forKey: fingerprint) ?? []
        }
    }

    /// Reads the hash of an account's password; nil if there is no such account.
    private func readHash(
        of name: String, completion: @escaping @Sendable (Result<String?, any Error>) -> Void
    ) {
        guard AccountID.isValid(name) else { return completion(.success(nil)) }
        storage.read(
            { reader in
                guard let account = try reader.object(name, in: ListAddress.accounts.list) else {
                    return nil
                }
                return try StoredRecord.parse(account)["password"]?.string
            }, completion: completion)
    }
}
