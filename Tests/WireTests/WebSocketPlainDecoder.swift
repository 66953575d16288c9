// SPDX-License-Identifier: MIT

@testable import Wire

/// The rules of RFC 6455, section 5, once more, as plainly as they can be put: all bytes are there,
/// nothing is fast. What it and the decoder make of any bytes must be the same.
struct WebSocketPlainDecoder {
    private let isServer: Bool
    private let messageBytesMax: Int
    private var rest: ArraySlice<UInt8>
    private var events: [Event] = []
    private var message: (isText: Bool, bytes: [UInt8])?

    /// What `bytes` mean.
    static func decode(
        _ bytes: [UInt8], role: WebSocketRole, messageBytesMax: Int
    ) -> [Event] {
        var decoder = WebSocketPlainDecoder(
            isServer: role == .server, messageBytesMax: messageBytesMax, rest: bytes[...])
        do throws(WebSocketError) {
            while try decoder.takeFrame() {}
        } catch {
            decoder.events.append(.failed(error))
        }
        return decoder.events
    }

    private init(isServer: Bool, messageBytesMax: Int, rest: ArraySlice<UInt8>) {
        self.isServer = isServer
        self.messageBytesMax = messageBytesMax
        self.rest = rest
    }

    /// Returns false when no more can be said.
    private mutating func takeFrame() throws(WebSocketError) -> Bool {
        guard let first = rest.popFirst() else { return false }
        if first & 0b0111_0000 != 0 { throw .reservedBit }
        let isFinal = first >= 0x80
        let opcode = first & 0x0F
        guard [0, 1, 2, 8, 9, 10].contains(opcode) else { throw .reservedOpcode }
        if opcode >= 8, !isFinal { throw .invalidControlFrame }

        guard let second = rest.popFirst() else { return false }
        let isMasked = second >= 0x80
        if isServer, !isMasked { throw .unmaskedFrame }
        if !isServer, isMasked { throw .maskedFrame }
        if opcode >= 8, second & 0x7F > 125 { throw .invalidControlFrame }
        guard let length = try takeLength(second & 0x7F) else { return false }
        var key: [UInt8] = [0, 0, 0, 0]
        if isMasked {
            guard rest.count >= 4 else { return false }
            key = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
        }
        if opcode < 8 { try begin(opcode, length) }
        let payload = rest.prefix(length).enumerated().map { $1 ^ key[$0 % 4] }
        rest = rest.dropFirst(payload.count)
        let isWhole = payload.count == length
        if opcode >= 8 { return isWhole ? try takeControl(opcode, payload) : false }
        try addToMessage(payload, isLast: isWhole && isFinal)
        return isWhole
    }

    private mutating func takeLength(_ short: UInt8) throws(WebSocketError) -> Int? {
        let count = short == 127 ? 8 : short == 126 ? 2 : 0
        if count == 0 { return Int(short) }
        guard rest.count >= count else { return nil }
        let length = rest.prefix(count).reduce(UInt64(0)) { $0 * 256 + UInt64($1) }
        rest = rest.dropFirst(count)
        if length < (count == 2 ? 126 : 65_536) || length > UInt64(Int64.max) {
            throw .invalidLength
        }
        return Int(length)
    }

    private mutating func begin(_ opcode: UInt8, _ length: Int) throws(WebSocketError) {
        if opcode == 0, message == nil { throw .invalidFragmentation }
        if opcode != 0, message != nil { throw .invalidFragmentation }
        if length > messageBytesMax - (message?.bytes.count ?? 0) { throw .messageTooBig }
        if opcode != 0 { message = (opcode == 1, []) }
    }

    private mutating func addToMessage(
        _ payload: [UInt8], isLast: Bool
    ) throws(WebSocketError) {
        guard let isText = message?.isText, var bytes = message?.bytes else { return }
        bytes += payload
        message = isLast ? nil : (isText, bytes)
        if isText, !Self.isText(bytes, isWhole: isLast) { throw .invalidUTF8 }
        if isLast { events.append(.message(isText ? .text(bytes) : .binary(bytes))) }
    }

    private mutating func takeControl(
        _ opcode: UInt8, _ payload: [UInt8]
    ) throws(WebSocketError) -> Bool {
        if opcode == 9 { events.append(.ping(payload)) }
        if opcode == 10 { events.append(.pong(payload)) }
        guard opcode == 8 else { return true }
        if payload.isEmpty {
            events.append(.close(nil, reason: ""))
            return false
        }
        guard payload.count > 1 else { throw .invalidClose }
        let code = UInt16(payload[0]) * 256 + UInt16(payload[1])
        let isReserved = [1004, 1005, 1006, 1015].contains(code)
        guard code >= 1000, code < 5000, !isReserved, code < 1016 || code >= 3000 else {
            throw .invalidClose
        }
        guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
            throw .invalidUTF8
        }
        events.append(.close(WebSocketCloseCode(rawValue: code), reason: reason))
        return false
    }

    /// Whether bytes are UTF-8, or can still become it by what follows.
    private static func isText(_ bytes: [UInt8], isWhole: Bool) -> Bool {
        if String(validating: bytes, as: UTF8.self) != nil { return true }
        if isWhole { return false }
        // Where anything can follow, one of these can.
        let tails: [[UInt8]] = [0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF].flatMap { next in
            [[next], [next, 0x80], [next, 0x80, 0x80]] as [[UInt8]]
        }
        return tails.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
