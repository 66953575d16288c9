// SPDX-License-Identifier: MIT

import Core

/// A whole message, put together of its fragments.
package enum WebSocketMessage: Equatable, Sendable {
    /// Text: bytes that are UTF-8.
    case text([UInt8])
    /// Bytes.
    case binary([UInt8])
}

/// Reads the frames of one direction of a WebSocket connection from bytes that arrive in pieces
/// (RFC 6455, section 5).
///
/// The driver's loop is that of `HTTPRequestParser`: call with what is unread, drop what was
/// consumed, act on the event, until more bytes are needed. Payload is consumed as it arrives,
/// so at most an unfinished header or control frame stays unconsumed (131 bytes).
///
/// **Nothing to keep while idle.** Between messages (`isIdle`) a decoder knows nothing that a
/// new one does not. A driver makes one when bytes arrive, keeps it only while a message is
/// unfinished or it has failed or closed, and otherwise drops it: an idle connection costs no
/// byte here.
///
/// Lengths are checked before memory is taken, and memory grows with the bytes that came rather
/// than with those announced. There is no limit on the number of fragments, only on bytes. Text
/// fails at its first wrong byte, not at its end. After a close frame or a failure the rest is
/// consumed and ignored: the conversation is over.
///
/// A compressed message (RFC 7692, without context takeover) is inflated as it arrives, under the
/// same limit; its inflater lives as long as it is incomplete.
package struct WebSocketFrameDecoder {
    /// What was found.
    package enum Event: Equatable {
        /// Nothing more in these bytes; come back with what is unconsumed and more behind it.
        case needMoreBytes
        /// A message is complete.
        case message(WebSocketMessage)
        /// A ping, possibly between the fragments of a message: answer with the same payload.
        case ping([UInt8])
        /// A pong.
        case pong([UInt8])
        /// The peer closes; nil is a close frame without a code (1005). Answer once, then end.
        case close(WebSocketCloseCode?, reason: String)
        /// The peer broke the protocol: close with the error's code.
        case failed(WebSocketError)
    }

    /// A message whose end has not arrived.
    private struct Assembly {
        let isText: Bool
        /// What inflates it; nil if it is not compressed.
        let inflater: Inflater?
        /// How much payload came for it.
        var payloadBytes = 0
        var bytes: [UInt8] = []
        var validator = UTF8Validator()

        /// Adds payload, unmasked and inflated, and checks it if it is text.
        mutating func append(
            _ payload: UnsafeRawBufferPointer, _ mask: inout WebSocketMask?
        ) throws(WebSocketError) {
            payloadBytes += payload.count
            guard inflater == nil else {
                var compressed = [UInt8](payload)
                compressed.withUnsafeMutableBytes { mask?.apply(to: $0) }
                try inflate(compressed)
                return
            }
            let start = bytes.count
            bytes.append(contentsOf: payload)
            bytes.withUnsafeMutableBytes {
                mask?.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
            }
            try validate(from: start)
        }

        /// Adds what is left to be inflated, and returns the message.
        mutating func finish() throws(WebSocketError) -> WebSocketMessage {
            if inflater != nil { try inflate(nil) }
            guard isText else { return .binary(bytes) }
            guard validator.isAtBoundary else { throw .invalidUTF8 }
            return .text(bytes)
        }

        /// Inflates payload, or ends the message if that is nil. What became text before it went
        /// wrong is checked first, so that the error does not depend on how the bytes arrived.
        private mutating func inflate(_ payload: [UInt8]?) throws(WebSocketError) {
            let start = bytes.count
            var failure: WebSocketError?
            do throws(InflateError) {
                if let payload {
                    try inflater?.inflate(payload, to: &bytes)
                } else {
                    try inflater?.finish(to: &bytes)
                }
            } catch {
                failure = WebSocketError(error)
            }
            try validate(from: start)
            if let failure { throw failure }
        }

        private mutating func validate(from start: Int) throws(WebSocketError) {
            guard isText else { return }
            let isValid = bytes.withUnsafeBytes {
                validator.validate(UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
            guard isValid else { throw .invalidUTF8 }
        }
    }

    private enum State {
        /// The next byte begins a frame.
        case header
        /// So many bytes of a message's frame are to come.
        case payload(remaining: Int, mask: WebSocketMask?, isFinal: Bool)
        /// A close frame was read, or the protocol broken.
        case over
    }

    private let role: WebSocketRole
    private let messageBytesMax: Int
    private let allowsCompression: Bool
    private var state = State.header
    private var assembly: Assembly?

    /// Makes a decoder between two messages.
    ///
    /// - Parameters:
    ///   - role: The side that reads.
    ///   - messageBytesMax: The largest message, all fragments together; beyond it 1009.
    ///   - allowsCompression: Whether `permessage-deflate` was agreed on.
    package init(
        role: WebSocketRole, messageBytesMax: Int = Limits.webSocketMessageBytesMax,
        allowsCompression: Bool = false
    ) {
        self.role = role
        self.messageBytesMax = messageBytesMax
        self.allowsCompression = allowsCompression
    }

    /// Whether the decoder knows nothing that a new one would not.
    package var isIdle: Bool {
        guard case .header = state else { return false }
        return assembly == nil
    }

    /// Takes the next step.
    ///
    /// - Parameter bytes: What was read and not consumed: the unconsumed bytes of the last call,
    ///   unchanged, and what arrived since.
    /// - Returns: How many bytes may be dropped, and what was found.
    /// - Complexity: O(*n*).
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer
    ) -> (consumed: Int, event: Event) {
        var offset = 0
        do throws(WebSocketError) {
            let event = try advance(bytes, &offset)
            return (offset, event)
        } catch {
            state = .over
            assembly = nil
            return (bytes.count, .failed(error))
        }
    }

    private mutating func advance(
        _ bytes: UnsafeRawBufferPointer, _ offset: inout Int
    ) throws(WebSocketError) -> Event {
        while true {
            switch state {
            case .over:
                offset = bytes.count
                return .needMoreBytes
            case .header:
                switch WebSocketFrameHeader.read(
                    bytes, at: offset, role: role, allowsCompression: allowsCompression)
                {
                case .needMoreBytes: return .needMoreBytes
                case .failed(let error): throw error
                case .header(let header, let byteCount):
                    if header.opcode.isControl {
                        let end = offset + byteCount + header.payloadBytes
                        guard end <= bytes.count else { return .needMoreBytes }
                        let payload = bytes.part((offset + byteCount)..<end)
                        offset = end
                        return try control(header, payload)
                    }
                    try begin(header)
                    offset += byteCount
                }
            case .payload(let remaining, var mask, let isFinal):
                let count = min(remaining, bytes.count - offset)
                if count > 0 {
                    try assembly?.append(bytes.part(offset..<(offset + count)), &mask)
                }
                offset += count
                guard count == remaining else {
                    state = .payload(remaining: remaining - count, mask: mask, isFinal: isFinal)
                    return .needMoreBytes
                }
                state = .header
                if isFinal { return try finish() }
            }
        }
    }

    /// Checks a message's frame against what came before it (5.4), and its length.
    private mutating func begin(_ header: WebSocketFrameHeader) throws(WebSocketError) {
        let isContinuation = header.opcode == .continuation
        guard isContinuation == (assembly != nil) else { throw .invalidFragmentation }
        if !isContinuation {
            assembly = Assembly(
                isText: header.opcode == .text,
                inflater: header.isCompressed ? Inflater(outputBytesMax: messageBytesMax) : nil)
        }
        // What cannot be compressed becomes a little longer by it, and nothing can become much.
        let factor = assembly?.inflater == nil ? 1 : Limits.webSocketDeflationFactorMax
        let received = assembly?.payloadBytes ?? 0
        guard header.payloadBytes <= messageBytesMax * factor - received else {
            throw .messageTooBig
        }
        state = .payload(
            remaining: header.payloadBytes, mask: header.mask, isFinal: header.isFinal)
    }

    /// Hands the message out.
    private mutating func finish() throws(WebSocketError) -> Event {
        guard var message = assembly else { preconditionFailure("a message without a beginning") }
        assembly = nil
        return .message(try message.finish())
    }

    private mutating func control(
        _ header: WebSocketFrameHeader, _ masked: UnsafeRawBufferPointer
    ) throws(WebSocketError) -> Event {
        var payload = [UInt8](masked)
        if var mask = header.mask { payload.withUnsafeMutableBytes { mask.apply(to: $0) } }
        switch header.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        case .close:
            let event = try Self.close(payload)
            state = .over
            assembly = nil
            return event
        case .continuation, .text, .binary: preconditionFailure("no control frame")
        }
    }

    /// Reads a close frame's payload (5.5.1).
    private static func close(_ payload: [UInt8]) throws(WebSocketError) -> Event {
        guard !payload.isEmpty else { return .close(nil, reason: "") }
        guard payload.count >= 2 else { throw .invalidClose }
        let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isSendable else { throw .invalidClose }
        let reason = payload.dropFirst(2)
        var validator = UTF8Validator()
        let isValid = reason.withUnsafeBytes { validator.validate($0) }
        guard isValid, validator.isAtBoundary else { throw .invalidUTF8 }
        return .close(code, reason: String(decoding: reason, as: UTF8.self))
    }
}

extension WebSocketError {
    /// Why a message that is not inflated ends the connection.
    fileprivate init(_ error: InflateError) {
        switch error {
        case .invalidData: self = .invalidCompression
        case .tooLong: self = .messageTooBig
        }
    }
}
