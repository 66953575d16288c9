// SPDX-License-Identifier: MIT

import Core
import Glibc
import Wire

/// One connection to a server, kept from request to request.
///
/// What may pass by itself (no connection, 429, 5xx) is tried again, later each time, or when the
/// server says (`Retry-After`); and the pauses that it asks for (`Backoff`) are made. So only
/// requests that change nothing may be sent.
final class HTTPClient {
    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        /// The reason, in one line.
        let description: String
    }

    private let server: ServerURL
    private let fields: HTTPFields
    private let tell: (String) -> Void
    private let pause: (Int) -> Void
    private var socket: ClientSocket?
    private var owedPauseMilliseconds = 0

    /// Makes a client; it connects with the first request.
    ///
    /// - Parameters:
    ///   - authorization: The value of `Authorization`, if any.
    ///   - tell: Takes what is said about tries and pauses.
    ///   - pause: Waits for milliseconds.
    init(
        _ server: ServerURL, authorization: String?, tell: @escaping (String) -> Void,
        pause: @escaping (Int) -> Void = { usleep(UInt32(clamping: $0 * 1_000)) }
    ) {
        self.server = server
        self.tell = tell
        self.pause = pause
        var fields = HTTPFields([
            ("Host", server.authority), ("Accept", "application/json"),
            ("User-Agent", "heliograph/\(HeliographVersion.text)"),
        ])
        if let authorization { fields.append("Authorization", authorization) }
        self.fields = fields
    }

    /// Sends a request until there is an answer that trying again would not change.
    ///
    /// - Parameters:
    ///   - body: JSON, or nothing.
    ///   - failure: The status of an answer's part that failed in a way that may pass, if any did.
    /// - Throws: `Failure` after `Limits.requestTriesMax` tries, or if the server asks for a longer
    ///   pause than `Limits.requestPauseSecondsMax`.
    func send(
        _ method: HTTPMethod, _ target: String, body: [UInt8] = [],
        failure: (HTTPAnswer) -> Int? = { _ in nil }
    ) throws(Failure) -> HTTPAnswer {
        var fields = fields
        if !body.isEmpty { fields.append("Content-Type", "application/json") }
        let head = HTTPRequestHead(method: method, target: target, fields: fields)
        let message = HTTPRequestWriter.message(of: HTTPRequest(head: head, body: body))
        for attempt in 1... {
            makeOwedPause()
            let reason: String
            var asked: Int?
            do throws(ClientSocket.Failure) {
                let answer = try exchange(message, isHead: method == .head)
                owedPauseMilliseconds = HTTPClient.seconds(answer.fields["Backoff"]) * 1_000
                let status = failure(answer) ?? answer.status
                guard HTTPClient.mayPass(status) else { return answer }
                reason = "the server answered \(status)"
                asked = answer.fields["Retry-After"].map { HTTPClient.seconds($0) * 1_000 }
            } catch {
                guard error.mayPass else { throw Failure(description: error.description) }
                reason = error.description
            }
            guard attempt < Limits.requestTriesMax else {
                throw Failure(description: "\(reason), \(attempt) times")
            }
            owedPauseMilliseconds = max(
                owedPauseMilliseconds, asked ?? 0, HTTPClient.waitMilliseconds(after: attempt))
            try checkPause(reason)
            tell("\(reason); again in \(owedPauseMilliseconds) ms")
        }
        preconditionFailure("tries have no end")
    }

    /// Whether the same request may be answered otherwise later.
    static func mayPass(_ status: Int) -> Bool { status == 429 || status >= 500 }

    private func checkPause(_ reason: String) throws(Failure) {
        guard owedPauseMilliseconds > Limits.requestPauseSecondsMax * 1_000 else { return }
        let seconds = owedPauseMilliseconds / 1_000
        throw Failure(description: "\(reason) and asks to come back in \(seconds) s")
    }

    private func makeOwedPause() {
        guard owedPauseMilliseconds > 0 else { return }
        pause(min(owedPauseMilliseconds, Limits.requestPauseSecondsMax * 1_000))
        owedPauseMilliseconds = 0
    }

    /// Doubled with each failure in a row, up to a limit, and varied.
    private static func waitMilliseconds(after attempt: Int) -> Int {
        let longest = min(500 << min(attempt, 16), Limits.watchRetryMillisecondsMax)
        return Int.random(in: longest / 2...longest)
    }

    /// The number of seconds in a field; 0 if it is none.
    private static func seconds(_ text: String?) -> Int {
        guard let text, let number = DecimalNumber.parse(text.utf8, digitsMax: 9) else { return 0 }
        return max(0, Int(number))
    }

    private func exchange(
        _ message: [UInt8], isHead: Bool
    ) throws(ClientSocket.Failure) -> HTTPAnswer {
        if let kept = socket {
            socket = nil
            do throws(ClientSocket.Failure) {
                return try exchange(message, isHead: isHead, on: kept)
            } catch {
                // The server may have closed what was kept; that is no failure of its.
            }
        }
        let fresh = try ClientSocket(server, secondsMax: Limits.answerSilenceSecondsMax)
        return try exchange(message, isHead: isHead, on: fresh)
    }

    private func exchange(
        _ message: [UInt8], isHead: Bool, on connection: ClientSocket
    ) throws(ClientSocket.Failure) -> HTTPAnswer {
        try connection.send(message)
        var reader = HTTPAnswerReader(isForHead: isHead, bodyBytesMax: Limits.answerBytesMax)
        while true {
            let bytes = try connection.receive()
            guard let answer = try reader.read(bytes) else { continue }
            let isLast = bytes.isEmpty || answer.fields.tokens("Connection").contains("close")
            socket = isLast ? nil : connection
            return answer
        }
    }
}
