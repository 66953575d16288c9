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
    private let workers: any BackgroundWorkers
    private let compressors: any BackgroundWorkers
    private let hashCost: Int
    private let random: @Sendable (Int) -> [UInt8]

    /// Makes a runner.
    ///
    /// - Parameters:
    ///   - workers: Who hashes new passwords.
    ///   - compressors: Who compresses bodies; the same if nil.
    ///   - hashCost: The cost of their hashes.
    ///   - random: So many bytes that nobody can guess.
    package init(
        storage: any Storage, verifier: LoginVerifier, workers: any BackgroundWorkers,
        compressors: (any BackgroundWorkers)? = nil, hashCost: Int = Limits.passwordHashCost,
        random: @escaping @Sendable (Int) -> [UInt8] = Digest.randomBytes
    ) {
        self.storage = storage
        self.verifier = verifier
        self.workers = workers
        self.compressors = compressors ?? workers
        self.hashCost = hashCost
        self.random = random
    }

    /// Carries out a plan: returns the answer if it is there, or else calls `completion` once.
    package func run(_ plan: Plan, completion: @escaping Completion) -> HTTPResponse? {
        switch plan {
        case .answer(let answer): return compressing(answer, completion)
        case .read(let body):
            storage.read(body) { [self] result in
                if case .failure(StorageError.requiresWrite) = result {
                    write({ try body($0) }, completion)
                } else {
                    complete(result, completion)
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

    /// The answer as it is sent; nil if its body is compressed first, and `completion` told.
    private func compressing(
        _ answer: HTTPResponse, _ completion: @escaping Completion
    ) -> HTTPResponse? {
        guard let body = answer.compressible else { return answer }
        let compressed = body.compressed(by: { compressors.submit($0) }) { frame in
            completion(.success(answer.compressed(frame)))
        }
        switch compressed {
        case .made(let frame): return answer.compressed(frame)
        case .later: return nil
        }
    }

    private func complete(
        _ result: Result<HTTPResponse, any Error>, _ completion: @escaping Completion
    ) {
        guard case .success(let answer) = result else { return completion(result) }
        if let answer = compressing(answer, completion) { completion(.success(answer)) }
    }

    private func write(
        _ body: @escaping @Sendable (any StorageTransaction) throws -> HTTPResponse,
        _ completion: @escaping Completion
    ) {
        storage.write(body) { [self] result in
            guard case .failure(let needed as PasswordNeeded) = result else {
                return complete(result, completion)
            }
            let isTaken = workers.submit { [self] in
                needed.fill(cost: hashCost, salt: random(16))
                write(body, completion)
            }
            if !isTaken { completion(.failure(StorageError.overloaded)) }
        }
    }
}
