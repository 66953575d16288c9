// SPDX-License-Identifier: MIT

import Core
import Wire

/// What WebSocket peers of one loop send: their messages, pings and farewells.
///
/// An idle peer costs nothing here: a decoder is kept only while a message is incomplete.
package final class WebSocketStreams<Transport: StreamTransport, Random: RandomNumberGenerator> {
    /// The loop's streams.
    let fanOut: FanOut<Transport, Random>
    private unowned let transport: Transport
    private let clock: @Sendable () -> Timestamp
    private var decoders: [UInt32: WebSocketFrameDecoder] = [:]

    /// Makes the receiving side of a loop's WebSocket streams.
    ///
    /// - Parameter clock: The time of day, which a `pong` tells.
    package init(
        fanOut: FanOut<Transport, Random>, transport: Transport,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.fanOut = fanOut
        self.transport = transport
        self.clock = clock
    }

    /// Takes bytes of a peer and acts on what they complete.
    ///
    /// Stops when the peer's own socket is full: who does not read is not listened to, so that
    /// answers do not pile up.
    ///
    /// - Returns: How many bytes were consumed; the others are to be given again with what follows.
    /// - Complexity: O(*n*).
    package func received(_ bytes: UnsafeRawBufferPointer, on stream: StreamID) -> Int {
        fanOut.heard(from: stream)
        var decoder = decoders[stream.slot] ?? WebSocketFrameDecoder(role: .server)
        defer { decoders[stream.slot] = decoder.isIdle ? nil : decoder }
        var consumed = 0
        // So that what a message asks for is not sent behind news that filled the socket.
        fanOut.synchronize()
        while !transport.hasPendingOutput(stream) {
            let unread = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
            let (taken, event) = decoder.decode(unread)
            consumed += taken
            switch event {
            case .needMoreBytes: return consumed
            case .message(.text(let text)): handle(text, from: stream)
            case .message(.binary):
                close(stream, .unsupportedData, "text messages only")
                return bytes.count
            case .ping(let payload):
                fanOut.sendControl(EncodedFrame(WebSocketFrameEncoder.pong(payload)), to: stream)
            case .pong: break
            case .close(let code, _):
                close(stream, code, "")
                return bytes.count
            case .failed(let error):
                close(stream, error.closeCode, error.reason)
                return bytes.count
            }
        }
        return consumed
    }

    /// A stream is gone.
    package func closed(_ stream: StreamID) { decoders[stream.slot] = nil }

    /// Sends one close frame and closes without waiting for the peer's (RFC 6455, 7.1.1: the
    /// server closes the connection).
    func close(_ stream: StreamID, _ code: WebSocketCloseCode?, _ reason: String) {
        decoders[stream.slot] = nil
        let sent = code.flatMap { $0.isSendable ? $0 : nil }
        fanOut.end(
            stream, farewell: EncodedFrame(WebSocketFrameEncoder.close(sent, reason: reason)))
    }

    private func handle(_ text: [UInt8], from stream: StreamID) {
        if let hasGreeted = fanOut.hasGreeted(stream) {
            handlePush(text, from: stream, hasGreeted: hasGreeted)
            return
        }
        let message: ClientMessage
        do {
            message = try ClientMessage(parsing: text)
        } catch {
            answer(ServerMessage.error(error.message), to: stream)
            return
        }
        switch message {
        case .ping(let id):
            answer(ServerMessage.pong(id: id, time: clock()), to: stream)
        case .subscribe(let filter, let cursor):
            switch fanOut.replace(stream, filter: filter, cursor: cursor) {
            case .done: break
            case .noRoom:
                answer(ServerMessage.error("Too many different filters", .noRoom), to: stream)
            case .hasNoFilter:
                answer(ServerMessage.error("A stream of one collection has no filter"), to: stream)
            }
        }
    }

    /// Sends a message that is no event.
    func answer(_ message: [UInt8], to stream: StreamID) {
        fanOut.sendControl(EncodedFrame(WebSocketFrameEncoder.text(message)), to: stream)
    }
}
