// SPDX-License-Identifier: MIT

import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The end of a stream or a poll.
struct Interruption: Error {
    /// What happened, for people.
    var reason: String
    /// The answer's status; nil if there was none.
    var status: Int?
    /// How long the server wants the client to stay away.
    var wait = Duration.zero
}

/// One connection to a stream, as a sequence of events that throws an `Interruption` at its end.
final class EventStream: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    // The session calls its delegate on one queue, so that nothing here is touched twice at once.
    private var parser = EventStreamParser()
    private let continuation: AsyncThrowingStream<ServerSentEvent, any Error>.Continuation

    /// Connects, and returns the events.
    static func events(
        of request: URLRequest
    ) -> AsyncThrowingStream<ServerSentEvent, any Error> {
        AsyncThrowingStream { continuation in
            let configuration = URLSessionConfiguration.ephemeral
            // The server writes at least a comment at every heartbeat.
            configuration.timeoutIntervalForRequest = 90
            configuration.timeoutIntervalForResource = .infinity
            let session = URLSession(
                configuration: configuration, delegate: EventStream(continuation),
                delegateQueue: nil)
            session.dataTask(with: request).resume()
            continuation.onTermination = { _ in session.invalidateAndCancel() }
        }
    }

    private init(_ continuation: AsyncThrowingStream<ServerSentEvent, any Error>.Continuation) {
        self.continuation = continuation
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        guard let answer = response as? HTTPURLResponse, answer.statusCode == 200 else {
            let answer = response as? HTTPURLResponse
            continuation.finish(throwing: Interruption(answer))
            return completionHandler(.cancel)
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        for event in parser.parse(data) { continuation.yield(event) }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        let wait = Duration.milliseconds(parser.retryMilliseconds ?? 0)
        let reason = error.map { "\($0.localizedDescription)" } ?? "the server ended the stream"
        continuation.finish(throwing: Interruption(reason: reason, wait: wait))
        session.finishTasksAndInvalidate()
    }
}

extension Interruption {
    /// A refusal.
    init(_ answer: HTTPURLResponse?) {
        let seconds = answer?.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) } ?? 0
        self.init(
            reason: answer.map { "status \($0.statusCode)" } ?? "no answer",
            status: answer?.statusCode, wait: .seconds(seconds))
    }
}
