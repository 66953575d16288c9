// SPDX-License-Identifier: MIT

import Core
import Storage
import Wire

/// Carries out plans: takes them to the storage, and has logins verified and passwords hashed where
/// they need it.
package final class PlanRunner: Sendable {
    /// Told of what came out, on a thread that it must not block.
    package typealias Completion = @Sendable (Result<HTTPResponse, any Error>) -> Void

    private let storage: any Storage
    /// Who verifies logins, of streams too.
    package let verifier: LoginVerifier
    private let workers: any PasswordWorkers
    private let hashCost: Int
    private let random: @Sendable (Int) -> [UInt8]

    /// Makes a runner.
    ///
    /// - Parameters:
    ///   - workers: Who hashes new passwords.
    ///   - hashCost: The cost of their hashes.
    ///   - random: So many bytes that nobody can guess.
    package init(
        storage: any Storage, verifier: LoginVerifier, workers: any PasswordWorkers,
        hashCost: Int = Limits.passwordHashCost,
        random: @escaping @Sendable (Int) -> [UInt8] = Digest.randomBytes
    ) {
        self.storage = storage
        self.verifier = verifier
        self.workers = workers
        self.hashCost = hashCost
        self.random = random
    }

    /// Carries out a plan: returns the answer if it is there, or else calls `completion` once.
    package func run(_ plan: Plan, completion: @escaping Completion) -> HTTPResponse? {
        switch plan {
        case .answer(let answer): return answer
        case .read(let body):
            storage.read(body) { [self] result in
                if case .failure(StorageError.requiresWrite) = result {
                    write({ try body($0) }, completion)
                } else {
                    completion(result)
                }
            }
        case .write(let body): write(body, completion)
        case .verify(let login, let then):
            verifier.verify(login) { [self] result in
                switch result {
                case .failure(let error): completion(.failure(error))
                case .success(let verdict):
                    if let answer = run(then(verdict), completion: completion) {
                        completion(.success(answer))
                    }
                }
            }
        }
        return nil
    }

    private func write(
        _ body: @escaping @Sendable (any StorageTransaction) throws -> HTTPResponse,
        _ completion: @escaping Completion
    ) {
        storage.write(body) { [self] result in
            guard case .failure(let needed as PasswordNeeded) = result else {
                return completion(result)
            }
            let isTaken = workers.submit { [self] in
                needed.fill(cost: hashCost, salt: random(16))
                write(body, completion)
            }
            if !isTaken { completion(.failure(StorageError.overloaded)) }
        }
    }
}
