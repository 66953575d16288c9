// SPDX-License-Identifier: MIT

import Core
import Dispatch
import KintoAPI
import Storage
import Synchronization
import Wire

/// Takes requests to the API and the storage, and brings answers back.
///
/// Requests that the API answers without storage are answered on the spot. The others run on the
/// storage's threads; bodies too large to be parsed between two events are parsed elsewhere too.
final class RequestDispatcher: Sendable {
    private let service: KintoService
    private let runner: PlanRunner
    private let clock: @Sendable () -> Timestamp
    private let tellFailure: @Sendable (any Error) -> Void
    /// When a failure was last told, in milliseconds since 1970.
    private let lastTold = Atomic<Int64>(0)

    /// Makes a dispatcher for an API.
    ///
    /// - Parameter tellFailure: Told of failures, not of refusals.
    init(
        service: KintoService, runner: PlanRunner, clock: @escaping @Sendable () -> Timestamp,
        tellFailure: @escaping @Sendable (any Error) -> Void
    ) {
        self.service = service
        self.runner = runner
        self.clock = clock
        self.tellFailure = tellFailure
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
