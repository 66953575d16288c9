// SPDX-License-Identifier: MIT

import Core

/// The server's answers to WebSocket messages that are no events.
package enum ServerMessage {
    /// Why a message was not followed.
    package enum Fault: CaseIterable, Sendable {
        /// It was not understood, or asks for what there is not.
        case invalid
        /// The server has as many different filters as it can.
        case noRoom

        /// The status that an HTTP answer would have.
        package var code: Int64 {
            switch self {
            case .invalid: 400
            case .noRoom: 503
            }
        }

        /// Kinto's number of the error: 107 is "invalid parameters", 201 "service unavailable".
        package var errno: Int64 {
            switch self {
            case .invalid: 107
            case .noRoom: 201
            }
        }
    }

    /// The answer to `ping`, with the server's clock, from which a client learns how far its own is
    /// off and so how old a change is when it comes.
    package static func pong(id: JSONValue?, time: Timestamp) -> [UInt8] {
        pongForm.bytes(Pong(id: id, time: time))
    }

    /// The answer to a message that was not followed.
    package static func error(_ message: String, _ fault: Fault = .invalid) -> [UInt8] {
        errorForm.bytes(Complaint(fault: fault, message: message))
    }

    /// What documents tell of them.
    static let descriptions = [
        MessageDescription(
            "pong", "The answer to `ping`.", pongForm,
            example: Pong(id: 7, time: Timestamp(milliseconds: 1_603_126_502_200))),
        MessageDescription(
            "error", "A message was not followed; the stream goes on as before.", errorForm,
            example: Complaint(fault: .invalid, message: "resources: not a list")),
    ]

    private struct Pong: Sendable {
        let id: JSONValue?
        let time: Timestamp
    }

    private struct Complaint: Sendable {
        let fault: Fault
        let message: String
    }

    private static let pongForm = JSONForm<Pong>([
        .constant("type", "pong"),
        .optional("id", .anything, "That of the `ping`, if it had one.") { $0.id },
        .member("time", .timestamp, "The server's clock.") { $0.time },
    ])

    private static let errorForm = JSONForm<Complaint>([
        .constant("type", "error"),
        .member(
            "code", .oneOf(Fault.allCases.map(\.code)), "The status of such an HTTP answer."
        ) { $0.fault.code },
        .member(
            "errno", .oneOf(Fault.allCases.map(\.errno)), "The number that Kinto gives the error."
        ) { $0.fault.errno },
        .member("message", .text, "What is wrong, for the client's author.") { $0.message },
    ])
}
