// SPDX-License-Identifier: MIT

import Core
import Dispatch
import KintoAPI
import Storage
import Streams
import Synchronization
import Wire

/// Takes requests to the API and the storage, and brings answers back.
///
/// Requests that the API answers without storage are answered on the spot. The others run on the
/// storage's threads; bodies too large to be parsed between two events are parsed elsewhere too.
final class RequestDispatcher: Sendable {
    /// The API.
    let service: KintoService
    private let storage: any Storage
    /// Carries out what requests need.
    let runner: PlanRunner
    private let clock: @Sendable () -> Timestamp
    private let tellFailure: @Sendable (any Error) -> Void
    /// When a failure was last told, in milliseconds since 1970.
    private let lastTold: Atomic<Int64>

    /// Makes a dispatcher for an API.
    ///
    /// - Parameter tellFailure: Told of failures, not of refusals.
    init(
        service: KintoService, storage: any Storage, runner: PlanRunner,
        clock: @escaping @Sendable () -> Timestamp,
        tellFailure: @escaping @Sendable (any Error) -> Void
    ) {
        self.service = service
        self.storage = storage
        self.runner = runner
        self.clock = clock
        self.tellFailure = tellFailure
        lastTold = Atomic(0)
    }

    /// Makes the dispatcher for an API with other settings, over the same storage. Requests that
    /// the other has begun to bring to their answers stay with it.
    init(succeeding other: RequestDispatcher, service: KintoService) {
        self.service = service
        storage = other.storage
        runner = other.runner
        clock = other.clock
        tellFailure = other.tellFailure
        lastTold = Atomic(other.lastTold.load(ordering: .relaxed))
    }

    /// Answers `request`, at once by returning the answer, or later by calling `completion` on
    /// another thread, exactly once.
    func dispatch(
        _ request: HTTPRequest, completion: @escaping @Sendable (HTTPResponse) -> Void
    ) -> HTTPResponse? {
        guard request.body.count <= Limits.bodyParsedOnLoopBytesMax else {
            DispatchQueue.global().async { [self] in
                if let answer = run(service.plan(request), for: request, completion) {
                    completion(answer)
                }
            }
            return nil
        }
        return run(service.plan(request), for: request, completion)
    }

    /// Decides on a request for a stream, at once or by calling `completion` on another thread.
    ///
    /// - Returns: Nil if `completion` is called.
    func admit(
        _ plan: StreamPlan, for request: HTTPRequest,
        completion: @escaping @Sendable (StreamDoor) -> Void
    ) -> StreamDoor? {
        switch plan {
        case .answer(let answer): return .refused(answer)
        case .admitted(let admission): return .admitted(admission)
        case .verify(let login, let then):
            runner.verifier.verify(login) { [self] result in
                switch result {
                case .failure(let error): completion(.refused(answer(error, for: request)))
                case .success(let verdict):
                    let door = admit(then(verdict), for: request, completion: completion)
                    if let door { completion(door) }
                }
            }
            return nil
        case .read(let body):
            let finish: @Sendable (Result<StreamAdmission, any Error>) -> Void = { [self] in
                switch $0 {
                case .success(let admission): completion(.admitted(admission))
                case .failure(let error): completion(.refused(answer(error, for: request)))
                }
            }
            storage.read(body) { [self] result in
                guard case .failure(StorageError.requiresWrite) = result else {
                    finish(result)
                    return
                }
                storage.write({ try body($0) }, completion: finish)
            }
            return nil
        }
    }

    /// Finds out what has become of `accesses`, and calls `completion` with that on another
    /// thread, in the same order, or with nil if the storage cannot tell.
    func findStandings(
        of accesses: [StreamAccess],
        completion: @escaping @Sendable ([StreamStanding]?) -> Void
    ) {
        let streams = accesses.map { (viewer: $0.viewer, path: $0.path) }
        // Before the storage is read: what is changed after that raises the count.
        let count = service.accessChanges
        storage.read({ [service] reader in
            try service.standings(of: streams, at: count, reader)
        }) { completion(try? $0.get()) }
    }

    /// Asks what changed in a collection, and calls `completion` on another thread, with nil if
    /// the storage cannot tell.
    func readChanges(
        _ question: ChangesQuestion, completion: @escaping @Sendable (ChangesAnswer?) -> Void
    ) {
        storage.read({ reader in
            try IncludedChanges(of: question.path, since: question.since, reader)
        }) { result in
            guard case .success(let changes) = result, let change = changes.change else {
                completion(nil)
                return
            }
            completion(ChangesAnswer(change: change, records: changes.records))
        }
    }

    private func run(
        _ plan: Plan, for request: HTTPRequest,
        _ completion: @escaping @Sendable (HTTPResponse) -> Void
    ) -> HTTPResponse? {
        runner.run(plan) { [self] result in completion(answer(result, for: request)) }
    }

    private func answer(
        _ result: Result<HTTPResponse, any Error>, for request: HTTPRequest
    ) -> HTTPResponse {
        switch result {
        case .success(let answer): answer
        case .failure(let error): answer(error, for: request)
        }
    }

    private func answer(_ error: any Error, for request: HTTPRequest) -> HTTPResponse {
        let answer = service.failure(error, for: request)
        let now = clock().milliseconds
        let last = lastTold.load(ordering: .relaxed)
        if answer.status >= 500, now - last >= Limits.failureLogMillisecondsMin,
            lastTold.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        {
            tellFailure(error)
        }
        return answer
    }
}

/// Whether a stream's request was let in.
enum StreamDoor: Sendable {
    /// It was.
    case admitted(StreamAdmission)
    /// It was not.
    case refused(HTTPResponse)
}
