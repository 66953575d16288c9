// SPDX-License-Identifier: MIT

import Core
import KintoAPI
import Reactor
import Wire

extension LoopService {
    /// What the answer to a poll depends on now.
    var repeatStamp: RepeatedAnswers.Stamp {
        RepeatedAnswers.Stamp(
            second: clock().milliseconds / 1_000, head: hub.announced,
            commits: hub.commits, accessChanges: hub.accessChanges)
    }

    /// Answers requests at the beginning of `bytes` that were answered before.
    ///
    /// - Returns: How many bytes they took.
    func answerRepeats(_ bytes: UnsafeRawBufferPointer, _ connection: ConnectionID) -> Int {
        var consumed = 0
        while consumed < bytes.count, exchange(of: connection) == nil {
            let unread = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            let length = RepeatedAnswers.headLength(unread)
            guard length > 0, drain == nil,
                !marks(of: connection).contains(.refused),
                let message = repeats.answer(
                    to: UnsafeRawBufferPointer(rebasing: unread[..<length]), repeatStamp)
            else { break }
            consumed += length
            send(message, connection)
        }
        return consumed
    }

    private func send(_ message: RepeatedAnswers.Message, _ connection: ConnectionID) {
        let outcome =
            if let body = message.body {
                loop.send(message.head, body, to: connection)
            } else {
                loop.send(message.head, to: connection)
            }
        switch outcome {
        case .complete:
            loop.setDeadline(
                connection, after: Int64(Limits.keepAliveSecondsMax) * 1_000_000_000)
        case .pending:
            let exchange = makeExchange(connection)
            exchange.phase = .sendingAnswer
            loop.setDeadline(
                connection, after: Int64(Limits.stalledAnswerSecondsMax) * 1_000_000_000)
            loop.pauseReading(connection)
        case .blocked, .closed: break
        }
    }

    /// Sends an answer that was made without the storage, and remembers it if it is a poll's.
    ///
    /// - Parameters:
    ///   - bytes: The request's head and what may follow it.
    ///   - stamp: What held before the answer was made.
    func sendRepeatable(
        _ answer: HTTPResponse, to bytes: UnsafeRawBufferPointer, _ stamp: RepeatedAnswers.Stamp,
        _ connection: ConnectionID, _ exchange: HTTPExchange
    ) {
        let length = RepeatedAnswers.headLength(bytes)
        guard length > 0, drain == nil, exchange.isRepeatable,
            LoopService.isPoll(exchange.head.path)
        else { return send(answer, connection, exchange) }
        let message = HTTPResponseWriter.message(
            of: answer, for: exchange.head.method, version: exchange.head.version,
            keepsAlive: true, date: currentDate())
        repeats.remember(
            RepeatedAnswers.Message(head: EncodedFrame(message.bytes), body: message.body),
            to: UnsafeRawBufferPointer(rebasing: bytes[..<length]), stamp)
        send(answer, connection, exchange)
    }

    /// Whether a path is one of the lists that clients poll, or a collection's changeset.
    private static func isPoll(_ path: Substring) -> Bool {
        path.hasSuffix(PollPath.changesetEnding)
            || PollPath.all.contains { $0.utf8.count == path.utf8.count && path == $0 }
    }
}
